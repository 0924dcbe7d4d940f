import { RecoveryError } from "../domain/errors.js";
import type { Subject } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { mayDo, transition } from "../domain/items/lifecycle.js";
import { opposite } from "../domain/scenario-traits.js";
import type { ExecutionDirection, Verb } from "../domain/vocabulary.js";
import type { ItemClaim } from "../store/port.js";

const isAcquired = ({ during }: ItemClaim): boolean => during !== null;

/** The direction in which the verb takes its items. A reprotect reverses it. */
export function directionOf(
  items: readonly ItemRecord[],
  claims: readonly ItemClaim[],
  verb: Verb,
): ExecutionDirection {
  const claimed = new Set(claims.filter(isAcquired).map(({ itemId }) => itemId));
  const directions = new Set(items.filter(({ itemId }) => claimed.has(itemId)).map(({ direction }) => direction));
  const [direction = "primary-to-recovery", other] = directions;
  if (other !== undefined) return "mixed";
  return verb === "reprotect" ? opposite(direction) : direction;
}

/**
 * A claim for each item: it is acquired, or skipped because it is already where the verb would bring it. Refuses when
 * another execution holds an item, when the state of an item does not allow the verb, and when nothing is left to do.
 * The execution `own` may hold some already.
 */
export function claimsOf(items: readonly ItemRecord[], verb: Verb, subject: Subject, own?: string): ItemClaim[] {
  const claims = items.map((item) => claimOf(item, verb, subject, own));
  if (claims.some(isAcquired)) return claims;
  throw new RecoveryError("verb-not-allowed", `${verb} has nothing to do: every item is where it would bring it`);
}

function claimOf(item: ItemRecord, verb: Verb, subject: Subject, own: string | undefined): ItemClaim {
  const { itemId, heldBy } = item;
  if (heldBy !== null && heldBy.executionId === own) return { itemId, from: heldBy.from, during: item.state };
  if (heldBy !== null) {
    const holder = `execution ${heldBy.executionId} (${heldBy.verb})`;
    throw new RecoveryError("item-held", `item ${itemId} is held by ${holder}; wait for its end, or cancel it`);
  }
  const cell = mayDo(item, verb, { alone: subject.kind === "item" });
  if (cell.allowed) return { itemId, from: item.state, during: cell.during };
  if (subject.kind === "plan" && isDoneAlready(item, verb)) return { itemId, from: item.state, during: null };
  const remedy = cell.remedy === null ? "" : `; do first: ${cell.remedy}`;
  throw new RecoveryError(cell.code, `${verb} is not allowed for item ${itemId}: ${cell.because}${remedy}`);
}

/** Whether an item is already where the verb would bring it, so that a plan skips it (B.4). */
function isDoneAlready(item: ItemRecord, verb: Verb): boolean {
  const from = USUAL_START[verb];
  if (from === undefined) return false;
  const direction = verb === "reprotect" || verb === "full-run" ? opposite(item.direction) : item.direction;
  const cell = transition(item.scenario, from, verb, direction);
  return cell.allowed && cell.after === item.state;
}

/** The state that a verb usually starts from: what it leads to from there is what `isDoneAlready` compares with. */
const USUAL_START: Partial<Record<Verb, ItemRecord["state"]>> = {
  "planned-failover": "protected",
  "unplanned-failover": "protected",
  "test-failover": "protected",
  "test-clean-up": "test-failed-over",
  commit: "failed-over",
  "cancel-failover": "failed-over",
  failback: "protected",
  "planned-failback": "protected",
  reprotect: "committed",
  "promote-test": "test-failed-over",
  "disable-replication": "protected",
  "enable-replication": "unprotected",
};
