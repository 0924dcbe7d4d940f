import { TERMINAL_STATUSES } from "../../../host/durable/task-hub.js";
import type { Evidence } from "../evidence.js";
import { type Facts, hasEnded } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

const HOUR_MS = 3_600_000;
/** A question about a failure waits for a day. A step with its retries takes at most the slack. */
const ASK_MS = 24 * HOUR_MS;
const SLACK_MS = 72 * HOUR_MS;

/** The longest time that a plan may wait for people, all waits in sequence. */
function maxWaitMs({ plans }: Evidence): number {
  const waits = plans.map(({ plan }) => {
    const actions = plan.groups.flatMap(({ before, after }) => [...before, ...after]);
    const all = [...actions, ...plan.shutdown.before, ...plan.shutdown.after];
    const manual = all.reduce((sum, action) => sum + (action.kind === "manual" ? action.timeLimitMinutes : 0), 0);
    return (manual + plan.validation.timeLimitMinutes) * 60_000;
  });
  return Math.max(0, ...waits);
}

/** I11: after the faults, and once corrupted rows are repaired, everything that was accepted ends. */
export function terminatesInTime({ evidence, executions }: Facts): Violation[] {
  const { rest, timing, store, hub } = evidence;
  const boundMs = maxWaitMs(evidence) + ASK_MS + SLACK_MS;
  const slow = rest.reached && rest.atMs - timing.faultsOffMs > boundMs;
  const since = `since the faults ended at ${moment(timing.faultsOffMs)}`;
  return [
    ...(rest.reached ? [] : [violation("I11", `no rest ${since}: ${rest.why}`, ...rest.moving)]),
    ...(slow ? [violation("I11", `it came to rest only at ${moment(rest.atMs)} ${since}`, timing)] : []),
    ...[...executions.values()].flatMap(({ record }) =>
      hasEnded(record) ? [] : [violation("I11", `${record.verb} ${record.executionId} has not ended ${since}`, record)],
    ),
    ...store.items.flatMap((item) =>
      item.heldBy === null
        ? []
        : [violation("I11", `${item.itemId} is still held by ${item.heldBy.executionId}`, item)],
    ),
    ...hub.instances.flatMap(({ instance }) =>
      TERMINAL_STATUSES.has(instance.runtimeStatus)
        ? []
        : [violation("I11", `${instance.name} ${instance.instanceId} is ${instance.runtimeStatus} ${since}`, instance)],
    ),
  ];
}
