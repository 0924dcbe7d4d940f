import { codeIn } from "../../../src/domain/errors.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { Asked } from "../client/requests.js";
import type { ClientEntry, Evidence, Poison } from "../evidence.js";
import { type Facts, isOver } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** How often one scheduled activity may run: once for each host, and once more for each time it was made to. */
function mostRuns({ effects, disturbances }: Evidence): number {
  const hosts = new Set(effects.activities.map(({ generation }) => generation)).size;
  const repeated = disturbances.filter(({ kind }) => kind === "activity-twice" || kind === "lost-completion").length;
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
function begunForEver({ evidence }: Facts): Violation[] {
  const begun = beginnings(evidence);
  return evidence.store.executions.flatMap(({ executionId, idempotencyKey }) => {
    const asked = evidence.client.filter(
      (one) => one.asked.kind === "start" && one.asked.idempotencyKey === idempotencyKey,
    );
    const times = begun.get(executionId) ?? 0;
    if (times <= asked.length + 1) return [];
    return [violation("I26", `${executionId} began ${times} times, and ${asked.length} requests asked for it`)];
  });
}

function retriedForEver({ evidence }: Facts): Violation[] {
  const most = mostRuns(evidence);
  const begun = beginnings(evidence);
  const runs = new Map<string, number>();
  const mostOf = new Map<string, number>();
  for (const { instanceId, taskId, name } of evidence.effects.activities) {
    const task = `${name} (task ${taskId} of ${instanceId})`;
    runs.set(task, (runs.get(task) ?? 0) + 1);
    mostOf.set(task, most + Math.max(0, (begun.get(instanceId) ?? 0) - 1));
  }
  return [...runs].flatMap(([task, count]) => {
    const explained = mostOf.get(task) ?? most;
    return count <= explained
      ? []
      : [violation("I26", `${task} ran ${count} times, and ${explained} can be explained`)];
  });
}

const poisonsOf = ({ disturbances }: Evidence): Poison[] => disturbances.filter((one) => one.kind === "poison");

/** Whether what could not be read belongs to an execution: to itself, to one of its items or to its plan. */
const concerns = ({ executionId, itemIds, subject }: Execution, { of }: Poison): boolean =>
  executionId === of || itemIds.includes(of) || (subject.kind === "plan" && subject.planId === of);

/** An execution that fails of a row has one that it needed. */
function spread({ evidence, executions }: Facts): Violation[] {
  const poisons = poisonsOf(evidence);
  return [...executions.values()].flatMap(({ record }) => {
    if (!isOver(record) || poisons.some((poison) => concerns(record, poison))) return [];
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
function subjectOf(asked: Asked): string | null {
  switch (asked.kind) {
    case "start":
      return asked.target.kind === "plan" ? asked.target.planId : asked.target.itemId;
    case "save-plan":
      return asked.plan.id;
    case "change-target":
    case "source-comes-back":
    case "mend-condition":
      return asked.itemId;
    case "validate":
    case "confirm":
    case "resolve":
    case "cancel":
      return asked.executionId;
    default:
      return null;
  }
}

/** The execution that a start had begun before, when it is sent again. */
const startedBy = ({ store }: Evidence, asked: Asked): string[] =>
  store.executions
    .filter(({ idempotencyKey }) => asked.kind === "start" && asked.idempotencyKey === idempotencyKey)
    .map(({ executionId }) => executionId);

/** A request is refused for a row only if the row has to do with it. */
function refusedForOthers({ evidence, executions }: Facts): Violation[] {
  const poisons = poisonsOf(evidence);
  const itemsOf = (id: string): string[] => [
    ...(executions.get(id)?.record.itemIds ?? []),
    ...evidence.plans.flatMap(({ plan }) =>
      plan.id === id ? plan.groups.flatMap(({ items }) => items.map((item) => item.id)) : [],
    ),
  ];
  return evidence.client.flatMap((entry: ClientEntry) => {
    const subject = subjectOf(entry.asked);
    if (entry.code !== "row-unreadable" || subject === null) return [];
    const own = new Set([subject, ...itemsOf(subject), ...startedBy(evidence, entry.asked)]);
    if (poisons.some(({ of, row }) => own.has(of) && String(entry.answer).includes(row))) return [];
    return [violation("I26", `${entry.asked.kind} of ${subject} was refused for a row of another: ${entry.answer}`)];
  });
}

/** Whether an instance that two rows of its own are spoilt of stood still at the other, and said so. */
const standsBefore = ({ instanceId, row, answer, askedMs }: Poison, all: readonly Poison[]): boolean =>
  all.some(
    (other) =>
      instanceId !== null &&
      other.instanceId === instanceId &&
      other.row !== row &&
      other.atMs <= (askedMs ?? 0) &&
      (other.remediedMs ?? Infinity) >= (askedMs ?? 0) &&
      answer?.includes(other.row) === true,
  );

/** Whoever asks for what a row belongs to is told which row it is. */
const unnamed = ({ evidence, executions }: Facts): Violation[] =>
  poisonsOf(evidence).flatMap((poison) => {
    const { what, row, of, answer, askedMs, instanceId, shown, atMs } = poison;
    if (answer === null || askedMs === null || answer.includes(row)) return [];
    // An execution that had ended waits for nothing more: of those that stand still then the hub tells.
    const hadEnded = instanceId !== null && (executions.get(of)?.endedMs ?? Infinity) <= askedMs;
    if (hadEnded && (shown === null || shown.includes(row))) return [];
    // Who stands still at one row of its own has not come to the next.
    if (standsBefore(poison, poisonsOf(evidence))) return [];
    const text = `the ${what} row ${row} can't be read since ${moment(atMs)}, and nobody who asks is told`;
    return [violation("I26", text, poison)];
  });

/** An instance stands still only if a row of its own can't be read. */
function stoodStill({ evidence }: Facts): Violation[] {
  const poisons = poisonsOf(evidence);
  const own = new Set(poisons.map(({ instanceId }) => instanceId));
  return [...new Set(poisons.flatMap(({ standing }) => standing))]
    .filter((instanceId) => !own.has(instanceId))
    .map((instanceId) => violation("I26", `${instanceId} stood still, and every row of it could be read`));
}

/** What can't be read is not written over. */
const overwritten = ({ evidence }: Facts): Violation[] =>
  poisonsOf(evidence)
    .filter((poison) => poison.overwritten)
    .map((poison) => violation("I26", `the ${poison.what} row ${poison.row} was written over`, poison));

/** I26: what can't be read stops what it belongs to and nothing else, is named and left as it is; nothing is tried for ever. */
export const poisonContained = (facts: Facts): Violation[] => [
  ...spread(facts),
  ...refusedForOthers(facts),
  ...unnamed(facts),
  ...stoodStill(facts),
  ...overwritten(facts),
  ...begunForEver(facts),
  ...retriedForEver(facts),
];
