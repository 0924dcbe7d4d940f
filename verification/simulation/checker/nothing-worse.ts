import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { Evidence } from "../evidence.js";
import { type Ended, type ExecutionTrace, type Facts, hasEnded, itemAt, itemBefore, releaseBy } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

const runs = ({ source, replica }: EmulatedItem): boolean =>
  [source, replica].some(({ power, writable }) => power === "on" && writable);

/** Whether a result says that an undo failed, for the whole or for an item. */
const saysSo = (record: Ended): boolean =>
  [...record.outcomes.map(({ failure }) => failure), "failure" in record ? record.failure : null].some(
    (failure) => failure?.code === "undo-failed",
  );

/** A cancel that leaves items where they are was asked to. */
const leavesAsAsked = ({ status, cancelRequest }: Ended): boolean =>
  status === "cancelled" && cancelRequest?.behaviour === "as-documented";

/** Whether the estate was hostile at some time in a period. A new import begins without faults. */
function wasHostile({ estate, injectedFaults }: Evidence, fromMs: number, toMs: number): boolean {
  const active = new Set<string>();
  for (const event of estate.events) {
    if (event.atMs > toMs) break;
    if (event.atMs > fromMs && active.size > 0) return true;
    if (event.kind === "world-loaded") active.clear();
    else if (event.kind === "fault-raised") active.add(event.faultId);
    else if (event.kind === "fault-cleared") active.delete(event.faultId);
  }
  const unreadable = injectedFaults.some(
    (one) => one.kind === "row-corruption" && one.atMs <= toMs && (one.repairedMs ?? Infinity) >= fromMs,
  );
  return active.size > 0 || unreadable;
}

/** Executions whose orchestration was ended from outside undo nothing. */
const LOST: ReadonlySet<string> = new Set(["Failed", "Terminated"]);

function isLost({ hub }: Evidence, executionId: string): boolean {
  return hub.instances.some(
    ({ instance: { instanceId, runtimeStatus } }) => instanceId.startsWith(executionId) && LOST.has(runtimeStatus),
  );
}

function stopped(facts: Facts, { record, createdMs }: ExecutionTrace): Violation[] {
  const { evidence } = facts;
  if (!hasEnded(record) || record.outcomes.some(({ outcome }) => outcome === "succeeded")) return [];
  if (saysSo(record) || leavesAsAsked(record) || isLost(evidence, record.executionId)) return [];
  return record.itemIds.flatMap((itemId) => {
    const released = releaseBy(facts, itemId, record.executionId);
    if (released === undefined) return [];
    const [before, after] = [itemAt(facts, itemId, createdMs), itemBefore(facts, itemId, released)];
    if (before === undefined || after === undefined || !runs(before) || runs(after)) return [];
    if (wasHostile(evidence, createdMs, released.atMs)) return [];
    const what = `${record.verb} ${record.executionId} recovered nothing, and ${itemId}, which ran before, does not run at ${moment(released.atMs)}`;
    return [violation("I28", what, record, before, after)];
  });
}

/**
 * I28: an execution that ends with no item recovered leaves every workload running that ran before, unless its result
 * says that an undo failed or the estate failed meanwhile.
 */
export const nothingIsWorse = (facts: Facts): Violation[] =>
  [...facts.executions.values()].flatMap((trace) => stopped(facts, trace));
