import type { Execution, ItemOutcome } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { isEnded } from "../../../src/domain/plans/failure-policy.js";
import type { ItemState, Verb } from "../../../src/domain/vocabulary.js";
import type { ClientEntry, Evidence } from "../evidence.js";

type Reach = (name: string) => void;

export const transitionName = (direction: string, state: string, verb: string, outcome: string): string =>
  `transition ${direction}: ${verb} from ${state}, ${outcome}`;

/** Coverage goals about executions and requests. */
export const EXECUTION_STATES = [
  "cancel restored protection of every item",
  "cancel as documented: items left in place",
  "cancel refused after the end",
  "undo failed",
  "validation accepted",
  "validation rejected",
  "validation expired: failover kept",
  "validation expired: failover undone",
  "manual action confirmed",
  "manual action declined",
  "manual action expired",
  "question after a failure expired",
  "step past its time limit",
  "continued without a machine",
  "prerequisites not met",
  "no recovery point to start from",
  "succeeded with failures",
  "item already done skipped",
  "more items than a slice holds",
  "duplicate start joined",
  "start refused: item held",
  "start refused: verb not allowed",
  "plan changed while it ran",
  "world imported again",
  "world import refused: in use",
  "split brain detected",
  "split brain resolved",
  "webhook delivered",
  "webhook not answered",
  "several scenarios in one execution",
] as const;
type ExecutionState = (typeof EXECUTION_STATES)[number];

export function reachedByExecutions(evidence: Evidence, reach: Reach): void {
  const reached = (name: ExecutionState): void => reach(name);
  for (const execution of evidence.store.executions) ofExecution(evidence, execution, reach);
  for (const entry of evidence.client) ofRequest(evidence, entry, reach);
  for (const { kind } of evidence.estate.events) if (kind === "condition-resolved") reached("split brain resolved");
  for (const { answered } of evidence.effects.webhooks)
    reached(answered ? "webhook delivered" : "webhook not answered");
  if (evidence.estate.items.some(({ load }) => load > 1)) reached("world imported again");
  for (const { states } of evidence.estate.items) {
    if (states.some(({ state }) => state.conditions.some(({ type }) => type === "split-brain"))) {
      reached("split brain detected");
    }
  }
}

function ofExecution(evidence: Evidence, execution: Execution, reach: Reach): void {
  const reached = (name: ExecutionState): void => reach(name);
  if (execution.itemIds.length > 25) reached("more items than a slice holds");
  if (!("outcomes" in execution)) return;
  if (execution.status === "succeeded-with-failures") reached("succeeded with failures");
  for (const name of endings(execution)) reached(name);
  const scenarios = execution.outcomes.flatMap((outcome) => ofOutcome(evidence, execution, outcome, reach));
  if (new Set(scenarios).size > 1) reached("several scenarios in one execution");
}

/** Records how one item ended. Returns its scenario if the execution had taken it. */
function ofOutcome(
  evidence: Evidence,
  { executionId, verb }: Execution,
  { itemId, outcome }: ItemOutcome,
  reach: Reach,
): string[] {
  if (outcome === "already-done") reach("item already done skipped" satisfies ExecutionState);
  const began = beginning(evidence, executionId, itemId);
  if (!began) return [];
  const { direction, scenario, from } = began;
  const succeeded = outcome === "succeeded";
  reach(transitionName(direction, from, began.verb, succeeded ? "succeeded" : "not succeeded"));
  if (succeeded && isFailover(verb)) {
    reach(`${scenario} ${direction === "primary-to-recovery" ? "failed over" : "came home"}`);
  }
  return [scenario];
}

const isFailover = (verb: Verb): boolean => /failover$|^failback$|^full-run$/.test(verb) && verb !== "test-failover";

/** Why an execution ended as it did, according to its record. */
function endings(execution: Extract<Execution, { outcomes: unknown }>): ExecutionState[] {
  const failure = "failure" in execution ? execution.failure : null;
  const texts = [failure, ...execution.outcomes.map((outcome) => outcome.failure)].flatMap((one) => one ?? []);
  const codes = new Set(texts.map(({ code }) => code));
  const said = (part: string): boolean => texts.some(({ message }) => message.includes(part));
  const cancelled = execution.status === "cancelled";
  const asDocumented = execution.cancelRequest?.behaviour === "as-documented";
  const restored = execution.outcomes.some(({ outcome, state }) => outcome === "cancelled" && state === "protected");
  const candidates: [ExecutionState, boolean][] = [
    ["cancel restored protection of every item", cancelled && !asDocumented && restored],
    ["cancel as documented: items left in place", cancelled && asDocumented],
    ["undo failed", codes.has("undo-failed")],
    ["validation rejected", said("rejected by")],
    ["validation expired: failover kept", codes.has("validation-expired")],
    ["validation expired: failover undone", said("nobody validated in time") && !codes.has("validation-expired")],
    ["manual action declined", said("declined it")],
    ["manual action expired", said("nobody confirmed the action in time")],
    ["question after a failure expired", said("nobody answered what to do")],
    ["step past its time limit", said("the step did not end within its limit")],
    ["prerequisites not met", codes.has("prerequisites-failed")],
    ["no recovery point to start from", codes.has("no-recovery-point") || codes.has("no-common-recovery-point")],
  ];
  return candidates.flatMap(([name, is]) => (is ? [name] : []));
}

interface Beginning {
  from: ItemState;
  verb: Verb;
  direction: ItemRecord["direction"];
  scenario: ItemRecord["scenario"];
}

const begun = new WeakMap<Evidence, Map<string, Beginning>>();

/** The state of an item when an execution took it. */
function beginning(evidence: Evidence, executionId: string, itemId: string): Beginning | undefined {
  const known = begun.get(evidence) ?? beginnings(evidence);
  begun.set(evidence, known);
  return known.get(`${executionId}/${itemId}`);
}

function beginnings({ store }: Evidence): Map<string, Beginning> {
  const found = new Map<string, Beginning>();
  for (const { table, operations } of store.journal) {
    if (table !== "Items") continue;
    for (const { json } of operations) {
      if (json === null) continue;
      const { heldBy, itemId, direction, scenario } = JSON.parse(json) as ItemRecord;
      const key = `${heldBy?.executionId}/${itemId}`;
      if (heldBy && !found.has(key)) found.set(key, { from: heldBy.from, verb: heldBy.verb, direction, scenario });
    }
  }
  return found;
}

function ofRequest(evidence: Evidence, entry: ClientEntry, reach: Reach): void {
  const { request, outcome, code } = entry;
  const reached = (name: ExecutionState): void => reach(name);
  if (request.kind === "start") ofStart(evidence, entry, reached);
  if (request.kind === "cancel" && code === "execution-ended") reached("cancel refused after the end");
  if (request.kind === "import-world" && code === "world-in-use") reached("world import refused: in use");
  if (outcome !== "ok") return;
  if (request.kind === "validate" && request.verdict === "accept") reached("validation accepted");
  if (request.kind === "confirm" && request.done) reached("manual action confirmed");
  if (request.kind === "resolve") reach(`failure resolved with ${request.answer}`);
  if (request.kind === "continue-without") reached("continued without a machine");
  if (request.kind === "save-plan" && request.ifMatch !== null && ranAt(evidence, entry.atMs))
    reached("plan changed while it ran");
}

function ofStart({ client }: Evidence, entry: ClientEntry, reached: (name: ExecutionState) => void): void {
  const { executionId, n, code } = entry;
  if (code === "item-held") reached("start refused: item held");
  if (code === "verb-not-allowed") reached("start refused: verb not allowed");
  const isJoined = executionId !== null && client.some((other) => other.n < n && other.executionId === executionId);
  if (isJoined) reached("duplicate start joined");
}

const ranAt = ({ store }: Evidence, atMs: number): boolean =>
  store.executions.some(
    (execution) =>
      Date.parse(execution.requestedAt) <= atMs &&
      isEnded(execution.status) &&
      "endedAt" in execution &&
      Date.parse(execution.endedAt) > atMs,
  );
