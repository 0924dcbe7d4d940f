/**
 * The tasks of an item or site: operations under keys that callers begin and then poll. Pure: entities.ts stores what
 * comes out. Shown in hypervisor-tasks.suite.ts, hypervisor-faults.suite.ts and invariants.test.ts:
 *
 * I1. A key stands for one effect and always gets the same final answer ("begin, poll early, poll when due…", "20
 *     calls at the same time have one effect", "a key used for another operation is refused").
 * I2. An item or site has one operation at a time ("an item does one operation at a time").
 * I3. A due operation takes effect at its due time, whether or not a caller polls ("an operation continues while its
 *     caller is away…").
 * I4. An abandoned operation never takes effect; one that has taken effect stays ("an operation abandoned while it is
 *     under way…").
 * I5. Every effect has one ledger entry, epochs never fall, and at most one copy takes writes ("any calls in any
 *     order…", "the same calls give the same ledger").
 * I6. A refusal is an answer, a fault is an error that a retry may pass ("refuse: the guest refuses…", "fail-before…",
 *     "fail-after…").
 * I7. A hanging operation resumes when no fault holds it any more ("hang: …").
 */
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { ITEM_OPERATIONS, isItemOperation, SITE_OPERATIONS } from "../../steps/catalogue.js";
import type { OperationName, TaskReply } from "../port.js";
import type { Behaviour, Effect, TaskRefusal } from "./behaviour.js";
import { faultError, faultsOn, sitesNeeded, withHit } from "./faults.js";
import type { Reservation } from "./operation-slots.js";
import type { EmulatedEntity, Entry, Params, Task, WorldHeader } from "./state.js";

type RunningTask = Extract<Task, { state: "running" }>;
type EndedTask = Exclude<Task, RunningTask>;

/** How the operations on items, or on sites, behave. */
export interface TaskRules<S extends EmulatedEntity> {
  behaviour: (operation: OperationName) => Behaviour<S, unknown>;
  durationMs: (state: S, operation: OperationName, effect: Effect) => number;
}

/** One call that begins an operation or polls it. */
export interface Call {
  key: string;
  executionId: string;
  operation: OperationName;
  params: Params;
  nowMs: number;
  header: WorldHeader;
}

/** The outcome of a call: the state to store (the same object when nothing changed), and a reply or a fault to throw. */
export type TaskStep<S> = { state: S } & ({ reply: EmulatedReply } | { fault: RecoveryError });

/** A TaskReply in emulated milliseconds. */
export type EmulatedReply =
  | { state: "waiting"; untilMs: number; hanging: boolean; begun: boolean }
  | Exclude<TaskReply<unknown>, { state: "waiting" }>;

/** The polling interval of a hanging operation. */
const HANGING_POLL_MS = 60_000;
/** From this many tasks on, ended ones of other executions are dropped. Nobody polls a key that old. */
const MAX_KEPT_TASKS = 64;

/** Whether an operation undoes what others did. */
const undoes = (operation: OperationName): boolean =>
  (isItemOperation(operation) ? ITEM_OPERATIONS[operation] : SITE_OPERATIONS[operation]).direction === "undo";

/**
 * Whether a hanging operation is abandoned for another. An item belongs to one execution, which runs its steps in
 * sequence: a request for the next operation shows that nobody waits for the hanging one. A site serves many executions
 * at the same time, so there only an undo operation replaces it.
 */
const replacesHanging = ({ kind }: EmulatedEntity, operation: OperationName): boolean =>
  kind === "item" || undoes(operation);

const withTask = <S extends EmulatedEntity>(state: S, key: string, task: Task): S => ({
  ...state,
  tasks: { ...state.tasks, [key]: task },
});

const effectOf = (task: RunningTask, atMs: number): Effect => ({
  atMs,
  beganMs: task.beganMs,
  executionId: task.executionId,
  params: task.params,
});

/** Ends a task at the given time: refused, or applied with an entry in the ledger. */
function finish<S extends EmulatedEntity>(
  rules: TaskRules<S>,
  state: S,
  key: string,
  task: RunningTask,
  atMs: number,
): S {
  const { operation, executionId, params, beganMs } = task;
  const behaviour = rules.behaviour(operation);
  const effect = effectOf(task, atMs);
  const refusal = behaviour.refuses?.(state, effect) ?? null;
  const base = { operation, executionId, params, beganMs };
  if (refusal !== null) return withTask(state, key, { ...base, state: "failed", ...refusal });
  const { state: changed, result } = behaviour.apply(state, effect);
  const entry: Entry = {
    sequence: state.entries + 1,
    beganAt: toInstant(beganMs),
    at: toInstant(atMs),
    siteIds: busySites(state, operation),
    executionId,
    key,
    operation,
    epoch: changed.kind === "item" ? changed.epoch : 0,
    after: changed.kind === "item" ? { source: changed.source, replica: changed.replica } : null,
    result,
  };
  const recorded = { ...changed, ledger: [...state.ledger, entry], entries: entry.sequence };
  return withTask(recorded, key, { ...base, state: "done", endedMs: atMs, result });
}

const runningTasks = (state: EmulatedEntity): [string, RunningTask][] =>
  Object.entries(state.tasks).flatMap(([key, task]) => (task.state === "running" ? [[key, task]] : []));

/** Ends every task that is due, in the order of their due times. */
export function settle<S extends EmulatedEntity>(rules: TaskRules<S>, state: S, nowMs: number): S {
  return runningTasks(state)
    .flatMap(([key, task]) => (task.dueMs !== null && task.dueMs <= nowMs ? [{ key, task, dueMs: task.dueMs }] : []))
    .sort((a, b) => a.dueMs - b.dueMs)
    .reduce((settled, { key, task, dueMs }) => finish(rules, settled, key, task, dueMs), state);
}

/** The hypervisors that an operation keeps busy: none for one that only waits for an agent. */
const busySites = (state: EmulatedEntity, operation: OperationName): string[] =>
  operation === "await-agent" ? [] : sitesNeeded(state, operation);

/** The operation under way on an entity: its key and the slots it needs; null when it needs none. */
export function reservationOf(
  state: EmulatedEntity,
): { key: string; reservation: Reservation; isUndo: boolean } | null {
  const [running] = runningTasks(state).filter(([, { operation }]) => busySites(state, operation).length > 0);
  if (running === undefined) return null;
  const [key, { operation, executionId, dueMs }] = running;
  const reservation = { holder: holderOf(state), executionId, siteIds: busySites(state, operation), untilMs: dueMs };
  return { key, reservation, isUndo: undoes(operation) };
}

/** A step with the operation of a key beginning later than it was decided: when its slots were reserved. */
export function begunLater<S extends EmulatedEntity>(step: TaskStep<S>, key: string, byMs: number): TaskStep<S> {
  const task = step.state.tasks[key];
  if (task?.state !== "running" || byMs <= 0) return step;
  const { beganMs, dueMs } = task;
  const later = { ...task, beganMs: beganMs + byMs, dueMs: dueMs === null ? null : dueMs + byMs };
  const state = withTask(step.state, key, later);
  if (!("reply" in step) || step.reply.state !== "waiting") return { ...step, state };
  return { state, reply: { ...step.reply, untilMs: step.reply.untilMs + byMs } };
}

/** The name of an entity in a reservation. */
export const holderOf = ({ kind, id }: Pick<EmulatedEntity, "kind" | "id">): string => `${kind}:${id}`;
export const parseHolder = (holder: string): { kind: string; id: string } => {
  const colon = holder.indexOf(":");
  return { kind: holder.slice(0, colon), id: holder.slice(colon + 1) };
};

/** Gives a due time to every hanging task that no fault holds any more. */
export function resumed<S extends EmulatedEntity>(
  rules: TaskRules<S>,
  state: S,
  header: WorldHeader,
  nowMs: number,
): S {
  return runningTasks(state).reduce((changed, [key, task]) => {
    if (task.dueMs !== null || faultsOn(header, state, task.operation).some(({ mode }) => mode === "hang")) {
      return changed;
    }
    return withTask(changed, key, { ...task, dueMs: dueMsOf(rules, changed, header, task, nowMs) });
  }, state);
}

/** The end of a task that begins or resumes now. */
function dueMsOf<S extends EmulatedEntity>(
  rules: TaskRules<S>,
  state: S,
  header: WorldHeader,
  task: RunningTask,
  nowMs: number,
): number {
  const slow = faultsOn(header, state, task.operation).reduce(
    (factor, fault) => factor * (fault.mode === "slow" ? (fault.factor ?? 1) : 1),
    1,
  );
  return nowMs + Math.round(rules.durationMs(state, task.operation, effectOf(task, nowMs)) * slow);
}

const waiting = (untilMs: number, { hanging, begun }: { hanging: boolean; begun: boolean }): EmulatedReply => ({
  state: "waiting",
  untilMs,
  hanging,
  begun,
});

/** Begins the operation of a call, or polls it. */
export function beginOrPoll<S extends EmulatedEntity>(rules: TaskRules<S>, before: S, call: Call): TaskStep<S> {
  const state = settle(rules, resumed(rules, before, call.header, call.nowMs), call.nowMs);
  const task = state.tasks[call.key];
  if (task === undefined) return begin(rules, state, call);
  if (task.operation !== call.operation) {
    const text = `key ${call.key} stands for ${task.operation}, not for ${call.operation}`;
    return { state, fault: new RecoveryError("task-key-reused", text) };
  }
  return task.state === "running" ? poll(rules, state, call, task) : answer(state, call, task);
}

function answer<S extends EmulatedEntity>(state: S, call: Call, task: EndedTask): TaskStep<S> {
  if (task.state === "failed") {
    return { state, reply: { state: "failed", code: task.code, message: task.message } };
  }
  const lost = faultsOn(call.header, state, call.operation).find(({ mode }) => mode === "fail-after");
  if (lost !== undefined) return { state: withHit(state, lost), fault: faultError(lost, state, call.operation) };
  const { result, beganMs, endedMs } = task;
  return { state, reply: { state: "done", result, startedAt: toInstant(beganMs), endedAt: toInstant(endedMs) } };
}

/** One operation at a time: the reply to wait for another one, or the state in which hanging ones are abandoned. */
function waitForOthers<S extends EmulatedEntity>(state: S, call: Call): { state: S; reply: EmulatedReply | null } {
  const others = runningTasks(state).filter(([key]) => key !== call.key);
  const hanging = others.filter(([, { dueMs }]) => dueMs === null);
  const dues = others.flatMap(([, { dueMs }]) => dueMs ?? []);
  if (dues.length > 0) return { state, reply: waiting(Math.max(...dues), { hanging: false, begun: false }) };
  if (hanging.length === 0) return { state, reply: null };
  if (!replacesHanging(state, call.operation)) {
    return { state, reply: waiting(call.nowMs + HANGING_POLL_MS, { hanging: true, begun: false }) };
  }
  return { state: withoutEffect(state, hanging, `abandoned for ${call.operation}`), reply: null };
}

/** Ends running tasks without their effects. */
const withoutEffect = <S extends EmulatedEntity>(
  state: S,
  tasks: readonly [string, RunningTask][],
  message: string,
): S =>
  tasks.reduce((changed, [key, { operation, executionId, params, beganMs }]) => {
    const base = { operation, executionId, params, beganMs };
    return withTask(changed, key, { ...base, state: "failed", code: "operation-refused", message });
  }, state);

/** Abandons the task of a key if it is under way. */
export const abandoned = <S extends EmulatedEntity>(state: S, key: string): S =>
  withoutEffect(
    state,
    runningTasks(state).filter(([running]) => running === key),
    "abandoned by its caller",
  );

function begin<S extends EmulatedEntity>(rules: TaskRules<S>, state: S, call: Call): TaskStep<S> {
  const { operation, executionId, params, nowMs, header } = call;
  const faults = faultsOn(header, state, operation);
  const before = faults.find(({ mode }) => mode === "fail-before");
  if (before !== undefined) return { state: withHit(state, before), fault: faultError(before, state, operation) };
  const free = waitForOthers(state, call);
  if (free.reply !== null) return { state: free.state, reply: free.reply };
  const task: RunningTask = { operation, executionId, params, beganMs: nowMs, state: "running", dueMs: null };
  const refusing = faults.find(({ mode }) => mode === "refuse");
  const refusal =
    refusing === undefined
      ? rules.behaviour(operation).refuses?.(free.state, effectOf(task, nowMs))
      : guestRefusal(state, operation);
  const kept = withoutOldTasks(free.state, executionId);
  if (refusal) return refusedCall(refusing === undefined ? kept : withHit(kept, refusing), call, refusal);
  return poll(rules, withTask(kept, call.key, task), call, task);
}

/** The refusal of a call that would begin an operation. It is the answer of its key for ever. */
export function refusedCall<S extends EmulatedEntity>(
  state: S,
  { key, operation, executionId, params, nowMs }: Call,
  refusal: TaskRefusal,
) {
  const failed: Task = { operation, executionId, params, beganMs: nowMs, state: "failed", ...refusal };
  return { state: withTask(state, key, failed), reply: { state: "failed" as const, ...refusal } };
}

const guestRefusal = ({ id }: EmulatedEntity, operation: OperationName): TaskRefusal =>
  operation === "shut-down-source"
    ? { code: "shutdown-failed", message: `the guest of ${id} refused to shut down` }
    : { code: "operation-refused", message: `the hypervisor refused ${operation} of ${id}` };

/** The task gets its due time as soon as no fault makes it hang. */
function poll<S extends EmulatedEntity>(rules: TaskRules<S>, state: S, call: Call, task: RunningTask): TaskStep<S> {
  const { key, operation, nowMs, header } = call;
  if (faultsOn(header, state, operation).some(({ mode }) => mode === "hang")) {
    const hung = task.dueMs === null ? state : withTask(state, key, { ...task, dueMs: null });
    return { state: hung, reply: waiting(nowMs + HANGING_POLL_MS, { hanging: true, begun: true }) };
  }
  const dueMs = task.dueMs ?? dueMsOf(rules, state, header, task, nowMs);
  if (dueMs > nowMs) {
    const changed = dueMs === task.dueMs ? state : withTask(state, key, { ...task, dueMs });
    return { state: changed, reply: waiting(dueMs, { hanging: false, begun: true }) };
  }
  const done = finish(rules, state, key, task, dueMs);
  const ended = done.tasks[key];
  if (ended === undefined || ended.state === "running") throw new Error(`task ${key} did not end`);
  return answer(done, call, ended);
}

/** Drops ended tasks of other executions when there are too many. The ledger still has their effects. */
function withoutOldTasks<S extends EmulatedEntity>(state: S, executionId: string): S {
  const entries = Object.entries(state.tasks);
  if (entries.length < MAX_KEPT_TASKS) return state;
  const mine = entries.filter(([, task]) => task.executionId === executionId || task.state === "running");
  return { ...state, tasks: Object.fromEntries(mine) };
}
