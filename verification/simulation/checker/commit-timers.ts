import { isDeepStrictEqual } from "node:util";
import type { RunningTimer } from "../../../src/domain/commit-timer/commit-timer.js";
import { itemsToDecide } from "../../../src/domain/commit-timer/timer-rules.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import type { Evidence } from "../evidence.js";
import { type Ended, type Facts, hasEnded } from "./facts.js";
import { versionsOf } from "./plans.js";
import { type ExecutionWrite, executionWritesOf } from "./steering-records.js";
import { moment, type Violation, violation } from "./violation.js";

/** A look at the machines may be older than the decision that follows it: stores are slow, and a write is tried again. */
const SLOW_MS = 120_000;

/** What a person does to a machine that awaits its commit. */
const DECIDING: ReadonlySet<OperationName> = new Set(["delete-recovery-points", "demote-replica", "promote-replica"]);

/** A write of a record that has a timer. */
type TimerWrite = Omit<ExecutionWrite, "record"> & { record: Ended & { commitTimer: RunningTimer } };

const hasTimer = (write: ExecutionWrite): write is TimerWrite =>
  hasEnded(write.record) && write.record.commitTimer !== undefined;

/**
 * I34: a commit timer acts once or not at all: not before its time, not after somebody cancelled it or acted on the
 * machines, not against its probes, and it ends.
 */
export function timersDecideOnce(facts: Facts): Violation[] {
  return [...executionWritesOf(facts)].flatMap(([executionId, writes]) => {
    const timed = writes.filter(hasTimer);
    const last = timed.at(-1);
    if (last === undefined) return neverBegan(facts, executionId, writes.at(-1));
    const found = [
      ...(isLost(facts.evidence, executionId) ? [] : unended(facts, last)),
      ...beganOtherwise(facts, timed[0]),
      ...changedItsMind(timed),
      ...tooEarly(facts, timed),
      ...started(facts, last),
      ...againstPeople(facts, timed),
      ...unheard(facts, last),
    ];
    return found.map((what) =>
      violation("I34", `the commit timer of ${executionId}: ${what}`, last.record.commitTimer),
    );
  });
}

/** Instances that were ended from outside, or that gave up, decide nothing. */
const LOST: ReadonlySet<string> = new Set(["Failed", "Terminated"]);

const isLost = ({ hub }: Evidence, executionId: string): boolean =>
  hub.instances.some(
    ({ instance: { instanceId, runtimeStatus } }) => instanceId === executionId && LOST.has(runtimeStatus),
  );

function neverBegan(facts: Facts, executionId: string, last: ExecutionWrite | undefined): Violation[] {
  const record = last?.record;
  if (record === undefined || !hasEnded(record) || itemsToDecide(record).length === 0) return [];
  const plans = versionsOf(facts, record).map(({ plan }) => plan);
  if (plans.length === 0 || plans.some(({ commitTimer }) => commitTimer === undefined)) return [];
  if (isLost(facts.evidence, executionId) || !facts.evidence.rest.reached) return [];
  return [violation("I34", `${record.verb} ${executionId} has no commit timer, although its plan wants one`, record)];
}

function unended({ evidence }: Facts, { record: { commitTimer } }: TimerWrite): string[] {
  return commitTimer.end !== undefined || !evidence.rest.reached
    ? []
    : [`it never ended; it was due ${commitTimer.until}`];
}

/** It runs for as long as a version of the plan says that the execution ran. */
function beganOtherwise(facts: Facts, first: TimerWrite | undefined): string[] {
  if (first === undefined || first.record.commitTimer.extensions !== undefined) return [];
  const { since, until } = first.record.commitTimer;
  const minutes = (Date.parse(until) - Date.parse(since)) / 60_000;
  const wanted = versionsOf(facts, first.record).map(({ plan }) => plan.commitTimer?.afterMinutes);
  return wanted.includes(minutes) ? [] : [`it began for ${minutes} minutes, and not for ${wanted.join(" or ")}`];
}

/** What it decided, and how it ended, stands. */
function changedItsMind(writes: readonly TimerWrite[]): string[] {
  return writes.flatMap(({ atMs, record: { commitTimer } }, at) => {
    const before = writes[at - 1]?.record.commitTimer;
    const isOther = (then: object | undefined, now: object | undefined): boolean =>
      then !== undefined && !isDeepStrictEqual(then, now);
    return [
      ...(isOther(before?.decided, commitTimer.decided) ? [`it decided something else at ${moment(atMs)}`] : []),
      ...(isOther(before?.end, commitTimer.end) ? [`it ended otherwise at ${moment(atMs)}`] : []),
    ];
  });
}

const decisionIn = (writes: readonly TimerWrite[]): TimerWrite | undefined =>
  writes.find(({ record }) => record.commitTimer.decided !== undefined);

/** By the clock of the host that wrote it, which may have been ahead. */
function tooEarly({ evidence }: Facts, writes: readonly TimerWrite[]): string[] {
  const decision = decisionIn(writes);
  if (decision === undefined) return [];
  const { atMs, record } = decision;
  const skews = evidence.injectedFaults.flatMap((fault) =>
    fault.kind === "clock-jump" && fault.atMs <= atMs ? [fault.skewMs] : [],
  );
  const latestMs = atMs + Math.max(0, ...skews);
  const { until } = record.commitTimer;
  return latestMs >= Date.parse(until) ? [] : [`it decided at ${moment(atMs)}, and its time was until ${until}`];
}

/** What it started, and whether that is what it says. */
function started(facts: Facts, { record }: TimerWrite): string[] {
  const { end, decided, onExpiry } = record.commitTimer;
  const own = [...facts.executions.values()].filter(
    (trace) => trace.record.requestedBy === `commit timer of execution ${record.executionId}`,
  );
  const admitted = own.filter((trace) => trace.record.admission?.admitted !== false);
  const wanted = { commit: "commit", "roll-back": "cancel-failover", probes: null }[onExpiry];
  return [
    ...(admitted.length > 1 ? [`it started ${admitted.length} executions`] : []),
    ...(end?.kind === "started" && !own.some((trace) => trace.record.executionId === end.executionId)
      ? [`it started ${end.executionId}, which does not exist`]
      : []),
    ...(end !== undefined && end.kind !== "started" && end.kind !== "refused" && admitted.length > 0
      ? [`it ended as ${end.kind}, and started an execution`]
      : []),
    ...own.flatMap((trace) => (trace.record.verb === decided?.verb ? [] : [`it started a ${trace.record.verb}`])),
    ...(decided !== undefined && wanted !== null && decided.verb !== wanted ? [`it decided on ${decided.verb}`] : []),
    ...againstProbes(facts, record, decided?.verb),
  ];
}

/** A port on which no machine of the plan serves anything has never answered. */
function againstProbes(facts: Facts, record: Ended, verb: string | undefined): string[] {
  const plan = versionsOf(facts, record).at(-1)?.plan;
  if (verb !== "commit" || plan?.commitTimer?.onExpiry !== "probes") return [];
  const served = new Set(facts.evidence.world.machines.flatMap(({ services }) => services.map(({ port }) => port)));
  const silent = (plan.commitTimer.probes ?? []).filter((probe) => probe.kind === "tcp" && !served.has(probe.port));
  return silent.length === 0 ? [] : ["it committed, although a probe cannot have been answered"];
}

/** Somebody who acted on a machine well before the decision is in charge. */
function againstPeople(facts: Facts, writes: readonly TimerWrite[]): string[] {
  const decision = decisionIn(writes);
  const decided = decision?.record.commitTimer.decided;
  if (decision === undefined || decided === undefined) return [];
  const { executionId } = decision.record;
  const endedMs = facts.executions.get(executionId)?.endedMs ?? Infinity;
  const lookedMs = decision.atMs - SLOW_MS;
  return decided.itemIds.flatMap((itemId) => {
    const acts = facts.items
      .filter(({ item }) => item.itemId === itemId)
      .flatMap(({ effects }) => effects)
      .filter(
        ({ entry, key, effectMs }) =>
          DECIDING.has(entry.operation) && key.executionId !== executionId && effectMs > endedMs && effectMs < lookedMs,
      );
    return acts.map(
      ({ entry, key }) =>
        `it decided on ${decided.verb}, although ${key.executionId} did ${entry.operation} to ${itemId}`,
    );
  });
}

/** Whatever was acknowledged about it is in its record. */
function unheard({ evidence }: Facts, { record: { executionId, commitTimer } }: TimerWrite): string[] {
  return evidence.client.flatMap(({ request, outcome }) => {
    if (request.kind !== "change-timer" || request.executionId !== executionId || outcome !== "ok") return [];
    const { act } = request;
    if (act.action === "cancel") return commitTimer.end?.kind === "cancelled" ? [] : ["its cancel was acknowledged"];
    return Date.parse(commitTimer.until) >= Date.parse(act.until) ? [] : [`its extension to ${act.until} is lost`];
  });
}
