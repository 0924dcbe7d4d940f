import type { FunctionApp, RegisteredFunction } from "../../app/function-app.js";
import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../history.js";
import type { StoredEvent } from "../store/port.js";
import { type OrchestratorAnswer, readAnswer, readFailedAnswer } from "./answer.js";
import type { Ending, Episode, ReplayResult } from "./decisions.js";
import {
  decisionEvent,
  executionCompleted,
  executionStarted,
  orchestratorCompleted,
  orchestratorStarted,
} from "./events.js";
import { asReplayed, orchestratorPayload } from "./payload.js";
import { Replay, ReplayFault } from "./replay.js";
import type { Message, Session } from "./session.js";

/** In bytes of UTF-16. */
const MAX_CUSTOM_STATUS_BYTES = 16 * 1024;

export interface EpisodeDeps {
  app: FunctionApp;
  now: () => number;
  /** A fresh id of 32 hexadecimal digits. */
  newId: () => string;
  /** Runs each orchestrator twice and compares the answers, which finds non-deterministic code at once. */
  strict: boolean;
  maxActions: number;
}

/** Runs the orchestrator over its history and the new messages, and derives the rows to commit. */
export async function runEpisode(session: Session, batch: readonly Message[], deps: EpisodeDeps): Promise<Episode> {
  const nowMs = deps.now();
  const messages = batch.map((message) => message.event);
  for (const event of messages) event.IsPlayed = false;
  const fresh = session.isNewGeneration ? [] : [orchestratorStarted(nowMs), ...messages];
  const history = [...session.events, ...fresh];
  const start = history.find((event) => event.EventType === EventType.ExecutionStarted) as ExecutionStartedEvent;

  const { answer, result, decisions } = await decide(session, start, history, { fresh, nowMs }, deps);
  for (const event of messages) event.IsPlayed = true;
  const tooLarge = checkCustomStatus(answer?.customStatus ?? null);
  const ending = tooLarge ?? result.ending;
  const kept = result.ending?.kind === "terminated" ? session.instance.customStatus : (answer?.customStatus ?? null);
  const base = {
    suspended: result.suspended,
    customStatus: tooLarge ? null : kept,
    cancelledTimers: result.cancelledTimers,
    warnings: collectWarnings(answer, result),
    carriedOver: 0,
  };
  if (ending?.kind === "continue-as-new") {
    return { ...base, ...nextGeneration(start, ending, deps), customStatus: null, carriedOver: ending.carriedOver };
  }
  const rows = [...fresh.map((event) => ({ event, taskInput: null })), ...decisions];
  const ended = ending ? finalStatus(start.Name, ending) : undefined;
  if (ended)
    rows.push({ event: executionCompleted(ended.status, ended.output, result.nextId, nowMs), taskInput: null });
  rows.push({ event: orchestratorCompleted(nowMs), taskInput: null });
  return { ...base, rows, ...(ended ? { ended } : {}) };
}

interface Decided {
  answer?: OrchestratorAnswer;
  result: ReplayResult;
  /** The rows of the new decisions. */
  decisions: StoredEvent[];
}

/** Gets the orchestrator's answer and replays it. The orchestrator of a terminated instance does not run again. */
async function decide(
  session: Session,
  start: ExecutionStartedEvent,
  history: HistoryEvent[],
  { fresh, nowMs }: { fresh: HistoryEvent[]; nowMs: number },
  deps: EpisodeDeps,
): Promise<Decided> {
  const terminated = fresh.find((event) => event.EventType === EventType.ExecutionTerminated);
  if (terminated) return endWithoutReplay(history, { kind: "terminated", reason: terminated.Input });
  const fn = deps.app.find(start.Name);
  if (fn?.trigger.type !== "orchestrationTrigger") {
    return endWithoutReplay(history, { kind: "failed", error: unknownOrchestrator(start.Name, deps.app) });
  }
  const replayed = [...session.replayed, ...fresh.map(asReplayed)];
  try {
    const answer = await invokeOrchestrator(deps.app, fn, start, replayed);
    if (deps.strict) await compareWithSecondRun(answer, deps.app, fn, start, replayed);
    const result = new Replay(answer, deps.maxActions).run(history);
    const { executionId } = session.instance;
    return {
      answer,
      result,
      decisions: result.decisions.map((decision) => decisionEvent(decision, executionId, nowMs)),
    };
  } catch (error) {
    return endWithoutReplay(history, { kind: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

/** Invokes the orchestrator with events in the form of `asReplayed`. Rejects with an error that is not an answer of the package. */
export async function invokeOrchestrator(
  app: FunctionApp,
  fn: RegisteredFunction,
  start: ExecutionStartedEvent,
  replayed: unknown[],
): Promise<OrchestratorAnswer> {
  try {
    const { value } = await app.invoke(fn, {
      inputs: [{ name: fn.trigger.name, data: {} }],
      triggerValue: orchestratorPayload(start, replayed),
      instanceId: start.OrchestrationInstance.InstanceId,
      asValue: true,
    });
    return readAnswer(value);
  } catch (error) {
    const answer = readFailedAnswer(error);
    if (answer) return answer;
    throw error;
  }
}

async function compareWithSecondRun(
  answer: OrchestratorAnswer,
  app: FunctionApp,
  fn: RegisteredFunction,
  start: ExecutionStartedEvent,
  replayed: unknown[],
): Promise<void> {
  const again = await invokeOrchestrator(app, fn, start, replayed);
  const first = JSON.stringify(answer);
  const second = JSON.stringify(again);
  if (first !== second) {
    throw new ReplayFault(
      `Non-Deterministic workflow detected: two replays of the same history gave different answers: ${first} and ${second}`,
    );
  }
}

/** The outcome when no replay takes place. The next id follows the recorded tasks. */
function endWithoutReplay(history: HistoryEvent[], ending: Ending): Decided {
  const nextId = Math.max(...history.map((event) => event.EventId)) + 1;
  const result = { decisions: [], ending, suspended: false, nextId, cancelledTimers: [], openTasks: 0, warnings: [] };
  return { result, decisions: [] };
}

function nextGeneration(
  start: ExecutionStartedEvent,
  ending: Ending & { kind: "continue-as-new" },
  deps: EpisodeDeps,
): Pick<Episode, "rows" | "generation"> {
  const nowMs = deps.now();
  const executionId = deps.newId();
  const next = executionStarted({
    instanceId: start.OrchestrationInstance.InstanceId,
    executionId,
    name: start.Name,
    version: start.Version,
    input: ending.input,
    parent: start.ParentInstance,
    generation: null,
    createdMs: nowMs,
  });
  const rows = [orchestratorStarted(nowMs), next, orchestratorCompleted(nowMs)].map((event) => ({
    event,
    taskInput: null,
  }));
  return { rows, generation: { executionId, start: next } };
}

function finalStatus(name: string, ending: Ending): NonNullable<Episode["ended"]> {
  if (ending.kind === "completed") return { status: "Completed", output: ending.output, error: null };
  if (ending.kind === "failed") {
    return { status: "Failed", output: `Orchestrator function '${name}' failed: ${ending.error}`, error: ending.error };
  }
  return { status: "Terminated", output: ending.kind === "terminated" ? ending.reason : null, error: null };
}

function checkCustomStatus(customStatus: string | null): Ending | undefined {
  const bytes = customStatus === null ? 0 : customStatus.length * 2;
  if (bytes <= MAX_CUSTOM_STATUS_BYTES) return undefined;
  return {
    kind: "failed",
    error: `The custom status has ${bytes} bytes as UTF-16 text, and the limit is ${MAX_CUSTOM_STATUS_BYTES}. Keep large values elsewhere and put a reference into the custom status.`,
  };
}

function collectWarnings(answer: OrchestratorAnswer | undefined, result: ReplayResult): string[] {
  const warnings = [...result.warnings];
  if (answer?.silentThrow) {
    warnings.push(
      "the orchestrator threw a value that is not an Error, so the instance stays Running, as on the genuine host. Throw an Error instead.",
    );
  }
  if (answer?.isDone && result.openTasks > 0 && !result.ending) {
    warnings.push(
      `the orchestrator has returned, but ${result.openTasks} open task(s) keep the instance Running until they end. Cancel timers that are no longer needed.`,
    );
  }
  return warnings;
}

function unknownOrchestrator(name: string, app: FunctionApp): string {
  const known = describeKnownFunctions(app, "orchestrationTrigger");
  return `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function. Additional info: ${known}`;
}

/** A sentence that lists the existing functions, for errors about a missing one. */
export function describeKnownFunctions(
  app: FunctionApp,
  triggerType: "orchestrationTrigger" | "activityTrigger",
): string {
  const names = app.functions.filter((fn) => fn.trigger.type === triggerType).map((fn) => `'${fn.name}'`);
  const kind = triggerType === "orchestrationTrigger" ? "orchestrator" : "activity";
  return names.length > 0
    ? `The following are the known ${kind} functions: ${names.join(", ")}.`
    : `No ${kind} functions are registered.`;
}
