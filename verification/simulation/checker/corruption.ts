import { codeIn } from "../../../src/domain/errors.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { ClientRequest } from "../client/requests.js";
import type { ClientEntry, Evidence, RowCorruption } from "../evidence.js";
import { type Facts, hasEnded } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** How often one scheduled activity may run: once for each host, and once more for each time it was made to. */
function maxRuns({ effects, injectedFaults }: Evidence): number {
  const hosts = new Set(effects.activities.map(({ generation }) => generation)).size;
  const repeated = injectedFaults.filter(({ kind }) => kind === "activity-twice" || kind === "lost-completion").length;
  return hosts + repeated;
}

/**
 * How often each instance began, as its history says. Several requests for one start may come to begin it, and so may
 * the sweep; a later one begins it anew when it has ended by then.
 */
function beginnings({ hub }: Evidence): Map<string, number> {
  const begun = new Map<string, Set<string>>();
  for (const { instanceId, firstRow, commitId } of hub.commits) {
    if (firstRow === 0) begun.set(instanceId, (begun.get(instanceId) ?? new Set()).add(commitId));
  }
  return new Map([...begun].map(([instanceId, commits]) => [instanceId, commits.size]));
}

/** An execution begins no more often than somebody came to begin it: each request for its start, and the sweep. */
function startedTooOften({ evidence }: Facts): Violation[] {
  const begun = beginnings(evidence);
  return evidence.store.executions.flatMap(({ executionId, idempotencyKey }) => {
    const request = evidence.client.filter(
      (one) => one.request.kind === "start" && one.request.idempotencyKey === idempotencyKey,
    );
    const times = begun.get(executionId) ?? 0;
    if (times <= request.length + 1) return [];
    return [violation("I26", `${executionId} began ${times} times, and ${request.length} requests asked for it`)];
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
      : [violation("I26", `${task} ran ${count} times, and ${explained} can be explained`)];
  });
}

const corruptionsIn = ({ injectedFaults }: Evidence): RowCorruption[] =>
  injectedFaults.filter((one) => one.kind === "row-corruption");

/** Whether what could not be read belongs to an execution: to itself, to one of its items or to its plan. */
const concerns = ({ executionId, itemIds, subject }: Execution, { ownerId }: RowCorruption): boolean =>
  executionId === ownerId || itemIds.includes(ownerId) || (subject.kind === "plan" && subject.planId === ownerId);

/** An execution that fails of a row has one that it needed. */
function foreignFailures({ evidence, executions }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  return [...executions.values()].flatMap(({ record }) => {
    if (!hasEnded(record) || corruptions.some((corruption) => concerns(record, corruption))) return [];
    const failures = ["failure" in record ? record.failure : null, ...record.outcomes.map(({ failure }) => failure)];
    const met = failures.find((failure) => failure && isOfRow(failure));
    if (!met) return [];
    const what = `${record.verb} ${record.executionId} failed of a row that is not its own: ${met.message}`;
    return [violation("I26", what, record)];
  });
}

const isOfRow = ({ code, message }: { code: string; message: string }): boolean =>
  code === "row-unreadable" || codeIn(message) === "row-unreadable";

/** What a request is about, by id; null for one that is about the whole world. */
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
    case "cancel":
      return request.executionId;
    default:
      return null;
  }
}

/** The execution that a start had begun before, when it is sent again. */
const startedBy = ({ store }: Evidence, request: ClientRequest): string[] =>
  store.executions
    .filter(({ idempotencyKey }) => request.kind === "start" && request.idempotencyKey === idempotencyKey)
    .map(({ executionId }) => executionId);

/** A request is refused for a row only if the row has to do with it. */
function foreignRefusals({ evidence, executions }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  const itemsOf = (id: string): string[] => [
    ...(executions.get(id)?.record.itemIds ?? []),
    ...evidence.plans.flatMap(({ plan }) =>
      plan.id === id ? plan.groups.flatMap(({ items }) => items.map((item) => item.id)) : [],
    ),
  ];
  return evidence.client.flatMap((entry: ClientEntry) => {
    const subject = subjectOf(entry.request);
    if (entry.code !== "row-unreadable" || subject === null) return [];
    const own = new Set([subject, ...itemsOf(subject), ...startedBy(evidence, entry.request)]);
    if (corruptions.some(({ ownerId, row }) => own.has(ownerId) && String(entry.answer).includes(row))) return [];
    return [violation("I26", `${entry.request.kind} of ${subject} was refused for a row of another: ${entry.answer}`)];
  });
}

/** Whether an instance that two rows of its own are spoilt of stood still at the other, and said so. */
const blockedByOtherRow = (
  { instanceId, row, answer, observedMs }: RowCorruption,
  all: readonly RowCorruption[],
): boolean =>
  all.some(
    (other) =>
      instanceId !== null &&
      other.instanceId === instanceId &&
      other.row !== row &&
      other.atMs <= (observedMs ?? 0) &&
      (other.repairedMs ?? Infinity) >= (observedMs ?? 0) &&
      answer?.includes(other.row) === true,
  );

/** Whoever asks for what a row belongs to is told which row it is. */
const unreported = ({ evidence, executions }: Facts): Violation[] =>
  corruptionsIn(evidence).flatMap((corruption) => {
    const { what, row, ownerId, answer, observedMs, instanceId, hubReason, atMs } = corruption;
    if (answer === null || observedMs === null || answer.includes(row)) return [];
    // An execution that had ended waits for nothing more: of those that stand still then the hub tells.
    const hadEnded = instanceId !== null && (executions.get(ownerId)?.endedMs ?? Infinity) <= observedMs;
    if (hadEnded && (hubReason === null || hubReason.includes(row))) return [];
    // Who stands still at one row of its own has not come to the next.
    if (blockedByOtherRow(corruption, corruptionsIn(evidence))) return [];
    const text = `the ${what} row ${row} can't be read since ${moment(atMs)}, and nobody who asks is told`;
    return [violation("I26", text, corruption)];
  });

/** An instance stands still only if a row of its own can't be read. */
function suspendedWithoutCause({ evidence }: Facts): Violation[] {
  const corruptions = corruptionsIn(evidence);
  const own = new Set(corruptions.map(({ instanceId }) => instanceId));
  return [...new Set(corruptions.flatMap(({ suspended }) => suspended))]
    .filter((instanceId) => !own.has(instanceId))
    .map((instanceId) => violation("I26", `${instanceId} stood still, and every row of it could be read`));
}

/** What can't be read is not written over. */
const overwritten = ({ evidence }: Facts): Violation[] =>
  corruptionsIn(evidence)
    .filter((corruption) => corruption.overwritten)
    .map((corruption) => violation("I26", `the ${corruption.what} row ${corruption.row} was written over`, corruption));

/** I26: what can't be read stops what it belongs to and nothing else, is named and left as it is; nothing is tried for ever. */
export const corruptionIsContained = (facts: Facts): Violation[] => [
  ...foreignFailures(facts),
  ...foreignRefusals(facts),
  ...unreported(facts),
  ...suspendedWithoutCause(facts),
  ...overwritten(facts),
  ...startedTooOften(facts),
  ...ranTooOften(facts),
];
