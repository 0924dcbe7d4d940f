import type { TaskRefusal } from "./behaviour.js";
import type { CachedState, CachedStates } from "./cached-states.js";
import type { Admission } from "./operation-slots.js";
import type { SlotScheduler } from "./slot-scheduler.js";
import type { EmulatedEntity, WorldHeader } from "./state.js";
import {
  begunLater,
  type Call,
  type EmulatedReply,
  holderOf,
  refusedCall,
  reservationOf,
  resumed,
  settle,
  type TaskRules,
  type TaskStep,
} from "./tasks.js";

/** `givesWay`: an operation that others are about to precede tries again, and does not take what they have claimed. */
export interface Pace {
  givesWay: boolean;
}

/** What the entities of a kind take at sites. */
export interface ClaimKeeper<S> {
  take(header: WorldHeader, before: S, after: S, pace: Pace): Promise<TaskRefusal | null>;
  record(header: WorldHeader, written: S): Promise<void>;
}

/** The rules of a kind, and its claims; null for kinds that take nothing. */
interface Kind<S extends EmulatedEntity> {
  rules: TaskRules<S>;
  claims: ClaimKeeper<S> | null;
}

/** Writes what a step of a task changes: before the write it reserves slots and takes claims, after it the rest is freed. */
export function createStepWriter<S extends EmulatedEntity>(
  kind: Kind<S>,
  { cached, forget, save }: CachedStates<S>,
  slots: SlotScheduler,
) {
  const takeClaims = async (header: WorldHeader, key: string, before: S, after: S, pace: Pace) => {
    try {
      return (await kind.claims?.take(header, before, after, pace)) ?? null;
    } catch (error) {
      forget(key); // a conflict says that the cached state is outdated
      throw error;
    }
  };

  /** The state as it was written, since a write counts its revision. */
  const recordClaims = async (header: WorldHeader, key: string, state: S): Promise<void> =>
    kind.claims?.record(header, cached(key)?.state ?? state);

  /** Writes what a step changes once it has its slots and its claims. Answers what the step has become. */
  const writeStep = async (
    call: Call,
    key: string,
    current: CachedState<S>,
    decided: TaskStep<S>,
    pace: Pace,
  ): Promise<TaskStep<S>> => {
    const { header, nowMs } = call;
    const { admission, afterWrite } = await reserveSlots(slots, header, current.state, decided.state, nowMs);
    if (!admission.admitted) return { state: current.state, reply: waitingFor(admission) };
    const step = begunLater(decided, call.key, admission.beginMs - nowMs);
    const refusal = await takeClaims(header, key, current.state, step.state, pace);
    // What is under way has its claims. Only an operation that begins may be refused.
    if (refusal === null || current.state.tasks[call.key] !== undefined) {
      await save(key, current, step.state);
      await afterWrite();
      return step;
    }
    const settled = settle(kind.rules, resumed(kind.rules, current.state, header, nowMs), nowMs);
    const refused = refusedCall(settled, call, refusal);
    await save(key, current, refused.state);
    await slots.update(header, holderOf(refused.state), null);
    return refused;
  };

  return { writeStep, recordClaims };
}

/**
 * Reserves the slots of an operation that a step begins. A slot is never free too early: the reservation of an operation
 * that starts to hang is extended before the state is written, and that of one that resumes is limited `afterWrite`.
 */
async function reserveSlots(
  slots: SlotScheduler,
  header: WorldHeader,
  before: EmulatedEntity,
  after: EmulatedEntity,
  atMs: number,
): Promise<{ admission: Admission; afterWrite: () => Promise<void> }> {
  const previous = reservationOf(before);
  const next = reservationOf(after);
  if (next !== null && next.key !== previous?.key) {
    const { untilMs, ...reservation } = next.reservation;
    const durationMs = untilMs === null ? null : untilMs - atMs;
    return {
      admission: await slots.request(header, { ...reservation, isUndo: next.isUndo, durationMs }),
      afterWrite: async () => undefined,
    };
  }
  const holder = holderOf(after);
  const wasHanging = previous?.reservation.untilMs === null;
  const isHanging = next?.reservation.untilMs === null;
  if (isHanging && !wasHanging) await slots.update(header, holder, next.reservation);
  const afterWrite = async () =>
    wasHanging && !isHanging ? slots.update(header, holder, next?.reservation ?? null) : undefined;
  return { admission: { admitted: true, beginMs: atMs }, afterWrite };
}

const waitingFor = ({ retryAtMs: untilMs, hanging }: Extract<Admission, { admitted: false }>): EmulatedReply => ({
  state: "waiting",
  untilMs,
  hanging,
  begun: false,
});
