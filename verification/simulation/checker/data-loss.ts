import type { ItemOutcome } from "../../../src/domain/execution.js";
import type { DataLoss, RecoveryPoint } from "../../../src/domain/recovery-points/recovery-point-choice.js";
import { bytesOfDisk, changedBytes, protectedDisks } from "../../../src/hypervisor/emulator/disk-bytes.js";
import { lastWriteMs, sourceSequences } from "../../../src/hypervisor/emulator/replication.js";
import type { DiskSequence, OperationName } from "../../../src/hypervisor/port.js";
import { changesOf, currentItems, type Effect, type ExecutionTrace, type Facts, hasEnded } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

const PROMOTES: ReadonlySet<OperationName> = new Set(["promote-replica", "promote-test-copy"]);

const total = (sequences: readonly DiskSequence[]): number =>
  sequences.reduce((sum, { sequence }) => sum + sequence, 0);

/** The real loss of a promotion: the writes of the source, minus those in the recovery point. */
interface Truth {
  point: RecoveryPoint;
  loss: DataLoss;
  source: DiskSequence[];
  held: DiskSequence[];
}

function truthOf({ after, effectMs, entry }: Effect): Truth {
  const { point } = entry.result as { point: RecoveryPoint };
  const pointMs = Date.parse(point.time);
  const source = sourceSequences(after, effectMs);
  const held = sourceSequences(after, pointMs);
  const writes = total(source) - total(held);
  const bytes = protectedDisks(after).reduce((sum, disk, index) => {
    const lost = (source[index]?.sequence ?? 0) - (held[index]?.sequence ?? 0);
    return sum + changedBytes(lost, bytesOfDisk(disk));
  }, 0);
  const seconds = writes === 0 ? 0 : ((lastWriteMs(after, effectMs) ?? pointMs) - pointMs) / 1_000;
  return { point, source, held, loss: { seconds, writes, bytes } };
}

/** The promotions of an execution, by item. The last promotion of an item counts. */
function promotionsOf(facts: Facts, executionId: string): Map<string, Effect> {
  return new Map(
    facts.items.flatMap(({ item, effects }) => {
      const last = effects.findLast(
        ({ entry, key }) => PROMOTES.has(entry.operation) && key.executionId === executionId,
      );
      return last === undefined ? [] : [[item.itemId, last] as const];
    }),
  );
}

/** Verbs that shut the sources down on purpose. A failback may lose data unless it is planned too. */
const PLANNED: ReadonlySet<string> = new Set(["planned-failover", "planned-failback", "full-run"]);

/** Since somebody switched it to unplanned, a planned failover may lose data. */
const isPlanned = ({ record: { verb }, switchedMs }: ExecutionTrace, { beganMs }: Effect): boolean =>
  PLANNED.has(verb) && beganMs < (switchedMs ?? Infinity);

type WatchedItem = Facts["items"][number]["item"];

/** Whether the source came back during the promotion of its replica. The product can't prevent that. */
const sourceReturned = (item: WatchedItem, { beganMs, effectMs }: Effect): boolean =>
  changesOf(item).some(
    ({ atMs, before, after }) =>
      before.source.power === "off" && after.source.power === "on" && beganMs < atMs && atMs <= effectMs,
  );

/** What is wrong with a promotion of a planned failover; `own` are the effects of its execution on the item. */
function lossOfPlanned(item: WatchedItem, promotion: Effect, own: readonly Effect[]): string | undefined {
  const { loss, source, held } = truthOf(promotion);
  if (loss.writes !== 0 || JSON.stringify(source) !== JSON.stringify(held)) {
    return `it lost ${loss.writes} writes (${loss.seconds} s)`;
  }
  const { sequences } = promotion.entry.result as { sequences: DiskSequence[] };
  if (JSON.stringify(sequences) !== JSON.stringify(source)) return "the copies differ";
  const isOff = promotion.before.source.power === "off" || sourceReturned(item, promotion);
  if (!isOff) return "its source was on";
  const synchronised = own.findLast(({ entry }) => entry.operation === "final-synchronise");
  const off = own.findLast(({ entry }) => entry.operation === "shut-down-source");
  if (promotion.before.promotedFrom !== null) return undefined;
  if (off === undefined || synchronised === undefined) return "it was not shut down and synchronised first";
  return off.effectMs > synchronised.beganMs ? "the last synchronisation began before its source was off" : undefined;
}

/** I5: a planned failover loses no data. */
export function plannedLosesNothing(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) =>
    effects.flatMap((promotion) => {
      const trace = facts.executions.get(promotion.key.executionId);
      if (promotion.entry.operation !== "promote-replica" || trace === undefined || !isPlanned(trace, promotion))
        return [];
      const own = effects.filter(({ key }) => key.executionId === promotion.key.executionId);
      const wrong = lossOfPlanned(item, promotion, own);
      if (wrong === undefined) return [];
      const { verb, executionId } = trace.record;
      const what = `${verb} ${executionId} promoted ${item.itemId} at ${moment(promotion.effectMs)}, but ${wrong}`;
      return [violation("I5", what, ...own.map(({ entry }) => entry))];
    }),
  );
}

/** How a report differs from the ground truth; undefined when it does not. */
function difference(
  reported: Pick<ItemOutcome, "recoveryPoint" | "dataLoss">,
  { point, loss }: Truth,
): string | undefined {
  const { recoveryPoint, dataLoss } = reported;
  if (recoveryPoint === null || dataLoss === null) return "no loss is reported";
  if (recoveryPoint.id !== point.id || recoveryPoint.time !== point.time) {
    return `the reported point is ${recoveryPoint.id}, the real one ${point.id}`;
  }
  if (JSON.stringify(loss, LOSS) === JSON.stringify(dataLoss, LOSS)) return undefined;
  return `the reported loss is ${JSON.stringify(dataLoss)}, the real one ${JSON.stringify(loss)}`;
}

const LOSS = ["seconds", "writes", "bytes"];

/** Verbs after which a workload runs from a recovery point. */
const MOVES: ReadonlySet<string> = new Set([
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
  "change-recovery-point",
  "promote-test",
]);

function falseOutcomes(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record }) => {
    if (!hasEnded(record)) return [];
    const promotions = promotionsOf(facts, record.executionId);
    return record.outcomes.flatMap((outcome) => {
      const promotion = promotions.get(outcome.itemId);
      const mustReport = MOVES.has(record.verb) && outcome.outcome === "succeeded";
      if (!mustReport && outcome.dataLoss === null) return [];
      const wrong = promotion === undefined ? "nothing was promoted" : difference(outcome, truthOf(promotion));
      if (wrong === undefined) return [];
      const what = `${record.verb} ${record.executionId}, outcome of ${outcome.itemId}: ${wrong}`;
      return [violation("I6", what, outcome, promotion?.entry)];
    });
  });
}

/** In these states an item's record reports a recovery point and a loss. */
const COUNTS: ReadonlySet<string> = new Set(["failed-over", "committed"]);

function falseRecords(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  return currentItems(facts).flatMap(({ item, effects }) => {
    const record = records.get(item.itemId);
    if (record === undefined || record.heldBy !== null || !COUNTS.has(record.state)) return [];
    const promotion = effects.findLast(({ entry }) => PROMOTES.has(entry.operation));
    const wrong = promotion === undefined ? "nothing was promoted" : difference(record, truthOf(promotion));
    return wrong === undefined
      ? []
      : [violation("I6", `the record of ${item.itemId}, ${record.state}: ${wrong}`, record, promotion?.entry)];
  });
}

/** Outcomes of items for which there was nothing to do. */
const NOTHING_TO_DO: ReadonlySet<string> = new Set(["already-done", "not-applicable", "excluded"]);

/**
 * The loss that an execution measured is the worst real loss among its items. It is unknown while the loss of one of
 * them is, because a number would look like the whole.
 */
function falseMeasures(facts: Facts): Violation[] {
  return facts.evidence.views.executions.flatMap(({ execution, measures }) => {
    if (measures === null || !hasEnded(execution)) return [];
    const took = execution.outcomes.filter(({ outcome }) => !NOTHING_TO_DO.has(outcome));
    const reported = new Set(took.filter(({ dataLoss }) => dataLoss !== null).map(({ itemId }) => itemId));
    const promotions = [...promotionsOf(facts, execution.executionId)].filter(([itemId]) => reported.has(itemId));
    const largest = Math.max(0, ...promotions.map(([, promotion]) => truthOf(promotion).loss.seconds));
    const worst = reported.size === took.length ? largest : null;
    if (promotions.length === 0 || measures.plan.dataLossSeconds === worst) return [];
    const what = `execution ${execution.executionId} measured a loss of ${measures.plan.dataLossSeconds} s, the real one is ${worst} s`;
    return [violation("I6", what, measures)];
  });
}

/** I6: the recovery points and losses that are reported are those of the ground truth. */
export const lossReportedTruthfully = (facts: Facts): Violation[] => [
  ...falseOutcomes(facts),
  ...falseRecords(facts),
  ...falseMeasures(facts),
];
