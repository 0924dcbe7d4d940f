/**
 * Decides which operations may begin at the hypervisors of a world. Each hypervisor has a fixed number of slots. An
 * operation reserves a slot at every hypervisor that it needs, or waits in a queue and is told when to ask again. Pure:
 * operation-slots-row.ts stores the state, slot-scheduler.ts applies the decisions. Shown in operation-slots.test.ts:
 *
 * I1. A hypervisor never has more than `maxConcurrentOperations` reservations, and one slot in ten, at least one, is
 *     kept for undo operations ("I21: never exceeds the limit at any hypervisor…").
 * I2. Every operation begins eventually. One that needs two hypervisors keeps the earliest time at which both are free,
 *     and nothing behind it in the queue takes that time (same test).
 * I3. Executions get slots in fair order ("a small execution begins before a large one begins its second…").
 * I4. A caller that does not return in time loses its position ("a queued caller that does not return…").
 * I5. A queued caller that returns much later does not block a slot until then ("a slot that becomes free early…").
 * I6. A lowered limit applies as soon as enough operations have ended ("after the limit is lowered…").
 * I7. A request that is repeated keeps its reservation ("I21: a repeated request keeps its reservation…").
 */
import { z } from "zod";
import { Id } from "../../domain/text.js";
import type { Codec } from "../../store/tables/codec.js";

const Ms = z.number();

/** A slot at each of `siteIds` for an operation under way. `untilMs` is null while the operation hangs. */
const Reservation = z.strictObject({
  /** The item or site that is operated on; each has one operation at a time. */
  holder: z.string(),
  executionId: z.string(),
  siteIds: z.array(Id),
  untilMs: Ms.nullable(),
});
export type Reservation = z.infer<typeof Reservation>;

/** An operation that waits for slots, and the time at which its caller was told to ask again. */
const QueuedOperation = z.strictObject({
  holder: z.string(),
  executionId: z.string(),
  siteIds: z.array(Id),
  isUndo: z.boolean(),
  durationMs: Ms,
  retryAtMs: Ms,
});
type QueuedOperation = z.infer<typeof QueuedOperation>;

/** The reservations at the hypervisors of a world, and the queue in its order. */
const Slots = z.strictObject({ reservations: z.array(Reservation), queue: z.array(QueuedOperation) });
export type Slots = z.infer<typeof Slots>;

export const SLOTS: Codec<Slots> = { what: "operation slots", schema: 1, shape: Slots };
export const EMPTY_SLOTS: Slots = { reservations: [], queue: [] };

/** An operation that would begin at `atMs`. An undo operation repairs what another operation left. */
export interface SlotRequest extends Reservation {
  isUndo: boolean;
  atMs: number;
}

/**
 * The operation begins at `beginMs`, or its caller asks again at `retryAtMs`. That time is a guess when `hanging` is true.
 */
export type Admission = { admitted: true; beginMs: number } | { admitted: false; retryAtMs: number; hanging: boolean };

export interface SlotLimits {
  /** Operations under way at each hypervisor; 2 or more. */
  maxConcurrentOperations: number;
  /** How late a queued caller may return and keep its position: emulated milliseconds. */
  graceMs: number;
}

/** The assumed duration of an operation that hangs, and the retry interval when all slots hang. */
const HANGING_GUESS_MS = 60_000;
/** Callers beyond this are not queued. They are told to retry and have the same chance then. */
const MAX_QUEUED = 1_000;

/** Slots that only an undo operation may take, so that it never waits for the operation that it is to end. */
const slotsKeptForUndo = (maxConcurrentOperations: number): number =>
  Math.max(1, Math.floor(maxConcurrentOperations / 10));

/** The time at which each slot of a hypervisor is free, earliest first. */
type FreeTimes = Map<string, number[]>;

const ascending = (a: number, b: number): number => a - b;

function freeTimesOf(
  siteIds: Iterable<string>,
  reservations: readonly Reservation[],
  atMs: number,
  maxConcurrentOperations: number,
): FreeTimes {
  const freeTimes: FreeTimes = new Map();
  for (const siteId of siteIds) {
    const ends = reservations.filter((one) => one.siteIds.includes(siteId)).map(({ untilMs }) => untilMs ?? Infinity);
    const free = Array.from({ length: Math.max(0, maxConcurrentOperations - ends.length) }, () => atMs);
    // After the limit was lowered there are too many reservations, so the first that end free no slot.
    freeTimes.set(siteId, [...free, ...ends].sort(ascending).slice(-maxConcurrentOperations));
  }
  return freeTimes;
}

function insertSorted(sorted: number[], value: number): void {
  const after = sorted.findIndex((other) => other > value);
  sorted.splice(after === -1 ? sorted.length : after, 0, value);
}

/**
 * Undo operations come first. The others follow by the number of operations that their execution has under way or
 * earlier in the queue, so that a small plan does not wait behind all of a large one.
 */
function inFairOrder(reservations: readonly Reservation[], queue: readonly QueuedOperation[]): QueuedOperation[] {
  const counts = new Map<string, number>();
  for (const { executionId } of reservations) counts.set(executionId, (counts.get(executionId) ?? 0) + 1);
  const undo = queue.filter(({ isUndo }) => isUndo);
  const ranked = queue
    .filter(({ isUndo }) => !isUndo)
    .map((operation) => {
      const rank = counts.get(operation.executionId) ?? 0;
      counts.set(operation.executionId, rank + 1);
      return { operation, rank };
    });
  return [...undo, ...ranked.sort((a, b) => a.rank - b.rank).map(({ operation }) => operation)];
}

const queuedFrom = ({ holder, executionId, siteIds, isUndo, untilMs, atMs }: SlotRequest): QueuedOperation => ({
  holder,
  executionId,
  siteIds,
  isUndo,
  durationMs: untilMs === null ? HANGING_GUESS_MS : untilMs - atMs,
  retryAtMs: atMs,
});

/** The queue with the new requests at its end, without callers that should have returned before `lateMs`. */
function mergedQueue(slots: Slots, requests: ReadonlyMap<string, SlotRequest>, lateMs: number): QueuedOperation[] {
  const known = slots.queue
    .filter(({ holder, retryAtMs }) => requests.has(holder) || retryAtMs >= lateMs)
    .map((operation) => {
      const request = requests.get(operation.holder);
      return request === undefined ? operation : queuedFrom(request);
    });
  const queued = new Set(known.map(({ holder }) => holder));
  const added = [...requests.values()].filter(({ holder }) => !queued.has(holder));
  return [...known, ...added.map(queuedFrom)];
}

/** Whether the request has its reservation already. A caller that asked twice at once may have begun. */
const covers = (reservation: Reservation, { holder, siteIds }: SlotRequest): boolean =>
  reservation.holder === holder && siteIds.every((siteId) => reservation.siteIds.includes(siteId));

const reservationFor = ({ holder, executionId, siteIds, untilMs }: SlotRequest): Reservation => ({
  holder,
  executionId,
  siteIds,
  untilMs,
});

/** Admits as many of the requests as there are slots for, in fair order, and tells the other callers when to retry. */
export function admit(
  slots: Slots,
  requests: readonly SlotRequest[],
  { maxConcurrentOperations, graceMs }: SlotLimits,
): { slots: Slots; admissions: ReadonlyMap<string, Admission> } {
  const atMs = Math.min(...requests.map((request) => request.atMs));
  const underWay = slots.reservations.filter(({ untilMs }) => untilMs === null || untilMs > atMs);
  const repeated = requests.filter((request) => underWay.some((reservation) => covers(reservation, request)));
  const repeating = new Set(repeated.map(({ holder }) => holder));
  const asking = new Map(requests.flatMap((one) => (repeating.has(one.holder) ? [] : [[one.holder, one]])));
  const others = underWay.filter(({ holder }) => !asking.has(holder) && !repeating.has(holder));
  const reservations = [...others, ...repeated.map(reservationFor)];
  const ordered = inFairOrder(reservations, mergedQueue(slots, asking, atMs - graceMs));
  const siteIds = new Set(ordered.flatMap((operation) => operation.siteIds));
  const freeTimes = freeTimesOf(siteIds, reservations, atMs, maxConcurrentOperations);
  const admitted: Admission = { admitted: true, beginMs: atMs };
  const admissions = new Map<string, Admission>(repeated.map(({ holder }) => [holder, admitted]));
  const queue: QueuedOperation[] = [];
  for (const operation of ordered) {
    const request = asking.get(operation.holder);
    const kept = operation.isUndo ? 0 : slotsKeptForUndo(maxConcurrentOperations);
    const startMs = earliestStart(freeTimes, operation, kept);
    // A slot can become free long before its caller was told to return. Until then others may use it.
    if (request === undefined && startMs + graceMs < operation.retryAtMs) {
      queue.push(operation);
      continue;
    }
    occupy(freeTimes, operation, kept, startMs);
    if (request !== undefined && startMs <= atMs) {
      reservations.push(reservationFor(request));
      admissions.set(operation.holder, admitted);
      continue;
    }
    const retryAtMs = startMs === Infinity ? atMs + HANGING_GUESS_MS : startMs;
    queue.push(request === undefined ? operation : { ...operation, retryAtMs });
    if (request !== undefined) {
      admissions.set(operation.holder, { admitted: false, retryAtMs, hanging: startMs === Infinity });
    }
  }
  return { slots: { reservations, queue: queue.slice(0, MAX_QUEUED) }, admissions };
}

/** The earliest time at which every hypervisor that the operation needs has a slot for it. */
function earliestStart(freeTimes: FreeTimes, { siteIds }: QueuedOperation, kept: number): number {
  return Math.max(...siteIds.map((siteId) => freeTimes.get(siteId)?.[kept] ?? Infinity));
}

/** Takes a slot at each of those hypervisors from `startMs` to the end of the operation. */
function occupy(freeTimes: FreeTimes, { siteIds, durationMs }: QueuedOperation, kept: number, startMs: number): void {
  if (startMs === Infinity) return;
  for (const siteId of siteIds) {
    const times = freeTimes.get(siteId) ?? [];
    times.splice(kept, 1);
    insertSorted(times, startMs + durationMs);
  }
}

/** The slots with one reservation replaced, or removed when it is null. */
export function withReservation(slots: Slots, holder: string, reservation: Reservation | null): Slots {
  const others = slots.reservations.filter((one) => one.holder !== holder);
  return { ...slots, reservations: reservation === null ? others : [...others, reservation] };
}
