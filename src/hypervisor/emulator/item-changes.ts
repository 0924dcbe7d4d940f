/** Changes to an item that are not operations: events at its machines, and edits of its settings. */
import { RecoveryError } from "../../domain/errors.js";
import { canonicalJson } from "../../domain/identity.js";
import type { NoticedCondition } from "../../domain/items/snapshot.js";
import type { TargetSettings } from "../../domain/worlds/world.js";
import { withCondition, withoutConditions } from "./conditions.js";
import { off } from "./copies.js";
import type { EmulatedItem } from "./state.js";

/** The source that a failover left behind starts again with its workload. Its epoch is old, so it takes no writes. */
export function sourceReturned(state: EmulatedItem, atMs: number): EmulatedItem {
  if (state.promotedFrom === null) {
    throw new RecoveryError("invalid-input", `item ${state.id} has not failed over, so its source cannot return`);
  }
  const source = { ...state.source, power: "on" as const, heartbeat: "ok" as const, writable: false };
  return withCondition({ ...state, source }, "split-brain", atMs);
}

/** What an administrator does about each condition. */
const RESOLUTIONS: Readonly<Record<NoticedCondition, (state: EmulatedItem) => EmulatedItem>> = {
  "split-brain": (state) => ({ ...state, source: off(state.source) }),
  "address-is-dhcp": (state) => state,
  "network-manager-lost": (state) => ({ ...state, machine: { ...state.machine, networkManagerPackage: true } }),
};

export function conditionResolved(state: EmulatedItem, type: string): EmulatedItem {
  const found = state.conditions.find((condition) => condition.type === type);
  if (found === undefined) throw new RecoveryError("not-found", `item ${state.id} has no condition ${type}`);
  return withoutConditions(RESOLUTIONS[found.type](state), found.type);
}

/** Replaces the target settings, if they are still those that the caller saw. */
export function targetReplaced(state: EmulatedItem, seen: TargetSettings, target: TargetSettings): EmulatedItem {
  if (canonicalJson(state.item.target) !== canonicalJson(seen)) {
    throw new RecoveryError("etag-mismatch", `another caller changed the target settings of ${state.id}`);
  }
  return { ...state, item: { ...state.item, target } };
}
