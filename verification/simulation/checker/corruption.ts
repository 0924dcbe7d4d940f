import { codeIn } from "../../../src/domain/errors.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { ClientRequest } from "../client/requests.js";
import type { ClientEntry, Evidence, RowCorruption } from "../evidence.js";
import { type Facts, hasEnded } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/**
 * The number of runs that one scheduled activity may have: one for each host, and one for each injected repetition.
 */
function maxRuns({ effects, injectedFaults }: Evidence): number {
  const hosts = new Set(effects.activities.map(({ generation }) => generation)).size;
  const repeated = injectedFaults.filter(({ kind }) => kind === "activity-twice" || kind === "lost-completion").length;
  return hosts + repeated;
}

/**
 * How often each instance started, according to its history. Several requests for one start may start it, and so may
 * the sweep. A later request starts it again when it has ended by then.
 */
function beginnings({ hub }: Evidence): Map<string, number> {
  const begun = new Map<string, Set<string>>();
  for (const { instanceId, firstRow, commitId } of hub.commits) {
    if (firstRow === 0) begun.set(instanceId, (begun.get(instanceId) ?? new Set()).add(commitId));
  }
  return new Map([...begun].map(([instanceId, commits]) => [instanceId, commits.size]));
}

/** An execution starts at most once for each request for its start, and once for the sweep. */
function startedTooOften({ evidence }: Facts): Violation[] {
  const begun = beginnings(evidence);
  return evidence.store.executions.flatMap(({ executionId, idempotencyKey }) => {
    const requests = evidence.client.filter(
      (one) => one.request.kind === "start" && one.request.idempotencyKey === idempotencyKey,
    );
    const times = begun.get(executionId) ?? 0;
    if (times <= requests.length + 1) return [];
    return [violation("I26", `${executionId} started ${times} times for ${requests.length} requests`)];
  });
}

function ranTooOften({ evidence }: Facts): Violation[] {
  const max = maxRuns(evidence);
  const begun = beginnings(evidence);
  const runs = new Map<string, number>();
  const maxOf = new Map<string, number>();
  for (const { instanceId, taskId, name } of evidence.effects.activities) {
    const task = `${name} (task ${taskId} of ${instanceId})`;
    runs.set(task, (runs.get(task) ?? 0) + 1);
    maxOf.set(task, max + Math.max(0, (begun.get(instanceId) ?? 0) - 1));
  }
  return [...runs].flatMap(([task, count]) => {
    const explained = maxOf.get(task) ?? max;
    return count <= explained
      ? []
      : [violation("I26", `${task} ran ${count} times, at most ${explained} are explained`)];
  });
}

const corruptionsIn = ({ injectedFaults }: Evidence): RowCorruption[] =>
  injectedFaults.filter((one) => one.kind === "row-corruption");

/** Whether the corrupted row belongs to the execution: to itself, to an item of it or left out by it, or to its plan. */
const concerns = ({ executionId, itemIds, leftOut = [], subject }: Execution, { ownerId }: RowCorruption): boolean =>
  executionId === ownerId ||
  itemIds.includes(ownerId) ||
  leftOut.some(({ itemId }) => itemId === ownerId) ||
  (subject.kind === "plan" && subject.planId === ownerId);

/** An execution fails with `row-unreadable` only if it needed the row. */
function foreignFailures({ evidence, executions }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  return [...executions.values()].flatMap(({ record }) => {
    if (!hasEnded(record) || corruptions.some((corruption) => concerns(record, corruption))) return [];
    const failures = ["failure" in record ? record.failure : null, ...record.outcomes.map(({ failure }) => failure)];
    const met = failures.find((failure) => failure && isOfRow(failure));
    if (!met) return [];
    const what = `${record.verb} ${record.executionId} failed because of a row of another owner: ${met.message}`;
    return [violation("I26", what, record)];
  });
}

const isOfRow = ({ code, message }: { code: string; message: string }): boolean =>
  code === "row-unreadable" || codeIn(message) === "row-unreadable";

/** The id of what a request is about; null when it is about the whole world. */
function subjectOf(request: ClientRequest): string | null {
  switch (request.kind) {
    case "start":
      return request.target.kind === "plan" ? request.target.planId : request.target.itemId;
    case "save-plan":
      return request.plan.id;
    case "change-target":
    case "return-source":
    case "resolve-condition":
      return request.itemId;
    case "validate":
    case "confirm":
    case "resolve":
    case "continue-without":
    case "cancel":
    case "steer":
    case "change-timer":
      return request.executionId;
    default:
      return null;
  }
}

const planOf = (execution: Execution | undefined): string[] =>
  execution?.subject.kind === "plan" ? [execution.subject.planId] : [];

/** The execution that an earlier copy of the same start request had started. */
const startedBy = ({ store }: Evidence, request: ClientRequest): string[] =>
  store.executions
    .filter(({ idempotencyKey }) => request.kind === "start" && request.idempotencyKey === idempotencyKey)
    .map(({ executionId }) => executionId);

/** Plans that want approvals for some items. Nothing starts past one that cannot be read. */
const guarding = ({ plans }: Evidence, itemIds: readonly string[]): string[] =>
  plans.flatMap(({ plan }) => {
    const wants = (plan.approvals ?? []).length > 0;
    const holds = plan.groups.some(({ items }) => items.some(({ id }) => itemIds.includes(id)));
    return wants && holds ? [plan.id] : [];
  });

/** A request is refused because of a row only if the row concerns it. */
function foreignRefusals({ evidence, executions }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  const itemsOf = (id: string): string[] => [
    ...(executions.get(id)?.record.itemIds ?? []),
    ...planOf(executions.get(id)?.record),
    ...evidence.plans.flatMap(({ plan }) =>
      plan.id === id ? plan.groups.flatMap(({ items }) => items.map((item) => item.id)) : [],
    ),
  ];
  return evidence.client.flatMap((entry: ClientEntry) => {
    const subject = subjectOf(entry.request);
    if (entry.code !== "row-unreadable" || subject === null) return [];
    const touched = [subject, ...itemsOf(subject)];
    const guards = entry.request.kind === "start" ? guarding(evidence, touched) : [];
    const own = new Set([...touched, ...guards, ...startedBy(evidence, entry.request)]);
    if (corruptions.some(({ ownerId, row }) => own.has(ownerId) && String(entry.answer).includes(row))) return [];
    return [
      violation(
        "I26",
        `${entry.request.kind} of ${subject} was refused because of a row of another owner: ${entry.answer}`,
      ),
    ];
  });
}

/**
 * Whether an instance with two corrupted rows was suspended at the other one, and said so. While the instance of the
 * execution itself is suspended, nobody knows which of the others it has begun.
 */
const blockedByOtherRow = (
  { instanceId, ownerId, row, answer, observedMs }: RowCorruption,
  all: readonly RowCorruption[],
): boolean =>
  all.some(
    (other) =>
      instanceId !== null &&
      (other.instanceId === instanceId || other.instanceId === ownerId) &&
      other.row !== row &&
      other.atMs <= (observedMs ?? 0) &&
      (other.repairedMs ?? Infinity) >= (observedMs ?? 0) &&
      answer?.includes(other.row) === true,
  );

/** Whether the record of a machine's item was corrupted too: it is read first, so the answer names that row. */
const hiddenByRecord = ({ what, ownerId, answer, observedMs }: RowCorruption, all: readonly RowCorruption[]): boolean =>
  what === "machine" &&
  all.some(
    (other) =>
      other.what === "item" &&
      other.ownerId === ownerId &&
      other.atMs <= (observedMs ?? 0) &&
      (other.repairedMs ?? Infinity) >= (observedMs ?? 0) &&
      answer?.includes(other.row) === true,
  );

/** A read of what a row belongs to names the row. */
const unreported = ({ evidence, executions }: Facts): Violation[] =>
  corruptionsIn(evidence).flatMap((corruption) => {
    const { what, row, ownerId, answer, observedMs, instanceId, hubReason, atMs } = corruption;
    if (answer === null || observedMs === null || answer.includes(row)) return [];
    // An ended execution waits for nothing more. The hub then names the row of its suspended instance.
    const hadEnded = instanceId !== null && (executions.get(ownerId)?.endedMs ?? Infinity) <= observedMs;
    if (hadEnded && (hubReason === null || hubReason.includes(row))) return [];
    // An instance that is suspended at one of its rows has not reached the next one.
    if (blockedByOtherRow(corruption, corruptionsIn(evidence))) return [];
    if (hiddenByRecord(corruption, corruptionsIn(evidence))) return [];
    const text = `the ${what} row ${row} is unreadable since ${moment(atMs)}, and no answer names it`;
    return [violation("I26", text, corruption)];
  });

/** An instance is suspended only if one of its own rows is corrupted. */
function suspendedWithoutCause({ evidence }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  const own = new Set(corruptions.map(({ instanceId }) => instanceId));
  return [...new Set(corruptions.flatMap(({ suspended }) => suspended))]
    .filter((instanceId) => !own.has(instanceId))
    .map((instanceId) => violation("I26", `${instanceId} was suspended although all of its rows are readable`));
}

/** The product never overwrites a row that it can't read. */
const overwritten = ({ evidence }: Facts): Violation[] =>
  corruptionsIn(evidence)
    .filter((corruption) => corruption.overwritten)
    .map((corruption) => violation("I26", `the ${corruption.what} row ${corruption.row} was overwritten`, corruption));

/**
 * I26: a corrupted row stops only what it belongs to. The product names it and leaves it as it is. Nothing is retried
 * forever.
 */
export const corruptionIsContained = (facts: Facts): Violation[] => [
  ...foreignFailures(facts),
  ...foreignRefusals(facts),
  ...unreported(facts),
  ...suspendedWithoutCause(facts),
  ...overwritten(facts),
  ...startedTooOften(facts),
  ...ranTooOften(facts),
];
