import { RecoveryError } from "../../domain/errors.js";
import { canonicalJson } from "../../domain/identity.js";
import type { TargetSettings } from "../../domain/worlds/world.js";
import type { EmulatedItem } from "./state.js";

/** The item with other target settings, if they are still those that the caller saw. */
export function retargeted(state: EmulatedItem, seen: TargetSettings, target: TargetSettings): EmulatedItem {
  if (canonicalJson(state.item.target) !== canonicalJson(seen)) {
    throw new RecoveryError("etag-mismatch", `the target settings of ${state.id} were changed by somebody else`);
  }
  return { ...state, item: { ...state.item, target } };
}
