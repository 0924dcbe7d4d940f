import { beforeEach, describe, expect, test } from "vitest";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type { EmulatedEstate, Hypervisor, ItemOperation } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorFixture, EXECUTION, OTHER_EXECUTION } from "./emulator-fixture.js";
import { peakConcurrency, readLedgers } from "./ledgers.js";
import { smallWorld } from "./world.js";

const ITEMS = Array.from({ length: 8 }, (_, index) => `item-${index + 1}`);

type Estate = Hypervisor & EmulatedEstate;

/** When the caller of a shutdown should poll again; null when it is done. */
async function pollAtMs({ worldId }: EmulatorFixture, estate: Estate, itemId: string): Promise<number | null> {
  const task = { worldId, executionId: EXECUTION, key: `${EXECUTION}/${itemId}`, itemId, params: {} };
  const reply = await estate.runOnItem({ ...task, operation: "shut-down-source" });
  return reply.state === "waiting" ? Date.parse(reply.doneAt) : null;
}

/** Shuts every item down through the given processes in turn. Each caller polls when it was told to. */
async function shutDownAll(fixture: EmulatorFixture, estates: readonly Estate[]): Promise<void> {
  const polls = new Map<string, number | null>(ITEMS.map((itemId) => [itemId, 0]));
  for (;;) {
    const waiting = [...polls].flatMap(([itemId, atMs]) => (atMs === null ? [] : [{ itemId, atMs }]));
    if (waiting.length === 0) return;
    const nextMs = Math.min(...waiting.map(({ atMs }) => atMs));
    fixture.clock.goTo(new Date(nextMs).toISOString());
    const due = waiting.filter(({ atMs }) => atMs === nextMs);
    const answers = due.map(async ({ itemId }, index) => {
      polls.set(itemId, await pollAtMs(fixture, estates[index % estates.length] ?? fixture.estate, itemId));
    });
    await Promise.all(answers);
  }
}

/** The limit of concurrent operations, and the order of those that wait (I21). */
export function limitSuite(name: string, open: () => Tables): void {
  describe(`limits of the hypervisor on ${name}`, () => {
    let fixture: EmulatorFixture;
    beforeEach(async () => {
      fixture = await EmulatorFixture.open(open());
      await fixture.load(smallWorld(ITEMS.length));
    });

    const shutDown = (itemId: string, executionId = EXECUTION) =>
      fixture.call("shut-down-source", {}, itemId, executionId);

    test.each([1, 2])(
      "I21: %i processes never exceed the limit together, and every operation ends",
      async (processes) => {
        const estates = Array.from({ length: processes }, () => fixture.emulator("realistic", 1, 4));
        await shutDownAll(fixture, estates);
        const ledgers = await readLedgers(fixture.estate, fixture.worldId, ITEMS);
        expect(ledgers.map((ledger) => ledger.length)).toEqual(ITEMS.map(() => 1));
        // One of four slots is kept for undo operations.
        expect(peakConcurrency(ledgers, "home")).toBe(3);
        expect(peakConcurrency(ledgers, "away")).toBe(0);
      },
    );

    test("an operation keeps its slot when the process that began it has died", async () => {
      fixture.estate = fixture.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      fixture.estate = fixture.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toEqual({ ...first, begun: false });
      if (first.state !== "waiting") throw new Error("expected to wait");
      fixture.clock.goTo(first.doneAt);
      await shutDown("item-2");
      expect((await fixture.snapshot("item-1")).source.power).toBe("off");
      expect((await fixture.snapshot("item-2")).source.power).toBe("on");
    });

    test("a small plan does not wait behind all of a large one", async () => {
      fixture.estate = fixture.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      if (first.state !== "waiting") throw new Error("expected to wait");
      await Promise.all(ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)));
      const small = await shutDown("item-8", OTHER_EXECUTION);
      // The first operation of the large plan is under way, and the small plan is next.
      expect(small).toEqual({ ...first, begun: false });
      fixture.clock.goTo(first.doneAt);
      await Promise.all([...ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)), shutDown("item-8", OTHER_EXECUTION)]);
      await fixture.ended(() => shutDown("item-8", OTHER_EXECUTION));
      await shutDown("item-1");
      const ledgers = await readLedgers(fixture.estate, fixture.worldId, ITEMS);
      expect(ledgers.map((ledger) => ledger.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    });

    test("an undo does not wait behind hanging operations, which keep their slots until they resume", async () => {
      fixture.estate = fixture.emulator("realistic", 1, 2);
      await fixture.estate.addFault(fixture.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      expect(await shutDown("item-1")).toMatchObject({ state: "waiting", hanging: true });
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });
      await fixture.done("restart-source", {}, "item-3");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });

      // Nobody polls the first operation again, and its slot is still reclaimed.
      await fixture.estate.clearFaults(fixture.worldId);
      fixture.clock.pass(60);
      await fixture.ended(() => shutDown("item-2"));
      expect((await fixture.snapshot("item-1")).source.power).toBe("off");
      expect(peakConcurrency(await readLedgers(fixture.estate, fixture.worldId, ITEMS), "home")).toBeLessThanOrEqual(2);
    });

    test("the slot of a hanging operation that an undo abandoned is free again", async () => {
      fixture.estate = fixture.emulator("realistic", 1, 2);
      await fixture.estate.addFault(fixture.worldId, {
        target: { itemId: "item-1" },
        operation: "shut-down-source",
        mode: "hang",
      });
      await shutDown("item-1");
      await fixture.done("restart-source", {}, "item-1");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });

    test("a slot reserved for an operation that never began is reclaimed", async () => {
      await fixture.estate.addFault(fixture.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      const crashing = fixture.crashingEmulator(2);
      const begun = { worldId: fixture.worldId, executionId: EXECUTION, key: "crashes", itemId: "item-1", params: {} };
      await expect(
        crashing.runOnItem({ ...begun, operation: "shut-down-source" satisfies ItemOperation }),
      ).rejects.toThrow("power cut");
      fixture.estate = fixture.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
      await fixture.ended(() => shutDown("item-2"));
    });

    test("requests made at the same time share writes", async () => {
      const writes: string[] = [];
      const tables: Tables = {
        table: (name) => {
          const table = fixture.tables.table(name);
          const transact: typeof table.transact = (partition, operations) => {
            writes.push(...operations.map(({ row }) => row));
            return table.transact(partition, operations);
          };
          return { ...table, transact };
        },
      };
      fixture.estate = createEmulator({ tables, clock: fixture.clock, speed: 1, durations: "realistic" });
      await Promise.all(ITEMS.map((itemId) => shutDown(itemId)));
      expect(writes.filter((row) => row === "operation-slots").length).toBeLessThan(ITEMS.length);
    });

    test("waiting for an agent takes no slot", async () => {
      fixture.estate = fixture.emulator("realistic", 1, 2);
      await fixture.call("await-agent", { wait: true }, "item-1");
      const [entry] = await fixture.estate.ledger(fixture.worldId, { itemId: "item-1" });
      expect(entry?.siteIds).toEqual([]);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });
  });
}
