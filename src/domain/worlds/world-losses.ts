import type { ItemRecord } from "../items/item-record.js";
import type { ItemSnapshot } from "../items/snapshot.js";
import { isSame } from "./three-way.js";
import type { ProtectedItem } from "./world.js";

/** What there is to know about one item of a world before it is set back. */
export interface ItemNow {
  record: ItemRecord;
  /** Null if the hypervisor does not have it. */
  snapshot: ItemSnapshot | null;
  /** As it was imported. */
  imported: ProtectedItem | null;
}

export interface Loss {
  text: string;
  /** The estate moved on: not only settings and memories would be lost. */
  isMove: boolean;
}

const when = (holds: boolean, text: string): string[] => (holds ? [text] : []);

/** What moved since the import. */
function movesOf({ record, snapshot }: ItemNow): string[] {
  const { state, heldBy, activeSiteId, direction } = record;
  const epoch = Math.max(record.epoch, snapshot?.epoch ?? 0);
  const {
    conditions: noticed,
    testCopies,
    leftBehind,
  } = snapshot ?? { conditions: [], testCopies: [], leftBehind: [] };
  const conditions = [...new Set([...record.conditions, ...noticed].map(({ type }) => type))];
  return [
    ...when(heldBy !== null, `execution ${heldBy?.executionId} (${heldBy?.verb}) holds it`),
    ...when(state !== "protected", `it is ${state} and runs at ${activeSiteId}`),
    ...when(direction !== "primary-to-recovery", "it replicates from its recovery site to its home"),
    ...when(epoch > 0, `it was promoted ${epoch === 1 ? "once" : `${epoch} times`} (epoch ${epoch})`),
    ...when(conditions.length > 0, `its conditions: ${conditions.join(", ")}`),
    ...when(testCopies.length > 0, `its test copies (${testCopies.length})`),
    ...when(leftBehind.length > 0, `what a failback left behind: ${leftBehind.join(", ")}`),
  ];
}

/** What a reset would lose of an item; empty if it is as it was after its import. */
export function lossesOf(now: ItemNow): Loss[] {
  const { record, snapshot, imported } = now;
  const isRetargeted = imported !== null && snapshot !== null && !isSame(imported.target, snapshot.item.target);
  const memories = [
    ...when(isRetargeted, "its target settings, which were changed after the import"),
    ...when(record.lastTestFailoverAt !== null, `its test failover of ${record.lastTestFailoverAt}`),
  ];
  const told =
    (isMove: boolean) =>
    (what: string): Loss => ({ text: `item ${record.itemId}: ${what}`, isMove });
  return [...movesOf(now).map(told(true)), ...memories.map(told(false))];
}
