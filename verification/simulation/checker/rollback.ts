import type { ItemCondition } from "../../../src/domain/items/item-record.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { DiskSequence } from "../../../src/hypervisor/port.js";
import { discrepancies } from "./estate-truth.js";
import { type Effect, type ExecutionTrace, type Facts, hasEnded, releaseBy, stateAt } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** Whether an execution rolled a failover back: the verb cancel, or an execution that undid its own work. */
function rolledBack({ record }: ExecutionTrace, own: readonly Effect[], itemId: string): boolean {
  if (!hasEnded(record)) return false;
  const outcome = record.outcomes.find((candidate) => candidate.itemId === itemId);
  const demoted = own.some(({ entry }) => entry.operation === "demote-replica");
  if (record.verb === "cancel-failover") return outcome?.outcome === "succeeded";
  return demoted && outcome?.outcome === "cancelled" && outcome.state === "protected";
}

/**
 * What a rollback must not change: the active site, the direction of replication, and the content of the disks.
 * @param told the conditions that name what the failover left of a test, which only a clean-up removes
 */
function rollbackDifferences(
  trace: ExecutionTrace,
  before: EmulatedItem | undefined,
  after: EmulatedItem,
  told: readonly ItemCondition[],
): string[] {
  const { source, direction } = after;
  const wrong = discrepancies(
    { state: "protected", activeSiteId: source.siteId, direction, epoch: 0, conditions: [...told] },
    after,
  );
  if (before === undefined || trace.record.verb === "cancel-failover") return wrong;
  const moved = before.source.siteId !== after.source.siteId || before.direction !== after.direction;
  const shorter = after.sourceWrites.length < before.sourceWrites.length;
  return [
    ...wrong,
    ...(moved ? ["its site or direction differs"] : []),
    ...(shorter ? ["writes of its source are lost"] : []),
  ];
}

/**
 * The state when the rollback was over. The items are released before the end is written, so another execution may
 * have changed the item by then.
 */
function stateAfterRollback(
  item: Facts["items"][number]["item"],
  effects: readonly Effect[],
  endedMs: number,
  own: readonly Effect[],
): EmulatedItem | undefined {
  const lastMs = Math.max(...own.map(({ effectMs }) => effectMs));
  const next = effects.find(
    (effect) => !own.includes(effect) && effect.effectMs >= lastMs && effect.effectMs <= endedMs,
  );
  return next?.before ?? stateAt(item, endedMs);
}

function rollbacks(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) =>
    [...facts.executions.values()].flatMap((trace) => {
      const { executionId, verb } = trace.record;
      const own = effects.filter(({ key }) => key.executionId === executionId);
      if (own.length === 0 || trace.endedMs === null || !rolledBack(trace, own, item.itemId)) return [];
      const after = stateAfterRollback(item, effects, trace.endedMs, own);
      if (after === undefined) return [];
      const conditions = releaseBy(facts, item.itemId, executionId)?.record.conditions ?? [];
      const told = conditions.filter(({ type }) => type === "leftovers");
      const wrong = rollbackDifferences(trace, own[0]?.before, after, told);
      if (wrong.length === 0) return [];
      const what = `${verb} ${executionId} rolled ${item.itemId} back by ${moment(trace.endedMs)}, but ${wrong.join(", ")}`;
      return [violation("I19", what, ...own.map(({ entry }) => entry), after)];
    }),
  );
}

/** What is wrong with an item just after the commit of its failback. */
function failbackDifferences({ before, after, effectMs }: Effect, home: string, effects: readonly Effect[]): string[] {
  const promotion = effects.findLast(
    ({ entry }) => entry.operation === "promote-replica" && Date.parse(entry.at) <= effectMs,
  );
  const own = effects.filter(({ key }) => key.executionId === promotion?.key.executionId);
  const off = own.find(({ entry }) => entry.operation === "shut-down-source");
  const synchronised = own.find(({ entry }) => entry.operation === "final-synchronise");
  const wrong = [
    ...(after.replica.siteId === home && after.replica.writable ? [] : ["it does not run at its original site"]),
    ...(after.source.writable ? ["the copy at the recovery site takes writes"] : []),
  ];
  if (promotion === undefined || off === undefined || synchronised === undefined) return wrong;
  if (before.promotedFrom?.id !== newestPointOf(synchronised)) return wrong; // the user chose an older point
  const { sequences: left } = off.entry.result as { sequences: DiskSequence[] };
  const { sequences: arrived } = promotion.entry.result as { sequences: DiskSequence[] };
  return JSON.stringify(left) === JSON.stringify(arrived)
    ? wrong
    : [...wrong, "it lacks data that its copy had at shutdown"];
}

const newestPointOf = ({ entry }: Effect): string => (entry.result as { point: { id: string } }).point.id;

function failbacks({ items }: Facts): Violation[] {
  return items.flatMap(({ item, effects }) =>
    effects.flatMap((commit) => {
      const isHome =
        commit.entry.operation === "delete-recovery-points" && commit.before.direction === "recovery-to-primary";
      if (!isHome) return [];
      const wrong = failbackDifferences(commit, commit.after.item.sourceSiteId, effects);
      if (wrong.length === 0) return [];
      const what = `${item.itemId} failed back and was committed at ${moment(commit.effectMs)}, but ${wrong.join(", ")}`;
      return [violation("I19", what, commit.entry)];
    }),
  );
}

/** I19: a rollback restores the state before the failover, and a failback brings all data home. */
export const rollbackIsSymmetric = (facts: Facts): Violation[] => [...rollbacks(facts), ...failbacks(facts)];
