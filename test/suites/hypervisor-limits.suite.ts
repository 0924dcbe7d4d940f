import { beforeEach, describe, expect, test } from "vitest";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type { EmulatedEstate, Hypervisor, ItemOperation } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION, OTHER_EXECUTION } from "../support/emulator-harness.js";
import { peakConcurrency, readLedgers } from "../support/ledgers.js";
import { smallWorld } from "../support/worlds.js";

const ITEMS = Array.from({ length: 8 }, (_, index) => `item-${index + 1}`);

type Estate = Hypervisor & EmulatedEstate;

/** When the caller of a shutdown should poll again; null when it is done. */
async function pollAtMs({ worldId }: EmulatorHarness, estate: Estate, itemId: string): Promise<number | null> {
  const task = { worldId, executionId: EXECUTION, key: `${EXECUTION}/${itemId}`, itemId, params: {} };
  const reply = await estate.runOnItem({ ...task, operation: "shut-down-source" });
  return reply.state === "waiting" ? Date.parse(reply.doneAt) : null;
}

/** Shuts every item down through the given processes in turn. Each caller polls when it was told to. */
async function shutDownAll(harness: EmulatorHarness, estates: readonly Estate[]): Promise<void> {
  const polls = new Map<string, number | null>(ITEMS.map((itemId) => [itemId, 0]));
  for (;;) {
    const waiting = [...polls].flatMap(([itemId, atMs]) => (atMs === null ? [] : [{ itemId, atMs }]));
    if (waiting.length === 0) return;
    const nextMs = Math.min(...waiting.map(({ atMs }) => atMs));
    harness.clock.goTo(new Date(nextMs).toISOString());
    const due = waiting.filter(({ atMs }) => atMs === nextMs);
    const answers = due.map(async ({ itemId }, index) => {
      polls.set(itemId, await pollAtMs(harness, estates[index % estates.length] ?? harness.estate, itemId));
    });
    await Promise.all(answers);
  }
}

/** The emulator of a process whose reads of the slots wait until they are released. */
function holdingUpSlots({ tables: shared, clock }: EmulatorHarness, maxConcurrentOperations: number) {
  let [reach, release] = [() => {}, () => {}];
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const tables: Tables = {
    table: (name) => {
      const table = shared.table(name);
      const get: typeof table.get = async (partition, row) => {
        if (row === "operation-slots") reach();
        if (row === "operation-slots") await released;
        return table.get(partition, row);
      };
      return { ...table, get };
    },
  };
  const options = { tables, clock, speed: 1, durations: "realistic", maxConcurrentOperations } as const;
  return { estate: createEmulator(options), reached, release: () => release() };
}

/** The limit of concurrent operations, and the order of those that wait (I21). */
export function limitSuite(name: string, open: () => Tables): void {
  describe(`limits of the hypervisor on ${name}`, () => {
    let harness: EmulatorHarness;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
      await harness.load(smallWorld(ITEMS.length));
    });

    const shutDown = (itemId: string, executionId = EXECUTION) =>
      harness.call("shut-down-source", {}, itemId, executionId);

    test.each([1, 2])(
      "I21: %i processes never exceed the limit together, and every operation ends",
      async (processes) => {
        const estates = Array.from({ length: processes }, () => harness.emulator("realistic", 1, 4));
        await shutDownAll(harness, estates);
        const ledgers = await readLedgers(harness.estate, harness.worldId, ITEMS);
        expect(ledgers.map((ledger) => ledger.length)).toEqual(ITEMS.map(() => 1));
        // One of four slots is kept for undo operations.
        expect(peakConcurrency(ledgers, "home")).toBe(3);
        expect(peakConcurrency(ledgers, "away")).toBe(0);
      },
    );

    test("an operation keeps its slot when the process that began it has died", async () => {
      harness.estate = harness.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      harness.estate = harness.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toEqual({ ...first, begun: false });
      if (first.state !== "waiting") throw new Error("expected to wait");
      harness.clock.goTo(first.doneAt);
      await shutDown("item-2");
      expect((await harness.snapshot("item-1")).source.power).toBe("off");
      expect((await harness.snapshot("item-2")).source.power).toBe("on");
    });

    test("I21: an operation whose request was held up begins when its slots are reserved", async () => {
      harness.estate = harness.emulator("realistic", 1, 3);
      const ends = await Promise.all(["item-1", "item-2"].map((itemId) => pollAtMs(harness, harness.estate, itemId)));
      const firstEndMs = Math.min(...ends.map((endMs) => endMs ?? 0));
      harness.clock.goTo(new Date(firstEndMs - 1_000).toISOString());
      const held = holdingUpSlots(harness, 3);
      const answer = pollAtMs(harness, held.estate, "item-3");
      await held.reached;

      // Another decision drops the reservation that ends in between.
      harness.clock.goTo(new Date(firstEndMs).toISOString());
      const network = { key: "network", siteId: "away", operation: "create-test-network", params: {} } as const;
      await harness.estate.runOnSite({ worldId: harness.worldId, executionId: EXECUTION, ...network });
      held.release();
      await answer;
      await shutDownAll(harness, [harness.estate]);
      const ledgers = await readLedgers(harness.estate, harness.worldId, ITEMS);
      expect(ledgers.map((ledger) => ledger.length)).toEqual(ITEMS.map(() => 1));
      expect(peakConcurrency(ledgers, "home")).toBe(2);
    });

    test("a small plan does not wait behind all of a large one", async () => {
      harness.estate = harness.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      if (first.state !== "waiting") throw new Error("expected to wait");
      await Promise.all(ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)));
      const small = await shutDown("item-8", OTHER_EXECUTION);
      // The first operation of the large plan is under way, and the small plan is next.
      expect(small).toEqual({ ...first, begun: false });
      harness.clock.goTo(first.doneAt);
      await Promise.all([...ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)), shutDown("item-8", OTHER_EXECUTION)]);
      await harness.ended(() => shutDown("item-8", OTHER_EXECUTION));
      await shutDown("item-1");
      const ledgers = await readLedgers(harness.estate, harness.worldId, ITEMS);
      expect(ledgers.map((ledger) => ledger.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    });

    test("an undo does not wait behind hanging operations, which keep their slots until they resume", async () => {
      harness.estate = harness.emulator("realistic", 1, 2);
      await harness.estate.addFault(harness.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      expect(await shutDown("item-1")).toMatchObject({ state: "waiting", hanging: true });
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });
      await harness.done("restart-source", {}, "item-3");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });

      // Nobody polls the first operation again, and its slot is still reclaimed.
      await harness.estate.clearFaults(harness.worldId);
      harness.clock.pass(60);
      await harness.ended(() => shutDown("item-2"));
      expect((await harness.snapshot("item-1")).source.power).toBe("off");
      expect(peakConcurrency(await readLedgers(harness.estate, harness.worldId, ITEMS), "home")).toBeLessThanOrEqual(2);
    });

    test("the slot of a hanging operation that an undo abandoned is free again", async () => {
      harness.estate = harness.emulator("realistic", 1, 2);
      await harness.estate.addFault(harness.worldId, {
        target: { itemId: "item-1" },
        operation: "shut-down-source",
        mode: "hang",
      });
      await shutDown("item-1");
      await harness.done("restart-source", {}, "item-1");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });

    test("a slot reserved for an operation that never began is reclaimed", async () => {
      await harness.estate.addFault(harness.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      const crashing = harness.crashingEmulator(2);
      const begun = { worldId: harness.worldId, executionId: EXECUTION, key: "crashes", itemId: "item-1", params: {} };
      await expect(
        crashing.runOnItem({ ...begun, operation: "shut-down-source" satisfies ItemOperation }),
      ).rejects.toThrow("power cut");
      harness.estate = harness.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
      await harness.ended(() => shutDown("item-2"));
    });

    test("requests made at the same time share writes", async () => {
      const writes: string[] = [];
      const tables: Tables = {
        table: (name) => {
          const table = harness.tables.table(name);
          const transact: typeof table.transact = (partition, operations) => {
            writes.push(...operations.map(({ row }) => row));
            return table.transact(partition, operations);
          };
          return { ...table, transact };
        },
      };
      harness.estate = createEmulator({ tables, clock: harness.clock, speed: 1, durations: "realistic" });
      await Promise.all(ITEMS.map((itemId) => shutDown(itemId)));
      expect(writes.filter((row) => row === "operation-slots").length).toBeLessThan(ITEMS.length);
    });

    test("waiting for an agent takes no slot", async () => {
      harness.estate = harness.emulator("realistic", 1, 2);
      await harness.call("await-agent", { wait: true }, "item-1");
      const [entry] = await harness.estate.ledger(harness.worldId, { itemId: "item-1" });
      expect(entry?.siteIds).toEqual([]);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });
  });
}
