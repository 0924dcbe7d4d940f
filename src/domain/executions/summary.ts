/**
 * The state of an execution in a sentence, for a person who has to decide.
 *
 * - S1 Machines that are down on both sides come first, by that name, then those that are on at both. (test/unit/domain/execution-summary.test.ts)
 * - S2 A wait says for what, until when, what happens then, and by which call it ends. (same file)
 * - S3 Steps that hang are named beside what runs: which machines, since when, until when, and what a person can call.
 *   (same file)
 * - S4 An end says how many machines came through, where they run, and which did not. (same file)
 */
import { timerEndText } from "../commit-timer/timer-rules.js";
import type { Execution, ItemOutcome, Step } from "../execution.js";
import { hadNothingToDo } from "../plans/failure-policy.js";
import type { Measures } from "../plans/measures.js";
import { planVersionOf } from "../steering/in-force.js";
import type { ExecutionStatus } from "../vocabulary.js";
import { counted, listed, secondsText } from "../wording.js";

/** What a person is asked, as far as the sentence needs it. */
export interface AwaitedDecision {
  kind: string;
  asks: string;
  since?: string | null;
  until?: string | null;
  /** What happens when the time has passed. */
  onExpiry?: string | null;
  call?: { method: string; path: string };
  /** Of a step that hangs: the machine and the title of the step. */
  itemId?: string;
  title?: string;
}

export interface SummaryInput {
  execution: Execution;
  status: ExecutionStatus;
  /** The name of the plan; null for a single item, or if the plan's version cannot be read. */
  planName: string | null;
  awaits: readonly AwaitedDecision[];
  steps: readonly Step[];
  downOnBothSides: readonly string[];
  splitBrain: readonly string[];
  blockedReasons: readonly string[];
  measures: Measures | null;
}

export function summaryOf(input: SummaryInput): string {
  const { downOnBothSides: down, splitBrain: both } = input;
  const first = [
    down.length === 0 ? "" : `Down on both sides: ${listed(down)}. `,
    both.length === 0 ? "" : `On at both sides (split brain): ${listed(both)}. `,
  ];
  return `${first.join("")}${headOf(input)} ${stateOf(input)}`;
}

function headOf({ execution, planName }: SummaryInput): string {
  const { verb, subject } = execution;
  const name = verb.replaceAll("-", " ");
  const of =
    subject.kind === "item"
      ? `machine ${subject.itemId}`
      : `plan ${planName ?? subject.planId}, version ${planVersionOf(execution)},`;
  return `${name[0]?.toUpperCase()}${name.slice(1)} of ${of}`;
}

function stateOf(input: SummaryInput): string {
  const { execution, awaits, blockedReasons } = input;
  if ("outcomes" in execution) return `${endOf(execution, input.measures)}${timerOf(execution, awaits)}`;
  const [blocked] = blockedReasons;
  if (blocked !== undefined) return `cannot continue: ${blocked}.`;
  const [asked, ...others] = awaits.filter(({ kind }) => kind !== HANGS);
  const stuck = stuckOf(awaits.filter(({ kind }) => kind === HANGS));
  if (asked !== undefined) {
    const more = others.length === 0 ? "" : ` ${counted(others.length, "more decision")} awaited.`;
    return `${waitOf(asked)}${more}${stuck}`;
  }
  const { cancelRequest } = execution;
  const cancel = cancelRequest === undefined ? "" : `is being cancelled by ${cancelRequest.requestedBy}, and `;
  return `${cancel}runs since ${moment(execution.requestedAt)}: ${underWay(input.steps)}.${stuck}`;
}

/** The kind of a step that hangs or takes unusually long. */
const HANGS = "continue-without";

/** The steps that hang, by their titles, and the one call that goes on without all of their machines. */
function stuckOf(stuck: readonly AwaitedDecision[]): string {
  const [first] = stuck;
  if (first === undefined) return "";
  const hangs = [...new Set(stuck.map(({ title = "a step" }) => title))].map((name) => {
    const there = stuck.filter(({ title = "a step" }) => title === name);
    const begun = there.flatMap(({ since }) => since ?? []).sort()[0];
    const givenUp = there.flatMap(({ until }) => until ?? []).sort();
    const last = givenUp.length === 0 ? "" : `, given up by ${moment(givenUp.at(-1) ?? "")}`;
    return `"${name}" of ${listed(there.flatMap(({ itemId }) => itemId ?? []))}${begun ? ` since ${moment(begun)}` : ""}${last}`;
  });
  const call = first.call ? ` To go on without them, call ${first.call.method} ${first.call.path}.` : "";
  return ` Hangs or takes unusually long: ${hangs.join("; ")}.${call}`;
}

const WAITS_FOR: Readonly<Record<string, string>> = {
  paused: "is paused",
  confirm: "waits for a person to do a manual action and confirm it",
  resolve: "waits for a person to decide about a failure",
  validate: "waits for a person to accept or reject the result",
  approval: "waits for an approval",
  "call-back": "waits for the receiver of a webhook to call back",
};

function waitOf({ kind, asks, since, until, onExpiry, call }: AwaitedDecision): string {
  const from = since ? `, since ${moment(since)}` : "";
  const limit = until ? ` After ${moment(until)} ${onExpiry ?? "it ends"}.` : "";
  const by = call ? ` Call ${call.method} ${call.path}.` : "";
  return `${WAITS_FOR[kind] ?? "waits for a person"}${from}: ${sentence(asks)}${limit}${by}`;
}

/** The steps that run, each with how many of its machines are through. */
function underWay(steps: readonly Step[]): string {
  const running = steps.filter(({ status }) => status === "running");
  if (running.length === 0) return "the next step is about to begin";
  return listed(
    running.map(({ title, children = [] }) => {
      const through = children.filter(({ endedAt }) => endedAt !== undefined).length;
      return children.length === 0 ? title : `${title} (${through} of ${counted(children.length, "machine")} through)`;
    }),
  );
}

/** What becomes of a failover by its commit timer. */
function timerOf(
  { commitTimer }: Extract<Execution, { outcomes: unknown }>,
  awaits: readonly AwaitedDecision[],
): string {
  if (commitTimer?.end !== undefined) return ` Then ${timerEndText(commitTimer.end)}.`;
  const timer = awaits.find(({ kind }) => kind === "commit-timer");
  if (timer?.until == null) return "";
  return ` It awaits its commit: after ${moment(timer.until)} ${timer.onExpiry}, unless somebody acts before. To stop this, call ${timer.call?.method} ${timer.call?.path}.`;
}

function endOf(execution: Extract<Execution, { outcomes: unknown }>, measures: Measures | null): string {
  const { status, outcomes } = execution;
  const why = "failure" in execution ? `: ${sentence(execution.failure.message)}` : ".";
  const how = {
    succeeded: "succeeded",
    "succeeded-with-failures": "ended with failures",
    failed: "failed",
    cancelled: "was cancelled",
  };
  return [`${how[status]}${why}`, ...resultsOf(outcomes), ...measuredOf(measures)].join(" ");
}

function resultsOf(outcomes: readonly ItemOutcome[]): string[] {
  const took = outcomes.filter(({ outcome }) => outcome !== "excluded");
  const through = took.filter((item) => item.outcome === "succeeded" || hadNothingToDo(item)).length;
  const named = (outcome: ItemOutcome["outcome"]): string[] =>
    outcomes.filter((item) => item.outcome === outcome).map(({ itemId }) => itemId);
  const rest = (["failed", "left-out", "cancelled", "skipped", "excluded"] as const).flatMap((outcome) =>
    named(outcome).length === 0 ? [] : [`${OUTCOMES[outcome]}: ${listed(named(outcome))}.`],
  );
  return [`${through} of ${counted(took.length, "machine")} came through.`, ...rest];
}

/** What was lost and how long it took, and whether the plan's objectives are met. */
function measuredOf(measures: Measures | null): string[] {
  if (measures === null) return [];
  const { dataLossSeconds, recoverySeconds, rpoMet, rtoMet } = measures.plan;
  const met = (isMet: boolean | null): string =>
    isMet === null ? "" : isMet ? " (objective met)" : " (objective missed)";
  const loss =
    dataLossSeconds === null
      ? rpoMet === null
        ? []
        : [`data loss unknown${met(rpoMet)}`]
      : [`worst data loss ${secondsText(dataLossSeconds)}${met(rpoMet)}`];
  const time =
    recoverySeconds === null
      ? rtoMet === null
        ? []
        : [`recovery incomplete${met(rtoMet)}`]
      : [`recovery in ${secondsText(recoverySeconds)}${met(rtoMet)}`];
  const parts = [...loss, ...time];
  return parts.length === 0 ? [] : [`In the time of the estate: ${parts.join(", ")}.`];
}

const OUTCOMES = {
  failed: "Failed",
  "left-out": "Left out, because they could not go",
  cancelled: "Undone or stopped",
  skipped: "Not begun",
  excluded: "Left out, as asked",
};

/** A moment of real time, to the second. */
const moment = (instant: string): string => instant.replace(/\.\d+Z$/, "Z");

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
