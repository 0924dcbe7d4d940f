import type { OperationName } from "../../../src/hypervisor/port.js";
import { type Begin, currentItems, type Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A step that checked for a cancel just before it arrived may still begin its work. */
const GRACE_MS = 30_000;

/** Operations that undo work. A cancel starts them, so they may begin after it. */
const UNDO_OPERATIONS: ReadonlySet<OperationName> = new Set([
  "demote-replica",
  "restore-replication",
  "restart-source",
  "remove-test-copy",
  "remove-test-network",
]);

/** I10, first half: after an acknowledged cancel no forward operation begins. */
function begunAfterCancel(facts: Facts): Violation[] {
  const acknowledged = new Map<string, number>();
  for (const { request, outcome, endedMs } of facts.evidence.client) {
    if (request.kind !== "cancel" || outcome !== "ok" || endedMs === null) continue;
    acknowledged.set(request.executionId, Math.min(endedMs, acknowledged.get(request.executionId) ?? Infinity));
  }
  const late = (subjectId: string, begin: Begin): Violation[] => {
    const cancelMs = acknowledged.get(begin.key.executionId);
    if (cancelMs === undefined || UNDO_OPERATIONS.has(begin.operation) || begin.beganMs <= cancelMs + GRACE_MS)
      return [];
    const what = `${begin.operation} of ${subjectId} began at ${moment(begin.beganMs)}, after the cancel of ${begin.key.executionId} was acknowledged at ${moment(cancelMs)}`;
    return [violation("I10", what, begin)];
  };
  return [
    ...facts.items.flatMap(({ item, begins }) => begins.flatMap((begin) => late(item.itemId, begin))),
    ...facts.sites.flatMap(({ site, begins }) => begins.flatMap((begin) => late(site.siteId, begin))),
  ];
}

/** I10, second half: after a cancel the report on an item says whether it replicates, as the estate does. */
function unreportedReplication(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  const cancelled = new Set(
    [...facts.executions.values()]
      .filter(({ record, cancelMs }) => cancelMs !== null || record.verb === "cancel-failover")
      .flatMap(({ record }) => record.itemIds),
  );
  return currentItems(facts).flatMap(({ item }) => {
    const record = records.get(item.itemId);
    const state = item.states.at(-1)?.state;
    if (!cancelled.has(item.itemId) || record === undefined || state === undefined || record.heldBy !== null) return [];
    const replicates =
      state.promotedFrom === null && state.replication.stoppedAtMs === null && state.source.power === "on";
    const isReported =
      record.conditions.some(({ type }) => type === "not-replicating") || STATES_WITHOUT_REPLICATION.has(record.state);
    if (record.state === "protected" && !replicates) {
      return [
        violation(
          "I10",
          `${item.itemId} is reported as protected after a cancel, but does not replicate`,
          record,
          state,
        ),
      ];
    }
    if (replicates || isReported) return [];
    return [violation("I10", `no report says that ${item.itemId}, ${record.state}, does not replicate`, record, state)];
  });
}

/** States that imply that an item does not replicate. */
const STATES_WITHOUT_REPLICATION: ReadonlySet<string> = new Set(["failed-over", "committed", "unprotected"]);

/** I10: a cancel stops forward work, and the reports on what it leaves are true. */
export const cancelIsHonoured = (facts: Facts): Violation[] => [
  ...begunAfterCancel(facts),
  ...unreportedReplication(facts),
];
