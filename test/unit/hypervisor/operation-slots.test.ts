import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Admission,
  admit,
  EMPTY_SLOTS,
  type SlotRequest,
  type Slots,
  withReservation,
} from "../../../src/hypervisor/emulator/operation-slots.js";

const SITES = ["home", "away"];

const anyOperation = fc.record({
  execution: fc.integer({ min: 1, max: 3 }),
  siteIds: fc.constantFrom<string[][]>(["home"], ["away"], ["home", "away"]),
  isUndo: fc.boolean(),
  durationMs: fc.integer({ min: 1, max: 1_000 }),
  requestedMs: fc.integer({ min: 0, max: 2_000 }),
});
type Operation = typeof anyOperation extends fc.Arbitrary<infer T> ? T : never;

interface BegunOperation extends Operation {
  beganMs: number;
}

/** Callers that request slots until every operation has begun. Each returns at the time it was told. */
class Callers {
  readonly begun: BegunOperation[] = [];
  slots: Slots = EMPTY_SLOTS;
  readonly #maxConcurrentOperations: number;
  readonly #waiting: Map<string, { operation: Operation; atMs: number }>;

  constructor(maxConcurrentOperations: number, operations: readonly Operation[]) {
    this.#maxConcurrentOperations = maxConcurrentOperations;
    this.#waiting = new Map(
      operations.map((operation, index) => [`item:${index}`, { operation, atMs: operation.requestedMs }]),
    );
  }

  /** Answers all callers of the next time together. False when every operation has begun. */
  step(): boolean {
    const atMs = Math.min(...[...this.#waiting.values()].map((caller) => caller.atMs));
    const due = [...this.#waiting].filter(([, caller]) => caller.atMs === atMs);
    const requests = due.map(([holder, { operation }]): SlotRequest => {
      const { execution, siteIds, isUndo, durationMs } = operation;
      return { holder, executionId: `run-${execution}`, siteIds, isUndo, untilMs: atMs + durationMs, atMs };
    });
    if (requests.length === 0) return false;
    const limits = { maxConcurrentOperations: this.#maxConcurrentOperations, graceMs: 50 };
    const { slots, admissions } = admit(this.slots, requests, limits);
    this.slots = slots;
    for (const [holder, { operation }] of due) this.#answer(holder, operation, atMs, admissions.get(holder));
    return true;
  }

  #answer(holder: string, operation: Operation, atMs: number, admission: Admission | undefined): void {
    if (admission?.admitted !== false) {
      this.begun.push({ ...operation, beganMs: atMs });
      this.#waiting.delete(holder);
    } else {
      expect(admission.retryAtMs).toBeGreaterThan(atMs);
      this.#waiting.set(holder, { operation, atMs: admission.retryAtMs });
    }
  }

  underWay(siteId: string, atMs: number): BegunOperation[] {
    return this.begun.filter(
      ({ siteIds, beganMs, durationMs }) => siteIds.includes(siteId) && beganMs <= atMs && atMs < beganMs + durationMs,
    );
  }
}

test("I21: never exceeds the limit at any hypervisor, keeps slots for undo, and begins every operation", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.array(anyOperation, { minLength: 1, maxLength: 60 }),
      (maxConcurrentOperations, operations) => {
        const callers = new Callers(maxConcurrentOperations, operations);
        for (let step = 0; callers.step(); step += 1) {
          if (step > 5_000) throw new Error("some operation never begins");
        }
        expect(callers.begun).toHaveLength(operations.length);
        for (const siteId of SITES) {
          for (const { beganMs, isUndo } of callers.begun) {
            const underWay = callers.underWay(siteId, beganMs);
            expect(underWay.length).toBeLessThanOrEqual(maxConcurrentOperations);
            if (!isUndo && underWay.every((operation) => !operation.isUndo)) {
              expect(underWay.length).toBeLessThan(maxConcurrentOperations);
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a small execution begins before a large one begins its second round of operations", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 10, max: 60 }), (maxConcurrentOperations, count) => {
      const large = Array.from({ length: count }, () => ({ execution: 1, requestedMs: 0 }));
      const small = { execution: 2, requestedMs: 10 };
      const rest = { siteIds: ["home"], isUndo: false, durationMs: 100 };
      const callers = new Callers(
        maxConcurrentOperations,
        [...large, small].map((operation) => ({ ...operation, ...rest })),
      );
      while (callers.step());
      const began = callers.begun.find(({ execution }) => execution === 2)?.beganMs;
      expect(began).toBe(100);
    }),
  );
});

test("a queued caller that does not return loses its position, and those behind it proceed", () => {
  const limits = { maxConcurrentOperations: 2, graceMs: 50 };
  const request = (holder: string, executionId: string, atMs: number): SlotRequest => {
    return { holder, executionId, siteIds: ["home"], isUndo: false, untilMs: atMs + 100, atMs };
  };
  let { slots } = admit(EMPTY_SLOTS, [request("item:1", "large", 0)], limits);
  ({ slots } = admit(slots, [request("item:2", "small", 10)], limits));
  ({ slots } = admit(slots, [request("item:3", "large", 20)], limits));
  const early = admit(slots, [request("item:3", "large", 120)], limits);
  expect(early.admissions.get("item:3")).toMatchObject({ admitted: false });
  const late = admit(early.slots, [request("item:3", "large", 220)], limits);
  expect(late.admissions.get("item:3")).toEqual({ admitted: true, beginMs: 220 });
});

test("a slot that becomes free early is used by others until its queued caller returns", () => {
  const request = (number: number, atMs: number): SlotRequest => ({
    holder: `item:${number}`,
    executionId: `run-${number}`,
    siteIds: ["home"],
    isUndo: false,
    untilMs: atMs + 100,
    atMs,
  });
  const limits = { maxConcurrentOperations: 2, graceMs: 50 };
  const long = { ...request(1, 0), untilMs: 10_000 };
  const begun = admit(EMPTY_SLOTS, [long], limits).slots;
  const queued = admit(begun, [request(2, 10)], limits);
  expect(queued.admissions.get("item:2")).toMatchObject({ admitted: false, retryAtMs: 10_000 });
  const early = withReservation(queued.slots, "item:1", null);

  const { slots, admissions } = admit(early, [request(3, 200)], limits);
  expect(admissions.get("item:3")).toEqual({ admitted: true, beginMs: 200 });
  const again = admit(slots, [request(2, 10_000), request(4, 10_000)], limits);
  expect(again.admissions.get("item:2")).toEqual({ admitted: true, beginMs: 10_000 });
  expect(again.admissions.get("item:4")).toMatchObject({ admitted: false });
});

test("after the limit is lowered, nothing begins until enough operations have ended", () => {
  const request = (holder: string, atMs: number, untilMs: number): SlotRequest => {
    return { holder, executionId: "run", siteIds: ["home"], isUndo: false, untilMs, atMs };
  };
  const begun = admit(
    EMPTY_SLOTS,
    [100, 200, 300].map((untilMs) => request(`item:${untilMs}`, 0, untilMs)),
    { maxConcurrentOperations: 10, graceMs: 50 },
  );
  const next = request("item:next", 50, 150);
  const { admissions } = admit(begun.slots, [next], { maxConcurrentOperations: 2, graceMs: 50 });
  expect(admissions.get("item:next")).toEqual({ admitted: false, retryAtMs: 300, hanging: false });
});

test("I21: a repeated request keeps its reservation, even when others wait for the slot", () => {
  const limits = { maxConcurrentOperations: 2, graceMs: 50 };
  const request = (holder: string, isUndo: boolean): SlotRequest => {
    return { holder, executionId: holder, siteIds: ["home"], isUndo, untilMs: 100, atMs: 0 };
  };
  const first = admit(EMPTY_SLOTS, [request("item:a", false)], limits);
  const undo = admit(first.slots, [request("item:b", true)], limits);
  const waits = admit(undo.slots, [request("item:c", true)], limits);
  const again = admit(waits.slots, [request("item:a", false)], limits);
  expect(waits.admissions.get("item:c")?.admitted).toBe(false);
  expect(again.admissions.get("item:a")).toEqual({ admitted: true, beginMs: 0 });
  expect(again.slots.reservations.map(({ holder }) => holder).sort()).toEqual(["item:a", "item:b"]);
});
