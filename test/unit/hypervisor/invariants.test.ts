import fc from "fast-check";
import { expect, test } from "vitest";
import type { ItemSnapshot } from "../../../src/domain/items/snapshot.js";
import { World } from "../../../src/domain/worlds/world.js";
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

const ITEM_IDS = ["item-1", "item-2", "item-3"];

/** A call of one of three items at one of two processes. */
const anyShared = fc.record({
  operation: fc.constantFrom(...OPERATIONS, "promote-replica", "create-test-copy", "demote-replica" as const),
  item: fc.integer({ min: 1, max: 3 }),
  process: fc.integer({ min: 0, max: 1 }),
  pause: fc.constantFrom(0, 0, 30, 900),
});

/** Three items: the first two want one name and one address, and there are cores for two machines. */
function crowdedWorld(): World {
  const world = smallWorld(3);
  for (const [index, { target }] of world.items.entries()) {
    Object.assign(target, index < 2 ? { name: "same", ip: "10.2.0.20" } : { name: "other", ip: "10.2.0.21" });
  }
  Object.assign(world.sites[1] ?? {}, { quota: { cores: 8 } });
  return World.parse(world);
}

/** The machines that an item has at the recovery site. */
const machinesAway = ({ item, direction, promotedFrom, testCopies }: ItemSnapshot): string[] => [
  ...(direction === "recovery-to-primary" || promotedFrom !== null ? [item.target.name ?? ""] : []),
  ...(direction === "primary-to-recovery" ? testCopies.map(() => `${item.target.name}-test`) : []),
];

/** Runs calls of two processes on the crowded world. Answers the machines at the recovery site whenever all calls were answered. */
async function crowdsOf(calls: readonly (typeof anyShared extends fc.Arbitrary<infer T> ? T : never)[]) {
  const clock = new ManualClock();
  const tables = createMemoryTables();
  const [estate, other] = [0, 1].map(() => createEmulator({ tables, clock, speed: 1, durations: "realistic" }));
  if (!estate || !other) throw new Error("no emulator");
  await estate.loadWorld(crowdedWorld());
  const crowds: string[][] = [];
  const begun: Promise<unknown>[] = [];
  for (const [index, { operation, item, process, pause }] of calls.entries()) {
    if (pause > 0) {
      await Promise.all(begun.splice(0));
      crowds.push((await estate.describeItems("small", ITEM_IDS)).flatMap(machinesAway));
      clock.pass(pause);
    }
    const itemId = `item-${item}`;
    const [snapshot] = await estate.describeItems("small", [itemId]);
    const epoch = (snapshot?.epoch ?? 0) + (operation === "start-replica" ? 0 : 1);
    const params = { pointId: snapshot?.replication.newestPoint?.id ?? "none", epoch, networkId: "test" };
    const task = { worldId: "small", executionId: "run", key: `${index}/${operation}`, itemId, operation, params };
    begun.push((process === 0 ? estate : other).runOnItem(task));
  }
  await Promise.all(begun);
  return crowds;
}

test("any two failovers at the same time: no name twice at a site, and cores within its quota", async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyShared, { minLength: 5, maxLength: 60 }), async (calls) => {
      for (const machines of await crowdsOf(calls)) {
        expect(new Set(machines).size).toBe(machines.length);
        expect(machines.length * 4).toBeLessThanOrEqual(8);
        most = Math.max(most, machines.length);
      }
    }),
    { numRuns: 150 },
  );
  // The property means something only if the site was full.
  expect(most).toBe(2);
});

const call = (operation: ItemOperation, item: number, process: number, pause: 0 | 30 | 900 = 0) => {
  return { operation, item, process, pause };
};

test("two items that want the last place at the same time, at two processes, are both answered", async () => {
  const crowds = await crowdsOf([
    call("stop-replication", 1, 0),
    call("create-test-copy", 3, 1),
    call("shut-down-source", 1, 0, 900),
    call("shut-down-source", 3, 0),
    call("create-test-copy", 1, 0, 900),
    call("promote-replica", 1, 0),
    call("promote-test-copy", 3, 1),
    call("resynchronise", 1, 0),
    call("shut-down-source", 1, 0, 30),
    call("shut-down-source", 1, 0, 900),
  ]);
  expect(crowds.map(({ length }) => length)).toEqual([0, 1, 1, 1]);
});

test("two operations of an item at the same time do not give away what either of them took", async () => {
  const crowds = await crowdsOf([
    call("create-test-copy", 2, 1),
    call("promote-replica", 2, 1),
    call("create-test-copy", 1, 0),
    call("shut-down-source", 1, 0, 900),
    call("shut-down-source", 1, 0, 900),
  ]);
  expect(crowds).toEqual([[], ["same-test"]]);
});

test("two items that have the last places and want more at the same time are both refused", async () => {
  const crowds = await crowdsOf([
    call("create-test-copy", 1, 0),
    call("create-test-copy", 3, 0),
    ...[0, 1, 2].map(() => call("shut-down-source", 1, 0, 900)),
    call("promote-test-copy", 3, 1, 900),
    call("shut-down-source", 2, 0),
    call("promote-replica", 1, 1),
    call("shut-down-source", 1, 1, 900),
  ]);
  expect(crowds.at(-1)).toHaveLength(2);
});

test("the same calls give the same ledger", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { minLength: 1, maxLength: 20 }), async (calls) => {
      expect(await ledgerOf(calls)).toEqual(await ledgerOf(calls));
    }),
    { numRuns: 20 },
  );
});
