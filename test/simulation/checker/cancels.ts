import type { OperationName } from "../../../src/hypervisor/port.js";
import { type Begin, type Facts, present } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A step that looked for a cancel just before it came may still begin. */
const GRACE_MS = 30_000;

/** Operations that take back what was done: a cancel is what they are for. */
const BACK: ReadonlySet<OperationName> = new Set([
  "demote-replica",
  "restore-replication",
  "restart-source",
  "remove-test-copy",
  "remove-test-network",
]);

/** I10, first half: after an acknowledged cancel nothing that leads forward is begun any more. */
function wentOn(facts: Facts): Violation[] {
  const acknowledged = new Map<string, number>();
  for (const { asked, outcome, endedMs } of facts.evidence.client) {
    if (asked.kind !== "cancel" || outcome !== "ok" || endedMs === null) continue;
    acknowledged.set(asked.executionId, Math.min(endedMs, acknowledged.get(asked.executionId) ?? Infinity));
  }
  const late = (subjectId: string, begin: Begin): Violation[] => {
    const cancelMs = acknowledged.get(begin.key.executionId);
    if (cancelMs === undefined || BACK.has(begin.operation) || begin.beganMs <= cancelMs + GRACE_MS) return [];
    const what = `${begin.operation} of ${subjectId} was begun at ${moment(begin.beganMs)}, after the cancel of ${begin.key.executionId} was acknowledged at ${moment(cancelMs)}`;
    return [violation("I10", what, begin)];
  };
  return [
    ...facts.items.flatMap(({ item, begins }) => begins.flatMap((begin) => late(item.itemId, begin))),
    ...facts.sites.flatMap(({ site, begins }) => begins.flatMap((begin) => late(site.siteId, begin))),
  ];
}

/** I10, second half: of an item that a cancel left, the report says whether it replicates as the estate does. */
function replicationUntold(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  const cancelled = new Set(
    [...facts.executions.values()]
      .filter(({ record, cancelMs }) => cancelMs !== null || record.verb === "cancel-failover")
      .flatMap(({ record }) => record.itemIds),
  );
  return present(facts).flatMap(({ item }) => {
    const record = records.get(item.itemId);
    const state = item.states.at(-1)?.state;
    if (!cancelled.has(item.itemId) || record === undefined || state === undefined || record.heldBy !== null) return [];
    const replicates =
      state.promotedFrom === null && state.replication.stoppedAtMs === null && state.source.power === "on";
    const saysNot = record.conditions.some(({ type }) => type === "not-replicating") || SAYS_ITSELF.has(record.state);
    if (record.state === "protected" && !replicates) {
      return [
        violation(
          "I10",
          `${item.itemId} is said to be protected after a cancel, and does not replicate`,
          record,
          state,
        ),
      ];
    }
    if (replicates || saysNot) return [];
    return [violation("I10", `nothing says that ${item.itemId}, ${record.state}, does not replicate`, record, state)];
  });
}

/** States in which nobody takes an item for replicating. */
const SAYS_ITSELF: ReadonlySet<string> = new Set(["failed-over", "committed", "unprotected"]);

/** I10: a cancel stops what leads forward, and what it leaves is told as it is. */
export const cancelIsTrue = (facts: Facts): Violation[] => [...wentOn(facts), ...replicationUntold(facts)];
