import { z } from "zod";
import { Id } from "../../domain/text.js";
import type { Codec } from "../../store/tables/codec.js";

const Ms = z.number();

/** An operation under way, at every hypervisor that it needs. `untilMs` is null while it hangs. */
const Stay = z.strictObject({
  /** The item or site it is done to; each does one operation at a time. */
  holder: z.string(),
  executionId: z.string(),
  siteIds: z.array(Id),
  untilMs: Ms.nullable(),
});
export type Stay = z.infer<typeof Stay>;

/** An operation that waits to begin, and when its caller was told to come again. */
const Waiting = z.strictObject({
  holder: z.string(),
  executionId: z.string(),
  siteIds: z.array(Id),
  undoes: z.boolean(),
  durationMs: Ms,
  lookAtMs: Ms,
});
type Waiting = z.infer<typeof Waiting>;

/** What is under way at the hypervisors of a world and what waits, in its order. */
const Places = z.strictObject({ held: z.array(Stay), waiting: z.array(Waiting) });
export type Places = z.infer<typeof Places>;

export const PLACES: Codec<Places> = { what: "places at the hypervisors", schema: 1, shape: Places };
export const NO_PLACES: Places = { held: [], waiting: [] };

/** An operation that would begin at `atMs`; `undoes` ones mend what others left. */
export interface Wanted extends Stay {
  undoes: boolean;
  atMs: number;
}

/** It may begin, or should come again at a moment; `hanging` says that the moment is a guess. */
export type Seat = { begins: true } | { begins: false; lookAtMs: number; hanging: boolean };

export interface PlaceRules {
  /** Operations that each hypervisor does at once; 2 or more. */
  atOnce: number;
  /** How late one that waits may come and still be next: emulated milliseconds. */
  graceMs: number;
}

/** How soon to look again when everything hangs, and how long an operation is guessed to take that hangs. */
const GUESS_MS = 60_000;
/** More are not noted: whoever is told to come again has the same chance then. */
const MOST_WAITING = 1_000;

/** Of so many places, those that only an undo may take, so that it never waits for what it is to end. */
const keptForUndo = (atOnce: number): number => Math.max(1, Math.floor(atOnce / 10));

/** When each place of a hypervisor is free, soonest first. */
type Slots = Map<string, number[]>;

const ascending = (a: number, b: number): number => a - b;

function slotsOf(siteIds: Iterable<string>, held: readonly Stay[], atMs: number, atOnce: number): Slots {
  const slots: Slots = new Map();
  for (const siteId of siteIds) {
    const ends = held.filter((stay) => stay.siteIds.includes(siteId)).map(({ untilMs }) => untilMs ?? Infinity);
    const free = Array.from({ length: Math.max(0, atOnce - ends.length) }, () => atMs);
    // When the limit was lowered meanwhile, the first that end leave no place behind.
    slots.set(siteId, [...free, ...ends].sort(ascending).slice(-atOnce));
  }
  return slots;
}

function insert(sorted: number[], value: number): void {
  const after = sorted.findIndex((other) => other > value);
  sorted.splice(after === -1 ? sorted.length : after, 0, value);
}

/**
 * Who is next: what undoes comes first, then whichever execution has the fewest under way and before it in the row,
 * so that a small plan does not wait behind all of a large one.
 */
function inTurn(held: readonly Stay[], waiting: readonly Waiting[]): Waiting[] {
  const before = new Map<string, number>();
  for (const { executionId } of held) before.set(executionId, (before.get(executionId) ?? 0) + 1);
  const undoing = waiting.filter(({ undoes }) => undoes);
  const ranked = waiting
    .filter(({ undoes }) => !undoes)
    .map((one) => {
      const rank = before.get(one.executionId) ?? 0;
      before.set(one.executionId, rank + 1);
      return { one, rank };
    });
  return [...undoing, ...ranked.sort((a, b) => a.rank - b.rank).map(({ one }) => one)];
}

const waitingAs = (wanted: Wanted): Waiting => ({
  holder: wanted.holder,
  executionId: wanted.executionId,
  siteIds: wanted.siteIds,
  undoes: wanted.undoes,
  durationMs: wanted.untilMs === null ? GUESS_MS : wanted.untilMs - wanted.atMs,
  lookAtMs: wanted.atMs,
});

/** Those that wait, with those that ask now; one that did not come when it was told has lost its turn. */
function stillWaiting(places: Places, asking: ReadonlyMap<string, Wanted>, lateMs: number): Waiting[] {
  const known = places.waiting
    .filter(({ holder, lookAtMs }) => asking.has(holder) || lookAtMs >= lateMs)
    .map((one) => {
      const wanted = asking.get(one.holder);
      return wanted === undefined ? one : waitingAs(wanted);
    });
  const noted = new Set(known.map(({ holder }) => holder));
  const news = [...asking.values()].filter(({ holder }) => !noted.has(holder));
  return [...known, ...news.map(waitingAs)];
}

/** Whether one that asks has its place already: asked twice at once, it may have begun, and nobody else may take it. */
const covers = (stay: Stay, { holder, siteIds }: Wanted): boolean =>
  stay.holder === holder && siteIds.every((siteId) => stay.siteIds.includes(siteId));

const stayOf = ({ holder, executionId, siteIds, untilMs }: Wanted): Stay => ({
  holder,
  executionId,
  siteIds,
  untilMs,
});

/**
 * Lets as many of the operations begin as there are places for, in fair turns, and tells the others when theirs comes.
 * Pure. An operation that needs two hypervisors begins when both have a place; until then nobody behind it takes the
 * places it is next for, so none waits for ever.
 */
export function seat(
  places: Places,
  asked: readonly Wanted[],
  { atOnce, graceMs }: PlaceRules,
): { places: Places; seats: ReadonlyMap<string, Seat> } {
  const atMs = Math.min(...asked.map((wanted) => wanted.atMs));
  const underWay = places.held.filter(({ untilMs }) => untilMs === null || untilMs > atMs);
  const staying = asked.filter((wanted) => underWay.some((stay) => covers(stay, wanted)));
  const stays = new Set(staying.map(({ holder }) => holder));
  const asking = new Map(asked.flatMap((wanted) => (stays.has(wanted.holder) ? [] : [[wanted.holder, wanted]])));
  const others = underWay.filter(({ holder }) => !asking.has(holder) && !stays.has(holder));
  const held = [...others, ...staying.map(stayOf)];
  const turns = inTurn(held, stillWaiting(places, asking, atMs - graceMs));
  const slots = slotsOf(new Set(turns.flatMap(({ siteIds }) => siteIds)), held, atMs, atOnce);
  const seats = new Map<string, Seat>(staying.map(({ holder }) => [holder, { begins: true }]));
  const waiting: Waiting[] = [];
  for (const one of turns) {
    const wanted = asking.get(one.holder);
    const kept = one.undoes ? 0 : keptForUndo(atOnce);
    const startMs = soonest(slots, one, kept);
    // A place may become free long before who is next was told to come: until then it is there for others.
    if (wanted === undefined && startMs + graceMs < one.lookAtMs) {
      waiting.push(one);
      continue;
    }
    reserve(slots, one, kept, startMs);
    if (wanted !== undefined && startMs <= atMs) {
      held.push(stayOf(wanted));
      seats.set(one.holder, { begins: true });
      continue;
    }
    const lookAtMs = startMs === Infinity ? atMs + GUESS_MS : startMs;
    waiting.push(wanted === undefined ? one : { ...one, lookAtMs });
    if (wanted !== undefined) seats.set(one.holder, { begins: false, lookAtMs, hanging: startMs === Infinity });
  }
  return { places: { held, waiting: waiting.slice(0, MOST_WAITING) }, seats };
}

/** When one has the soonest place at each hypervisor that it needs. */
function soonest(slots: Slots, { siteIds }: Waiting, kept: number): number {
  return Math.max(...siteIds.map((siteId) => slots.get(siteId)?.[kept] ?? Infinity));
}

/** Takes those places from then on. */
function reserve(slots: Slots, { siteIds, durationMs }: Waiting, kept: number, startMs: number): void {
  if (startMs === Infinity) return;
  for (const siteId of siteIds) {
    const row = slots.get(siteId) ?? [];
    row.splice(kept, 1);
    insert(row, startMs + durationMs);
  }
}

/** The same with one stay as it is now; gone when `stay` is null. */
export function withStay(places: Places, holder: string, stay: Stay | null): Places {
  const others = places.held.filter((one) => one.holder !== holder);
  return { ...places, held: stay === null ? others : [...others, stay] };
}
