import type { Verb } from "../src/domain/vocabulary.js";
import type { ItemAnswer, Travelled } from "./journey.js";
import { amount, counted, type ExecutionAnswer, minutes, secondsOf } from "./report.js";

/** The report of a journey: the time of each verb, what was lost and sent, and what is left to do by hand. */
export function journeyReport({ executions, items, stopped }: Travelled, speed: number): string {
  return [
    "",
    "Emulated time of each verb:",
    ...executions.map(
      (execution) =>
        `  ${execution.verb.padEnd(20)} ${minutes(secondsOf(execution) * speed).padStart(10)}  ${execution.status}`,
    ),
    "",
    ...executions.flatMap(failoverLines),
    ...executions.flatMap(reprotectLines),
    "",
    ...placeLines(items),
    ...conditionLines(items),
    ...(stopped === null ? ["There and back: everything is home, and protected again."] : [`No further: ${stopped}`]),
  ].join("\n");
}

const LEGS: Partial<Record<Verb, string>> = {
  "planned-failover": "There",
  "unplanned-failover": "There",
  failback: "Back",
};

/** When the last machine ran at the other end, and what was lost. */
function failoverLines({ verb, outcomes = [] }: ExecutionAnswer): string[] {
  const leg = LEGS[verb];
  if (leg === undefined) return [];
  const recovered = outcomes.flatMap(({ recoverySeconds }) => recoverySeconds ?? []);
  const bytes = outcomes.reduce((sum, { dataLoss }) => sum + (dataLoss?.bytes ?? 0), 0);
  const worst = Math.max(0, ...outcomes.map(({ dataLoss }) => dataLoss?.seconds ?? 0));
  const lost = bytes === 0 ? "nothing" : `${amount(bytes)}, at most the last ${minutes(worst)} of a machine`;
  const took = recovered.length === 0 ? "" : `, the last after ${minutes(Math.max(...recovered))}`;
  return [`${leg}: ${recovered.length} of ${outcomes.length} machines ran at the other end${took}. Lost: ${lost}.`];
}

const CAUGHT_UP = { full: "in full", deltas: "by what differs", "already-set": "set by the failover already" } as const;

/** The bytes that were sent when replication was reversed. */
function reprotectLines({ verb, direction, outcomes = [] }: ExecutionAnswer): string[] {
  if (verb !== "reprotect") return [];
  const replicated = outcomes.flatMap((outcome) => outcome.replicated ?? []);
  const bytes = replicated.reduce((sum, one) => sum + one.bytes, 0);
  const means = counted(replicated.map(({ caughtUpBy }) => CAUGHT_UP[caughtUpBy]));
  const removed = replicated.flatMap((one) => one.removed);
  const where = direction === "recovery-to-primary" ? "Sent back" : "Sent there again";
  return [
    `${where}: ${amount(bytes)}${means === "" ? "" : ` (${means})`}.`,
    ...(removed.length === 0 ? [] : [`Cleaned up: ${few(removed)}.`]),
  ];
}

function placeLines(items: readonly ItemAnswer[]): string[] {
  const left = items.flatMap(({ itemId, live: { leftBehind } }) =>
    leftBehind.length === 0 ? [] : [`${leftBehind.join(" and ")} of ${itemId}`],
  );
  return [
    `Now: ${counted(items.map(({ state, activeSiteId }) => `${state} at ${activeSiteId}`))}.`,
    ...(left.length === 0 ? [] : [`Left at the other site: ${few(left)}.`]),
  ];
}

const MAX_NAMED = 4;

/** The first names of a list, and how many more there are. */
function few(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return more <= 1 ? names.join(", ") : `${names.slice(0, MAX_NAMED).join(", ")} and ${more} more`;
}

/** Hazards that a person has to resolve, with what to do. */
function conditionLines(items: readonly ItemAnswer[]): string[] {
  const byAdvice = new Map<string, string[]>();
  for (const { itemId, conditions } of items) {
    for (const { type, whatToDo } of conditions) {
      const key = `${type}: ${whatToDo}`;
      byAdvice.set(key, [...(byAdvice.get(key) ?? []), itemId]);
    }
  }
  return [...byAdvice].map(([advice, itemIds]) => `To do by hand, ${advice} (${few(itemIds)})`);
}
