import { RecoveryError } from "../domain/errors.js";
import type { LeftOut } from "../domain/execution.js";
import { adviceText } from "../domain/items/advice.js";
import { mayStart } from "../domain/items/allowed-actions.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { ItemDecision } from "../domain/start/decide-start.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim } from "../store/port.js";

/** The claims of a decision: an item is acquired, or passed over and must only be free meanwhile. */
export const claimsOf = (items: readonly ItemDecision[]): ItemClaim[] =>
  items.flatMap((item) => {
    if (!("from" in item)) return [];
    const { itemId, from } = item;
    return [{ itemId, from, during: item.decision === "take" ? item.during : null }];
  });

/** The items of a decision that do not take part, for the record. */
export const leftOutOf = (items: readonly ItemDecision[]): LeftOut[] =>
  items.flatMap((item): LeftOut[] => {
    if (item.decision !== "excluded" && item.decision !== "left-out") return [];
    const { itemId, decision: outcome, because } = item;
    const code = "code" in item ? item.code : "excluded";
    return [{ itemId, outcome, failure: { code, message: because.slice(0, 2_000) } }];
  });

/**
 * The claims of a recorded start that was never completed, from the items as they are now. Refuses when one of them can
 * no longer be acquired. The execution may hold some already.
 */
export function repeatedClaims(items: readonly ItemRecord[], verb: Verb, executionId: string): ItemClaim[] {
  return items.map((item): ItemClaim => {
    const { itemId, heldBy, state } = item;
    if (heldBy?.executionId === executionId) return { itemId, from: heldBy.from, during: state };
    const cell = mayStart(item, verb);
    if (cell.allowed) return { itemId, from: state, during: cell.during };
    if (cell.nothingToDo !== null) return { itemId, from: state, during: null };
    const help = cell.advice === null ? "" : `; ${adviceText(cell.advice)}`;
    throw new RecoveryError(cell.code, `${verb} is not allowed for item ${itemId}: ${cell.because}${help}`);
  });
}
