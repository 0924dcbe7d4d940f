/**
 * The sections of the evidence of an ended execution, made of what was recorded. A field that nobody knows is null, and
 * `notKnown` says why: nothing is invented.
 */
import type { Approval } from "../../domain/approvals/approval.js";
import type { Execution, ItemOutcome, Step, StepRecord } from "../../domain/execution.js";
import { measuresOf } from "../../domain/plans/measures.js";
import type { Plan, PlanVersion } from "../../domain/plans/plan.js";
import { planDiff } from "../../domain/plans/plan-diff.js";
import { groupsInOrder, planActions } from "../../domain/plans/plan-rules.js";
import { leavesOf } from "../../domain/steps.js";
import { groupStepId } from "../../steps/plan-steps.js";
import { EXECUTION_PART } from "../step-parts.js";
import { openingOf } from "./opening.js";

export type EndedExecution = Extract<Execution, { endedAt: string }>;

export interface EvidenceFacts {
  execution: EndedExecution;
  /** The version that it started with, and the one before; null for a single item. */
  saved: PlanVersion | null;
  earlier: PlanVersion | null;
  approvals: readonly Approval[];
  steps: readonly StepRecord[];
  /** Emulated seconds per real second. */
  speed: number;
  tools: { node: string; timeZoneData: string };
}

/** A section by its name. */
export type Section = [name: string, data: Record<string, unknown>];

const REHEARSED = new Set(["test-failover", "test-clean-up"]);
const NO_PLAN = "the execution is of a single machine and has no plan";
const AFTERWARDS = "people add this after the end; see the entries";

export function sectionsOf(facts: EvidenceFacts): Section[] {
  return [
    ["identity", identityOf(facts)],
    ["opening", openingOf(facts.execution)],
    ["plan", planOf(facts)],
    ["dependencies", dependenciesOf(facts)],
    ["people", peopleOf(facts)],
    ["environment", environmentOf(facts)],
    ["order", orderOf(facts)],
    ["steps", stepsOf(facts)],
    ["machines", machinesOf(facts)],
    ["probes", probesOf(facts)],
    ["measures", measuredOf(facts)],
    ["return", returnOf(facts)],
    ["deviations", deviationsOf(facts)],
    ["deficiencies", deficienciesOf(facts)],
    ["verdict", verdictOf(facts)],
  ];
}

function machinesOf({ execution: { outcomes } }: EvidenceFacts) {
  const time = "recovery points are dated by the clock of the estate; an execution does not record how that ran";
  return { outcomes: outcomes.map(outcomeOf), notKnown: { "outcomes.recoveryPoint.time": time } };
}

/** The moment of a recovery point is one of the estate, which may be emulated. */
function outcomeOf({ recoveryPoint, ...outcome }: ItemOutcome) {
  if (recoveryPoint === null) return { ...outcome, recoveryPoint };
  const { time, ...point } = recoveryPoint;
  return { ...outcome, recoveryPoint: { ...point, time: null, emulatedTime: time } };
}

function identityOf({ execution, saved, speed, tools }: EvidenceFacts) {
  const { executionId, verb, requestedAt, endedAt, onBehalfOf } = execution;
  return {
    exerciseId: executionId,
    type: REHEARSED.has(verb) ? "rehearsal" : "live",
    verb,
    planName: saved?.plan.name ?? null,
    trigger: onBehalfOf === undefined ? "request" : "timer",
    scenario: null,
    ...{ requestedAt, endedAt, timeZone: "UTC", emulatedSecondsPerSecond: speed, tools },
    clockOffsetMs: null,
    nextDue: null,
    notKnown: {
      scenario: "no scenario is recorded with an execution",
      clockOffsetMs: "the clock of this machine was not compared with a reference",
      nextDue: "an execution has no schedule; the drill that it belongs to has one",
      ...(saved === null && { planName: NO_PLAN }),
    },
  };
}

function planOf({ execution, saved, earlier }: EvidenceFacts) {
  if (saved === null) return { plan: null, notKnown: { plan: NO_PLAN } };
  const { plan, version, hash, savedAt, savedBy } = saved;
  const edits = (execution.steering ?? []).flatMap((act) => (act.action === "edit" ? [act] : []));
  return {
    ...{ plan, version, hash, savedAt, savedBy, edits },
    earlierVersion: earlier?.version ?? null,
    changesSinceEarlierVersion: earlier && planDiff(earlier.plan, plan),
    notKnown: earlier === null ? { earlierVersion: "this is the first version that is kept" } : {},
  };
}

/** Whom the plan relies on besides the sites. An address may hold a secret, so only its host is named. */
function dependenciesOf({ saved }: EvidenceFacts) {
  if (saved === null) return { actions: null, notified: null, notKnown: { actions: NO_PLAN, notified: NO_PLAN } };
  const actions = planActions(saved.plan).map(({ place, action }) => ({
    ...{ place, id: action.id, name: action.name, kind: action.kind },
    host: action.kind === "webhook" ? new URL(action.url).host : null,
  }));
  const notified = [...new Set((saved.plan.notifications ?? []).map(({ url }) => new URL(url).host))];
  return {
    ...{ actions, notified, businessImpactAnalysis: null },
    notKnown: { businessImpactAnalysis: "the plan refers to none" },
  };
}

function peopleOf({ execution, approvals }: EvidenceFacts) {
  const { requestedBy, onBehalfOf, decisions = [], steering = [], cancelRequest } = execution;
  return {
    requester: requestedBy,
    onBehalfOf: onBehalfOf ?? null,
    decided: decisions,
    steered: steering,
    cancelled: cancelRequest ?? null,
    approvals: approvals.map(({ content, hash, status, decisions: made, brokenGlass, closedBecause, usedAt }) => ({
      ...{ approvalId: content.approvalId, requirementId: content.requirementId, round: content.round },
      ...{ requestedAt: content.requestedAt, excluded: content.excluded, contentHash: hash, status },
      ...{ decisions: made, brokenGlass: brokenGlass ?? null, closedBecause: closedBecause ?? null },
      usedAt: usedAt ?? null,
    })),
    observers: null,
    notKnown: { observers: "nobody records who watches" },
  };
}

function environmentOf({ execution }: EvidenceFacts) {
  const { worldId, direction, verb, options, outcomes } = execution;
  const isTest = verb === "test-failover";
  return {
    ...{ worldId, direction, testNetworkId: options.testNetworkId ?? null },
    sites: [...new Set(outcomes.flatMap(({ activeSiteId }) => activeSiteId ?? []))],
    isolation: isTest ? (options.testNetworkId === undefined ? "network-made-for-the-test" : "network-named") : null,
    productionUntouched: null,
    notKnown: {
      ...(!isTest && { isolation: "only a test failover runs in isolation" }),
      productionUntouched: "the verdict of a drill proves this; an execution alone does not",
    },
  };
}

function orderOf({ execution, saved, steps }: EvidenceFacts) {
  if (saved === null) return { planned: null, actual: null, notKnown: { planned: NO_PLAN, actual: NO_PLAN } };
  const own = ownSteps(steps);
  const planned = groupsInOrder(saved.plan).map(({ id }) => id);
  const begun = planned.flatMap((id) => {
    const at = own.filter((step) => step.id === groupStepId(id)).flatMap(({ startedAt }) => startedAt ?? []);
    return at.length === 0 ? [] : [{ groupId: id, startedAt: at.sort()[0] ?? "" }];
  });
  const actual = begun.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
  return {
    ...{ planned, actual, requestedAt: execution.requestedAt, endedAt: execution.endedAt },
    notStarted: planned.filter((id) => !begun.some(({ groupId }) => groupId === id)),
    notKnown: {},
  };
}

const ownSteps = (steps: readonly StepRecord[]): readonly Step[] =>
  steps.find(({ part }) => part === EXECUTION_PART)?.steps ?? [];

const NOT_EXECUTED: ReadonlySet<Step["status"]> = new Set(["waiting", "skipped", "already-done"]);

function stepsOf({ execution, saved, steps }: EvidenceFacts) {
  const leaves = steps.flatMap(({ part, steps: own }) => leavesOf(own).map((step) => ({ ...step, part })));
  const notExecuted = leaves.filter(({ status }) => NOT_EXECUTED.has(status));
  const failed = leaves.filter(({ status }) => status === "failed");
  const reached = new Set(leaves.flatMap(({ itemId }) => itemId ?? []));
  const ran = new Set(leaves.map(({ id }) => id));
  return {
    executed: leaves.length - notExecuted.length,
    ...{ notExecuted, failed },
    machinesWithoutSteps: execution.itemIds.filter((itemId) => !reached.has(itemId)),
    actionsNotRun: saved === null ? [] : actionsNotIn(saved.plan, ran),
  };
}

const actionsNotIn = (plan: Plan, ran: ReadonlySet<string>) =>
  planActions(plan).flatMap(({ place, action: { id, name } }) =>
    ran.has(`action/${id}`) ? [] : [{ place, id, name }],
  );

function probesOf({ saved, steps }: EvidenceFacts) {
  const planned = (saved?.plan.groups ?? []).flatMap(({ items }) =>
    items.flatMap(({ id, probes }) => (probes ? [{ itemId: id, probes }] : [])),
  );
  const answered = steps
    .flatMap(({ steps: own }) => leavesOf(own))
    .filter(({ id }) => id.endsWith("await-probes"))
    .map(({ itemId = null, status, startedAt = null, endedAt = null, detail = null, error = null }) => {
      return { itemId, status, startedAt, endedAt, detail, error };
    });
  return { planned, answered };
}

function measuredOf({ execution, saved }: EvidenceFacts) {
  const measured = saved && measuresOf(saved.plan, execution.verb, execution.outcomes);
  const objectives: Readonly<Record<string, unknown>> = saved?.plan.objectives ?? {};
  return {
    objectives: objectives[execution.verb] ?? null,
    measured,
    predicted: null,
    secondsInRecoveredState: null,
    notKnown: {
      ...(objectives[execution.verb] === undefined && { objectives: "the plan has no objectives for this verb" }),
      predicted: "no prediction was made before the start",
      secondsInRecoveredState: "the machines may run on after the end; the next execution of them says until when",
      ...(measured === null && { measured: saved === null ? NO_PLAN : "the verb moves nothing" }),
    },
  };
}

function returnOf({ execution: { outcomes, verb } }: EvidenceFacts) {
  const returns = verb === "test-clean-up" || verb === "cancel-failover" || verb === "reprotect";
  const leftovers = outcomes.flatMap(({ itemId, leftovers: left }) => (left?.length ? [{ itemId, left }] : []));
  return {
    leftovers: returns ? leftovers : null,
    replicated: outcomes.flatMap(({ itemId, replicated }) => (replicated ? [{ itemId, replicated }] : [])),
    notKnown: returns ? {} : { leftovers: "the execution does not return to normal" },
  };
}

function deviationsOf({ execution, steps }: EvidenceFacts) {
  const { leftOut = [], decisions = [], options, undelivered = [] } = execution;
  return {
    leftOut,
    forced: options.force ?? null,
    manualWork: decisions.filter(({ decision }) => decision.kind === "confirm"),
    skippedSteps: steps.flatMap(({ steps: own }) => leavesOf(own)).filter(({ status }) => status === "skipped").length,
    notificationsNotTaken: undelivered.length,
  };
}

function deficienciesOf({ execution: { outcomes } }: EvidenceFacts) {
  const found = outcomes.flatMap(({ itemId, failure, leftovers = [] }) => [
    ...(failure === null ? [] : [{ itemId, what: failure.message, code: failure.code }]),
    ...leftovers.map((what) => ({ itemId, what, code: "leftover" })),
  ]);
  return {
    found,
    owner: null,
    due: null,
    lessons: null,
    notKnown: { owner: AFTERWARDS, due: AFTERWARDS, lessons: AFTERWARDS },
  };
}

function verdictOf({ execution }: EvidenceFacts) {
  const validated = (execution.decisions ?? []).filter(({ decision }) => decision.kind === "validate");
  return {
    status: execution.status,
    failure: "failure" in execution ? execution.failure : null,
    validated,
    signedBy: null,
    reviewedBy: null,
    notKnown: { signedBy: AFTERWARDS, reviewedBy: AFTERWARDS },
  };
}
