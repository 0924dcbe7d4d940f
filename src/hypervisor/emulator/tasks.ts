import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { ITEM_OPERATIONS, isItemOperation, SITE_OPERATIONS } from "../../steps/catalogue.js";
import type { OperationName, TaskReply } from "../port.js";
import type { Behaviour, Effect, Refusal } from "./behaviour.js";
import { faultError, faultsOn, sitesNeeded, withHit } from "./faults.js";
import type { Stay } from "./places.js";
import type { EmulatedItem, EmulatedSite, Entry, Params, Task, WorldHeader } from "./state.js";

type Subject = EmulatedItem | EmulatedSite;
type Running = Extract<Task, { state: "running" }>;

/** How the tasks of one kind of subject behave. */
export interface TaskRules<S extends Subject> {
  behaviour: (operation: OperationName) => Behaviour<S, unknown>;
  durationMs: (state: S, operation: OperationName, effect: Effect) => number;
}

/** One call of begin-or-look. */
export interface Call {
  key: string;
  executionId: string;
  operation: OperationName;
  params: Params;
  nowMs: number;
  header: WorldHeader;
}

/** What a call leads to: the state to keep (the same object when nothing changed), and an answer or a fault to throw. */
export type Turn<S> = { state: S } & ({ reply: EmulatedReply } | { fault: RecoveryError });

/** Like TaskReply, but in emulated milliseconds. */
export type EmulatedReply =
  | { state: "waiting"; untilMs: number; hanging: boolean; begun: boolean }
  | Exclude<TaskReply<unknown>, { state: "waiting" }>;

/** How soon to look again at an operation that hangs. */
const HANG_LOOK_MS = 60_000;
/** Tasks that are kept besides those of the calling execution; a key that old is not asked for again. */
const KEPT_TASKS = 64;

/** Whether an operation undoes what others did. */
const undoes = (operation: OperationName): boolean =>
  (isItemOperation(operation) ? ITEM_OPERATIONS[operation] : SITE_OPERATIONS[operation]).direction === "undo";

/**
 * Whether what hangs is given up for an operation. One story at a time has an item, step by step: when it asks for
 * another operation, nobody waits for the one that hangs. A site serves many at once, so there only an undo goes first.
 */
const goesBeforeWhatHangs = ({ kind }: Subject, operation: OperationName): boolean =>
  kind === "item" || undoes(operation);

const withTask = <S extends Subject>(state: S, key: string, task: Task): S => ({
  ...state,
  tasks: { ...state.tasks, [key]: task },
});

const effectOf = (task: Running, atMs: number): Effect => ({
  atMs,
  beganMs: task.beganMs,
  executionId: task.executionId,
  params: task.params,
});

/** Lets a task take effect at a moment: refused, or applied with an entry in the ledger. */
function finish<S extends Subject>(rules: TaskRules<S>, state: S, key: string, task: Running, atMs: number): S {
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
    siteIds: sitesKeptBusy(state, operation),
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

const runningTasks = (state: Subject): [string, Running][] =>
  Object.entries(state.tasks).flatMap(([key, task]) => (task.state === "running" ? [[key, task]] : []));

/** Everything that was due by now has happened, in its order, whether anybody looked or not. */
export function settle<S extends Subject>(rules: TaskRules<S>, state: S, nowMs: number): S {
  return runningTasks(state)
    .flatMap(([key, task]) => (task.dueMs !== null && task.dueMs <= nowMs ? [{ key, task, dueMs: task.dueMs }] : []))
    .sort((a, b) => a.dueMs - b.dueMs)
    .reduce((settled, { key, task, dueMs }) => finish(rules, settled, key, task, dueMs), state);
}

/** The hypervisors that have work with an operation: none with what only waits for somebody else. */
const sitesKeptBusy = (state: Subject, operation: OperationName): string[] =>
  operation === "await-agent" ? [] : sitesNeeded(state, operation);

/** The key of the operation that a subject is under, and the place that it holds for it; null when there is none. */
export function stayOf(state: Subject): { key: string; stay: Stay; undoes: boolean } | null {
  const [running] = runningTasks(state).filter(([, { operation }]) => sitesKeptBusy(state, operation).length > 0);
  if (running === undefined) return null;
  const [key, { operation, executionId, dueMs }] = running;
  const stay = { holder: holderOf(state), executionId, siteIds: sitesKeptBusy(state, operation), untilMs: dueMs };
  return { key, stay, undoes: undoes(operation) };
}

/** A subject as it is named in the places, and back. */
export const holderOf = ({ kind, id }: Pick<Subject, "kind" | "id">): string => `${kind}:${id}`;
export const heldBy = (holder: string): { kind: string; id: string } => {
  const colon = holder.indexOf(":");
  return { kind: holder.slice(0, colon), id: holder.slice(colon + 1) };
};

/** What hung goes on when nothing makes it hang any more, whether anybody looks at it or not. */
export function goneOn<S extends Subject>(rules: TaskRules<S>, state: S, header: WorldHeader, nowMs: number): S {
  return runningTasks(state).reduce((changed, [key, task]) => {
    if (task.dueMs !== null || faultsOn(header, state, task.operation).some(({ mode }) => mode === "hang")) {
      return changed;
    }
    return withTask(changed, key, { ...task, dueMs: dueMsOf(rules, changed, header, task, nowMs) });
  }, state);
}

/** When a task ends that goes on from a moment. */
function dueMsOf<S extends Subject>(
  rules: TaskRules<S>,
  state: S,
  header: WorldHeader,
  task: Running,
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

/** Begins the operation of a call, or looks at how far it is. Pure: the caller keeps the state. */
export function beginOrLook<S extends Subject>(rules: TaskRules<S>, before: S, call: Call): Turn<S> {
  const state = settle(rules, goneOn(rules, before, call.header, call.nowMs), call.nowMs);
  const task = state.tasks[call.key];
  if (task === undefined) return begin(rules, state, call);
  if (task.operation !== call.operation) {
    const text = `key ${call.key} stands for ${task.operation}, not for ${call.operation}`;
    return { state, fault: new RecoveryError("task-key-reused", text) };
  }
  return task.state === "running" ? look(rules, state, call, task) : answer(state, call, task);
}

function answer<S extends Subject>(state: S, call: Call, task: Exclude<Task, Running>): Turn<S> {
  if (task.state === "failed") {
    return { state, reply: { state: "failed", code: task.code, message: task.message } };
  }
  const lost = faultsOn(call.header, state, call.operation).find(({ mode }) => mode === "fail-after");
  if (lost !== undefined) return { state: withHit(state, lost), fault: faultError(lost, state, call.operation) };
  const { result, beganMs, endedMs } = task;
  return { state, reply: { state: "done", result, startedAt: toInstant(beganMs), endedAt: toInstant(endedMs) } };
}

/** One operation at a time: the reply to wait for another, or the state in which hanging ones were given up. */
function queue<S extends Subject>(state: S, call: Call): { state: S; reply: EmulatedReply | null } {
  const others = runningTasks(state).filter(([key]) => key !== call.key);
  const hanging = others.filter(([, { dueMs }]) => dueMs === null);
  const dues = others.flatMap(([, { dueMs }]) => dueMs ?? []);
  if (dues.length > 0) return { state, reply: waiting(Math.max(...dues), { hanging: false, begun: false }) };
  if (hanging.length === 0) return { state, reply: null };
  if (!goesBeforeWhatHangs(state, call.operation))
    return { state, reply: waiting(call.nowMs + HANG_LOOK_MS, { hanging: true, begun: false }) };
  return { state: without(state, hanging, `given up for ${call.operation}`), reply: null };
}

/** The subject with some of its tasks given up: they have no effect any more. */
const without = <S extends Subject>(state: S, given: readonly [string, Running][], message: string): S =>
  given.reduce((changed, [key, { operation, executionId, params, beganMs }]) => {
    const base = { operation, executionId, params, beganMs };
    return withTask(changed, key, { ...base, state: "failed", code: "operation-refused", message });
  }, state);

/** The same with the task of one key given up, if it is under way. */
export const givenUp = <S extends Subject>(state: S, key: string): S =>
  without(
    state,
    runningTasks(state).filter(([running]) => running === key),
    "given up by whoever asked for it",
  );

function begin<S extends Subject>(rules: TaskRules<S>, state: S, call: Call): Turn<S> {
  const { operation, executionId, params, nowMs, header } = call;
  const faults = faultsOn(header, state, operation);
  const before = faults.find(({ mode }) => mode === "fail-before");
  if (before !== undefined) return { state: withHit(state, before), fault: faultError(before, state, operation) };
  const place = queue(state, call);
  if (place.reply !== null) return { state: place.state, reply: place.reply };
  const task: Running = { operation, executionId, params, beganMs: nowMs, state: "running", dueMs: null };
  const refusing = faults.find(({ mode }) => mode === "refuse");
  const refusal =
    refusing === undefined
      ? rules.behaviour(operation).refuses?.(place.state, effectOf(task, nowMs))
      : guestRefusal(state, operation);
  const kept = forget(place.state, executionId);
  if (refusal) {
    const noted = refusing === undefined ? kept : withHit(kept, refusing);
    const failed: Task = { operation, executionId, params, beganMs: nowMs, state: "failed", ...refusal };
    return { state: withTask(noted, call.key, failed), reply: { state: "failed", ...refusal } };
  }
  return look(rules, withTask(kept, call.key, task), call, task);
}

const guestRefusal = ({ id }: Subject, operation: OperationName): Refusal =>
  operation === "shut-down-source"
    ? { code: "shutdown-failed", message: `the guest of ${id} refused to shut down` }
    : { code: "operation-refused", message: `the hypervisor refused ${operation} of ${id}` };

/** A task that has no due time yet gets one as soon as nothing makes it hang. */
function look<S extends Subject>(rules: TaskRules<S>, state: S, call: Call, task: Running): Turn<S> {
  const { key, operation, nowMs, header } = call;
  if (faultsOn(header, state, operation).some(({ mode }) => mode === "hang")) {
    const hung = task.dueMs === null ? state : withTask(state, key, { ...task, dueMs: null });
    return { state: hung, reply: waiting(nowMs + HANG_LOOK_MS, { hanging: true, begun: true }) };
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

/** Drops tasks of other executions once there are many; the ledger has what they did. */
function forget<S extends Subject>(state: S, executionId: string): S {
  const entries = Object.entries(state.tasks);
  if (entries.length < KEPT_TASKS) return state;
  const mine = entries.filter(([, task]) => task.executionId === executionId || task.state === "running");
  return { ...state, tasks: Object.fromEntries(mine) };
}
