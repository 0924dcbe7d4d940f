import { RecoveryError } from "../domain/errors.js";
import type { Execution, Step } from "../domain/execution.js";
import type { NextStep } from "../domain/executions/next-steps.js";
import { summaryOf } from "../domain/executions/summary.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { type Measures, measuresOf } from "../domain/plans/measures.js";
import type { Plan } from "../domain/plans/plan.js";
import { type AllowedAction, allowedActionsOf } from "../domain/steering/allowed-steering.js";
import { pauseOf, planVersionOf } from "../domain/steering/in-force.js";
import type { ExecutionStatus, Verb } from "../domain/vocabulary.js";
import type { EstateClock } from "../domain/worlds/estate-clock.js";
import type { InstanceView } from "../durable/client.js";
import { unpackSteps } from "../durable/progress.js";
import { EXECUTION_PART } from "../executions/step-parts.js";
import { actionOfStep, approvalOfStep, stepTitle } from "../steps/plan-steps.js";
import type { Page, PageRequest } from "../store/port.js";
import { approvalsAwaited } from "./approvals-awaited.js";
import {
  type Awaited,
  type AwaitedApproval,
  type AwaitedCall,
  awaitedResume,
  callsWhileRunning,
  type NamedWait,
  namedWaits,
  withCalls,
} from "./awaited-calls.js";
import { awaitedTimer } from "./awaited-timer.js";
import type { Context } from "./context.js";
import { type Attention, attentionAfterEnd, attentionWhileRunning } from "./execution-attention.js";
import { progressOf } from "./execution-progress.js";
import { type StepSources, treeOf } from "./execution-tree.js";
import { blockedReasonOf } from "./instance-status.js";
import { keptSteps, liveItemSteps } from "./item-steps.js";
import { recordedClockOf } from "./recorded-clock.js";
import { steeringFactsOf } from "./steering-facts.js";
import { stuckSteps } from "./stuck-steps.js";

/** Without this decision the execution cannot continue. A call-back comes by itself, and a stuck step has its limit. */
const blocks = ({ kind }: AwaitedCall | Awaited): boolean =>
  kind !== "continue-without" && kind !== "call-back" && kind !== "paused";

/** An execution with its steps as a tree, and what a person needs to decide. */
export interface ExecutionView extends Attention {
  execution: Execution;
  /** The state in a sentence: what it waits for, or what runs, or how it ended. */
  summary: string;
  /** The name of its plan; null for a single item. */
  planName: string | null;
  /** From the record, or from the steps while it runs. */
  status: ExecutionStatus;
  /** 0 to 100, of everything it has to do. */
  progress: number;
  awaits: NamedWait[];
  /** The calls that lead on from here, the usual one first. */
  nextSteps: NextStep[];
  /** What people may do with it, beside answering what it asks; and why not, and what would make it so. */
  allowedActions: AllowedAction[];
  steps: Step[];
  /** Of a plan's ended execution: what it lost and how long it took, against the plan's objectives. */
  measures: Measures | null;
  /** The clock of the moments that it recorded; null when the estate that they belong to is gone. */
  estateClock: EstateClock | null;
  /** Why its orchestrations are blocked, if any is. */
  blockedReasons?: string[];
}

/** An execution as it is now: from its record and kept steps, and from its orchestrations while they run. */
export async function viewExecution(given: Context, executionId: string): Promise<ExecutionView> {
  const { context, blocked } = notingBlockedReasons(given);
  const record = context.store.getExecution(executionId);
  const [found, plan, kept, live] = await Promise.all([
    record,
    record.then((known) => (known ? planOfExecution(context, known.value) : null)),
    context.store.getSteps(executionId),
    context.orchestrations.getStatus(executionId),
  ]);
  if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  const execution = found.value;
  const ended = isEnded(execution.status);
  const own = ended
    ? (kept.find(({ part }) => part === EXECUTION_PART)?.steps ?? [])
    : titledSteps(live, execution.verb);
  const recorded = new Set(kept.map(({ part }) => part));
  const sources: StepSources = {
    own: newestOfEach(own),
    kept: keptSteps(kept),
    live: onceForEach((stage) => liveItemSteps(context, execution, stage, recorded)),
  };
  const [steps, estateClock] = await Promise.all([
    treeOf(execution, plan, sources),
    recordedClockOf(context, execution),
  ]);
  const awaits = ended
    ? await awaitedTimer(context, execution, live)
    : [
        ...awaitedResume(execution),
        ...(await awaitedCalls(context, execution, plan, own)),
        ...stuckSteps(context, execution, plan, steps),
      ];
  const [progress, { attention, nextSteps }] = await Promise.all([
    ended ? 100 : progressOf(execution, plan, sources),
    lookAround(context, execution, { steps, awaits }),
  ]);
  const status = statusOf(execution, awaits, blocked);
  const planName = plan?.name ?? null;
  const blockedReasons = ended ? [] : blocked;
  const measures =
    plan !== null && "outcomes" in execution ? measuresOf(plan, execution.verb, execution.outcomes) : null;
  return {
    execution,
    summary: summaryOf({ execution, status, planName, awaits, steps, blockedReasons, measures, ...attention }),
    planName,
    status,
    progress,
    ...attention,
    awaits: namedWaits(execution, awaits),
    nextSteps,
    allowedActions: allowedActionsOf(steeringFactsOf({ execution, steps, awaits })),
    steps,
    measures,
    estateClock,
    ...(blockedReasons.length > 0 && { blockedReasons }),
  };
}

/** What it waits for itself, with the calls that end it. */
async function awaitedCalls(
  context: Context,
  execution: Execution,
  plan: Plan | null,
  own: readonly Step[],
): Promise<AwaitedCall[]> {
  const awaits = awaitedBy(own);
  const isApproval = (awaited: Awaited): awaited is AwaitedApproval => awaited.kind === "approval";
  const questions = awaits.flatMap((awaited) => (isApproval(awaited) ? [] : [awaited]));
  return [
    ...withCalls(execution, plan, own, questions, context.clock.now()),
    ...(await approvalsAwaited(context, execution, own, awaits.filter(isApproval))),
  ];
}

/** What needs a person, and which calls lead on. */
async function lookAround(
  context: Context,
  execution: Execution,
  { steps, awaits }: { steps: readonly Step[]; awaits: readonly AwaitedCall[] },
): Promise<{ attention: Attention; nextSteps: NextStep[] }> {
  if ("outcomes" in execution) return attentionAfterEnd(context, execution);
  const failed = steps.flatMap(({ children = [] }) => children).filter(({ status }) => status === "failed");
  const failedIds = [...new Set(failed.flatMap(({ itemId }) => itemId ?? []))];
  const attention = await attentionWhileRunning(context, execution, failedIds);
  return { attention, nextSteps: callsWhileRunning(execution, awaits) };
}

/** Reads each stage once for all that use it. */
function onceForEach(read: StepSources["live"]): StepSources["live"] {
  const known = new Map<string, ReturnType<StepSources["live"]>>();
  return (stage) => {
    const answer = known.get(stage.id) ?? read(stage);
    known.set(stage.id, answer);
    return answer;
  };
}

function statusOf(
  execution: Execution,
  awaits: readonly (Awaited | AwaitedCall)[],
  blocked: readonly string[],
): ExecutionStatus {
  if (isEnded(execution.status)) return execution.status;
  if (blocked.length > 0 || pauseOf(execution) !== null) return "paused";
  const blocking = awaits.filter(blocks);
  if (blocking.length === 0) return execution.status;
  return blocking.every(({ kind }) => kind === "approval") ? "awaiting-approval" : "awaiting-input";
}

/** The context, with a list that collects why the orchestrations that are read through it are blocked. */
function notingBlockedReasons(context: Context): { context: Context; blocked: string[] } {
  const blocked: string[] = [];
  const getStatus: Context["orchestrations"]["getStatus"] = async (id) => {
    const seen = await context.orchestrations.getStatus(id);
    const why = seen && blockedReasonOf(seen);
    if (why !== undefined) blocked.push(`${id}: ${why}`);
    return seen;
  };
  return { context: { ...context, orchestrations: { ...context.orchestrations, getStatus } }, blocked };
}

/** Executions, newest first, each with the status it has now. */
export async function listExecutions(
  given: Context,
  page: PageRequest,
): Promise<Page<{ execution: Execution; status: ExecutionStatus }>> {
  const { entries, ...rest } = await given.store.listExecutions(page);
  const views = entries.map(async (execution) => {
    if (isEnded(execution.status)) return { execution, status: execution.status };
    const { context, blocked } = notingBlockedReasons(given);
    const awaits = awaitedBy(
      titledSteps(await context.orchestrations.getStatus(execution.executionId), execution.verb),
    );
    return { execution, status: statusOf(execution, awaits, blocked) };
  });
  return { ...rest, entries: await Promise.all(views) };
}

/** A step that was retried is shown as it came out last. */
const newestOfEach = (steps: readonly Step[]): Step[] => [...new Map(steps.map((step) => [step.id, step])).values()];

const titledSteps = (seen: InstanceView | undefined, verb: Verb): Step[] =>
  unpackSteps(seen?.steps ?? [], (id) => stepTitle(verb, id));

function awaitedBy(own: readonly Step[]): Awaited[] {
  return own.flatMap(({ id, status, detail = "" }): Awaited[] => {
    if (status !== "awaiting-input") return [];
    const approval = approvalOfStep(id);
    if (approval !== undefined) return [{ ...approval, kind: "approval", asks: detail }];
    const action = actionOfStep(id);
    if (action?.kind === "action") return [{ ...action, kind: "confirm", asks: detail }];
    if (action?.kind === "call-back") return [{ ...action, kind: "call-back", asks: detail }];
    const [kind, name = ""] = id.split("/");
    return [kind === "ask" ? { kind: "resolve", ask: Number(name), asks: detail } : { kind: "validate", asks: detail }];
  });
}

/** The plan that it runs; null for a single item. */
export async function planOfExecution({ store }: Context, execution: Execution): Promise<Plan | null> {
  const { subject } = execution;
  if (subject.kind === "item") return null;
  return (await store.getPlanVersion(subject.planId, planVersionOf(execution)))?.plan ?? null;
}
