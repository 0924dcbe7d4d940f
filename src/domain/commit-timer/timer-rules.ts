/**
 * What a commit timer may act on.
 *
 * - T1 It acts only on items that this failover moved and that nobody has touched since.
 *   (test/orchestrators/commit-timer.test.ts)
 * - T2 As soon as anybody acted on one of them, a person is in charge and the timer does nothing any more. (same file)
 */
import type { Execution } from "../execution.js";
import type { ItemRecord } from "../items/item-record.js";
import type { Plan } from "../plans/plan.js";
import { type CommitTimer, TIMED_VERBS, type TimerAct, type TimerEnd } from "./commit-timer.js";

type Ended = Extract<Execution, { outcomes: unknown }>;

/** The items that a failover brought to the other site, which await their commit from then on. */
export function itemsToDecide({ verb, status, outcomes }: Ended): string[] {
  if (!TIMED_VERBS.has(verb) || (status !== "succeeded" && status !== "succeeded-with-failures")) return [];
  return outcomes.flatMap(({ itemId, outcome, state }) =>
    outcome === "succeeded" && state === "failed-over" ? [itemId] : [],
  );
}

type Seen = Pick<ItemRecord, "itemId" | "state" | "heldBy" | "lastFailoverAt" | "recoveryPoint">;

/** Who acted on the items of a failover since its end; null while all of them await their commit. */
export function takenOver(execution: Ended, items: readonly Seen[]): string | null {
  const seen = new Map(items.map((item) => [item.itemId, item]));
  const points = new Map(execution.outcomes.map(({ itemId, recoveryPoint }) => [itemId, recoveryPoint?.id]));
  for (const itemId of itemsToDecide(execution)) {
    const item = seen.get(itemId);
    if (item === undefined) return `item ${itemId} is gone`;
    const { state, heldBy, lastFailoverAt, recoveryPoint } = item;
    if (heldBy !== null && heldBy.executionId !== execution.executionId)
      return `execution ${heldBy.executionId} (${heldBy.verb}) holds item ${itemId}`;
    if (heldBy === null && state !== "failed-over") return `item ${itemId} is ${state} now`;
    if (lastFailoverAt !== null && lastFailoverAt > execution.endedAt)
      return `item ${itemId} failed over again at ${lastFailoverAt}`;
    const point = points.get(itemId);
    if (point !== undefined && recoveryPoint?.id !== point)
      return `item ${itemId} runs from another recovery point now`;
  }
  return null;
}

/** What the timer does at its end, for people. */
export function timerActText(onExpiry: TimerAct): string {
  switch (onExpiry) {
    case "commit":
      return "the failover is committed";
    case "roll-back":
      return "the failover is cancelled and the machines run where they ran before";
    case "probes":
      return "the failover is committed if every machine answers its probes, and cancelled otherwise";
  }
}

/** How a timer ended, for people. */
export function timerEndText(end: TimerEnd): string {
  switch (end.kind) {
    case "cancelled":
      return `${end.by} cancelled the commit timer at ${end.at}`;
    case "taken-over":
      return `the commit timer did nothing: ${end.because}`;
    case "started":
      return `the commit timer started ${end.verb} at ${end.at} as execution ${end.executionId}: ${end.because}`;
    case "refused":
      return `the commit timer could not ${end.verb === "commit" ? "commit" : "roll back"}: ${end.because}`;
    case "undecided":
      return `the commit timer did nothing: ${end.because}`;
  }
}

/** The rules that the commit timer of a plan breaks. */
export function timerProblems({
  commitTimer,
  groups,
}: Pick<Plan, "groups"> & { commitTimer?: CommitTimer | undefined }): string[] {
  if (commitTimer === undefined) return [];
  const { afterMinutes, onExpiry, probes = [], warnMinutesBefore } = commitTimer;
  const late = warnMinutesBefore.filter((minutes) => minutes >= afterMinutes);
  const items = groups.flatMap((group) => group.items);
  const unprobed = probes.length > 0 ? [] : items.filter((item) => (item.probes ?? []).length === 0);
  return [
    ...(late.length > 0
      ? [`the commit timer ends after ${afterMinutes} minutes, so it cannot warn ${late.join(" and ")} minutes before`]
      : []),
    ...(onExpiry !== "probes" && probes.length > 0
      ? [`the commit timer has probes, but ${onExpiry} does not ask them`]
      : []),
    ...(onExpiry === "probes" && unprobed.length > 0
      ? [`the commit timer asks probes, but item ${unprobed[0]?.id} has none: give the timer or the item probes`]
      : []),
  ];
}
