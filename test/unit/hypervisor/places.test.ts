import fc from "fast-check";
import { expect, test } from "vitest";
import {
  NO_PLACES,
  type Places,
  type Seat,
  seat,
  type Wanted,
  withStay,
} from "../../../src/hypervisor/emulator/places.js";

const SITES = ["home", "away"];

/** An operation that somebody wants done, from a moment on. */
const anyWish = fc.record({
  execution: fc.integer({ min: 1, max: 3 }),
  siteIds: fc.constantFrom<string[][]>(["home"], ["away"], ["home", "away"]),
  undoes: fc.boolean(),
  durationMs: fc.integer({ min: 1, max: 1_000 }),
  fromMs: fc.integer({ min: 0, max: 2_000 }),
});
type Wish = typeof anyWish extends fc.Arbitrary<infer T> ? T : never;

interface Done extends Wish {
  beganMs: number;
}

/** Callers that each come when they were told to, until everything has begun. */
class Callers {
  readonly done: Done[] = [];
  places: Places = NO_PLACES;
  readonly #atOnce: number;
  readonly #waiting: Map<string, { wish: Wish; atMs: number }>;

  constructor(atOnce: number, wishes: readonly Wish[]) {
    this.#atOnce = atOnce;
    this.#waiting = new Map(wishes.map((wish, index) => [`item:${index}`, { wish, atMs: wish.fromMs }]));
  }

  /** The next moment at which somebody comes; all who come then are answered together. False when all have begun. */
  step(): boolean {
    const atMs = Math.min(...[...this.#waiting.values()].map((one) => one.atMs));
    const coming = [...this.#waiting].filter(([, one]) => one.atMs === atMs);
    const asked = coming.map(([holder, { wish }]): Wanted => {
      const { siteIds, undoes, durationMs } = wish;
      return { holder, executionId: `run-${wish.execution}`, siteIds, undoes, untilMs: atMs + durationMs, atMs };
    });
    if (asked.length === 0) return false;
    const { places, seats } = seat(this.places, asked, { atOnce: this.#atOnce, graceMs: 50 });
    this.places = places;
    for (const [holder, { wish }] of coming) this.#answered(holder, wish, atMs, seats.get(holder));
    return true;
  }

  #answered(holder: string, wish: Wish, atMs: number, answer: Seat | undefined): void {
    if (answer?.begins !== false) {
      this.done.push({ ...wish, beganMs: atMs });
      this.#waiting.delete(holder);
    } else {
      expect(answer.lookAtMs).toBeGreaterThan(atMs);
      this.#waiting.set(holder, { wish, atMs: answer.lookAtMs });
    }
  }

  underWay(siteId: string, atMs: number): Done[] {
    return this.done.filter(
      ({ siteIds, beganMs, durationMs }) => siteIds.includes(siteId) && beganMs <= atMs && atMs < beganMs + durationMs,
    );
  }
}

test("I21: never more than the limit at any hypervisor, places kept for undoing, and everything begins in the end", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.array(anyWish, { minLength: 1, maxLength: 60 }),
      (atOnce, wishes) => {
        const callers = new Callers(atOnce, wishes);
        for (let step = 0; callers.step(); step += 1) {
          if (step > 5_000) throw new Error("it does not end");
        }
        expect(callers.done).toHaveLength(wishes.length);
        for (const siteId of SITES) {
          for (const { beganMs, undoes } of callers.done) {
            const underWay = callers.underWay(siteId, beganMs).length;
            expect(underWay).toBeLessThanOrEqual(atOnce);
            if (!undoes && callers.underWay(siteId, beganMs).every((one) => !one.undoes)) {
              expect(underWay).toBeLessThan(atOnce);
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("one operation of a small execution begins before the second of every large one's that wait", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 10, max: 60 }), (atOnce, many) => {
      const large = Array.from({ length: many }, () => ({ execution: 1, fromMs: 0 }));
      const small = { execution: 2, fromMs: 10 };
      const wishes = [...large, small].map((one) => ({ ...one, siteIds: ["home"], undoes: false, durationMs: 100 }));
      const callers = new Callers(atOnce, wishes);
      while (callers.step());
      const began = callers.done.find(({ execution }) => execution === 2)?.beganMs;
      expect(began).toBe(100);
    }),
  );
});

test("who waits and does not come loses its turn, and those behind go on", () => {
  const rules = { atOnce: 2, graceMs: 50 };
  const wants = (holder: string, executionId: string, atMs: number): Wanted => {
    return { holder, executionId, siteIds: ["home"], undoes: false, untilMs: atMs + 100, atMs };
  };
  let { places } = seat(NO_PLACES, [wants("item:1", "large", 0)], rules);
  ({ places } = seat(places, [wants("item:2", "small", 10)], rules));
  ({ places } = seat(places, [wants("item:3", "large", 20)], rules));
  const early = seat(places, [wants("item:3", "large", 120)], rules);
  expect(early.seats.get("item:3")).toMatchObject({ begins: false });
  const late = seat(early.places, [wants("item:3", "large", 220)], rules);
  expect(late.seats.get("item:3")).toEqual({ begins: true });
});

test("who was told to come long after a place is free keeps nobody from it", () => {
  const wanted = (number: number, atMs: number): Wanted => ({
    holder: `item:${number}`,
    executionId: `run-${number}`,
    siteIds: ["home"],
    undoes: false,
    untilMs: atMs + 100,
    atMs,
  });
  const rules = { atOnce: 2, graceMs: 50 };
  const long = { ...wanted(1, 0), untilMs: 10_000 };
  const begun = seat(NO_PLACES, [long], rules).places;
  const told = seat(begun, [wanted(2, 10)], rules);
  expect(told.seats.get("item:2")).toMatchObject({ begins: false, lookAtMs: 10_000 });
  const early = withStay(told.places, "item:1", null);

  const { places, seats } = seat(early, [wanted(3, 200)], rules);
  expect(seats.get("item:3")).toEqual({ begins: true });
  const again = seat(places, [wanted(2, 10_000), wanted(4, 10_000)], rules);
  expect(again.seats.get("item:2")).toEqual({ begins: true });
  expect(again.seats.get("item:4")).toMatchObject({ begins: false });
});

test("when the limit was lowered, nothing begins until enough has ended", () => {
  const wants = (holder: string, atMs: number, untilMs: number): Wanted => {
    return { holder, executionId: "run", siteIds: ["home"], undoes: false, untilMs, atMs };
  };
  const begun = seat(
    NO_PLACES,
    [100, 200, 300].map((untilMs) => wants(`item:${untilMs}`, 0, untilMs)),
    { atOnce: 10, graceMs: 50 },
  );
  const { seats } = seat(begun.places, [wants("item:next", 50, 150)], { atOnce: 2, graceMs: 50 });
  expect(seats.get("item:next")).toEqual({ begins: false, lookAtMs: 300, hanging: false });
});

test("I21: one that asks twice at once keeps its place, though somebody else waits for it", () => {
  const rules = { atOnce: 2, graceMs: 50 };
  const wants = (holder: string, undoes: boolean): Wanted => {
    return { holder, executionId: holder, siteIds: ["home"], undoes, untilMs: 100, atMs: 0 };
  };
  const first = seat(NO_PLACES, [wants("item:a", false)], rules);
  const undo = seat(first.places, [wants("item:b", true)], rules);
  const waits = seat(undo.places, [wants("item:c", true)], rules);
  const again = seat(waits.places, [wants("item:a", false)], rules);
  expect(waits.seats.get("item:c")?.begins).toBe(false);
  expect(again.seats.get("item:a")).toEqual({ begins: true });
  expect(again.places.held.map(({ holder }) => holder).sort()).toEqual(["item:a", "item:b"]);
});
