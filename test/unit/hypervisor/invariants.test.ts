import fc from "fast-check";
import { expect, test } from "vitest";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { ITEM_BEHAVIOURS } from "../../../src/hypervisor/emulator/item-behaviours.js";
import type { ItemOperation, LedgerEntry } from "../../../src/hypervisor/port.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { ManualClock, smallWorld } from "../../support/worlds.js";

const OPERATIONS = Object.keys(ITEM_BEHAVIOURS).filter((name): name is ItemOperation => name in ITEM_BEHAVIOURS);

/** One call with any key, epoch and point, after a pause. */
const anyCall = fc.record({
  operation: fc.constantFrom(...OPERATIONS),
  key: fc.integer({ min: 1, max: 30 }),
  epoch: fc.integer({ min: 0, max: 6 }),
  point: fc.integer({ min: 0, max: 3 }),
  pause: fc.integer({ min: 0, max: 900 }),
});
type Call = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

async function ledgerOf(calls: readonly Call[]): Promise<LedgerEntry[]> {
  const clock = new ManualClock();
  const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "realistic" });
  await estate.loadWorld(smallWorld(1));
  const worldId = "small";
  for (const { operation, key, epoch, point, pause } of calls) {
    clock.pass(pause);
    const { points } = await estate.recoveryPoints(worldId, "item-1");
    const params = { pointId: points[point]?.id ?? "none", epoch, networkId: "test" };
    const executionId = `run-${key % 3}`;
    const task = { worldId, executionId, key: `${key}/${operation}`, itemId: "item-1", operation, params };
    await estate.runOnItem(task);
  }
  clock.pass(86_400);
  // Any call ends the tasks that are due.
  const last = { operation: "stop-replication", executionId: "last", key: "last", params: {} } as const;
  await estate.runOnItem({ ...last, worldId, itemId: "item-1" });
  return estate.ledger(worldId, { itemId: "item-1" });
}

const writers = ({ after }: LedgerEntry): number =>
  [after?.source, after?.replica].filter((copy) => copy?.power === "on" && copy.writable).length;

test("any calls in any order: one writer, rising epochs, one effect per key, times in order", async () => {
  let promotions = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 5, maxLength: 60 }), async (calls) => {
      const ledger = await ledgerOf(calls);
      promotions += ledger.filter(({ operation }) => operation === "promote-replica").length;
      expect(ledger.filter((entry) => writers(entry) > 1)).toEqual([]);
      const epochs = ledger.map(({ epoch }) => epoch);
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
      expect(new Set(ledger.map(({ key }) => key)).size).toBe(ledger.length);
      const times = ledger.map(({ at }) => at);
      expect(times).toEqual(times.toSorted());
      expect(ledger.map(({ sequence }) => sequence)).toEqual(ledger.map((_, index) => index + 1));
    }),
    { numRuns: 100 },
  );
  // The property means something only if replicas were promoted.
  expect(promotions).toBeGreaterThan(0);
});

test("the same calls give the same ledger", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 20 }), async (calls) => {
      expect(await ledgerOf(calls)).toEqual(await ledgerOf(calls));
    }),
    { numRuns: 20 },
  );
});
