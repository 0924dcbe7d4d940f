import { beforeEach, describe, expect, test } from "vitest";
import type { EmulatedEstate, Hypervisor, ItemOperation } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, OTHER_RUN, RUN } from "../support/emulator-harness.js";
import { ledgersOf, mostUnderWay } from "../support/ledgers.js";
import { smallWorld } from "../support/worlds.js";

const ITEMS = Array.from({ length: 8 }, (_, index) => `item-${index + 1}`);

type Estate = Hypervisor & EmulatedEstate;

/** When the caller of a shut-down should come again; null when it is done. */
async function againMs({ worldId }: EmulatorHarness, estate: Estate, itemId: string): Promise<number | null> {
  const task = { worldId, executionId: RUN, key: `${RUN}/${itemId}`, itemId, params: {} };
  const reply = await estate.runOnItem({ ...task, operation: "shut-down-source" });
  return reply.state === "waiting" ? Date.parse(reply.doneAt) : null;
}

/** Lets every item be shut down by one process or the other, each caller coming again when it was told to. */
async function shutDownAll(bench: EmulatorHarness, estates: readonly Estate[]): Promise<void> {
  const told = new Map<string, number | null>(ITEMS.map((itemId) => [itemId, 0]));
  for (;;) {
    const waiting = [...told].flatMap(([itemId, atMs]) => (atMs === null ? [] : [{ itemId, atMs }]));
    if (waiting.length === 0) return;
    const soonestMs = Math.min(...waiting.map(({ atMs }) => atMs));
    bench.clock.goTo(new Date(soonestMs).toISOString());
    const due = waiting.filter(({ atMs }) => atMs === soonestMs);
    const answers = due.map(async ({ itemId }, index) => {
      told.set(itemId, await againMs(bench, estates[index % estates.length] ?? bench.estate, itemId));
    });
    await Promise.all(answers);
  }
}

/** How many operations a hypervisor has under way, and who is next (I21). */
export function limitSuite(name: string, open: () => Tables): void {
  describe(`limits of the hypervisor on ${name}`, () => {
    let bench: EmulatorHarness;
    beforeEach(async () => {
      bench = await EmulatorHarness.open(open());
      await bench.load(smallWorld(ITEMS.length));
    });

    const shutDown = (itemId: string, executionId = RUN) => bench.call("shut-down-source", {}, itemId, executionId);

    test.each([1, 2])("I21: with %i processes there are never more under way, and all are done", async (processes) => {
      const estates = Array.from({ length: processes }, () => bench.emulator("realistic", 1, 4));
      await shutDownAll(bench, estates);
      const ledgers = await ledgersOf(bench.estate, bench.worldId, ITEMS);
      expect(ledgers.map((ledger) => ledger.length)).toEqual(ITEMS.map(() => 1));
      // One of four places is kept for what undoes.
      expect(mostUnderWay(ledgers, "home")).toBe(3);
      expect(mostUnderWay(ledgers, "away")).toBe(0);
    });

    test("what was begun keeps its place when the process that began it is gone", async () => {
      bench.estate = bench.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      bench.estate = bench.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toEqual({ ...first, begun: false });
      if (first.state !== "waiting") throw new Error("expected to wait");
      bench.clock.goTo(first.doneAt);
      await shutDown("item-2");
      expect((await bench.snapshot("item-1")).source.power).toBe("off");
      expect((await bench.snapshot("item-2")).source.power).toBe("on");
    });

    test("a small plan does not wait behind all of a large one", async () => {
      bench.estate = bench.emulator("realistic", 1, 2);
      const first = await shutDown("item-1");
      if (first.state !== "waiting") throw new Error("expected to wait");
      await Promise.all(ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)));
      const small = await shutDown("item-8", OTHER_RUN);
      // The first of the large plan is under way, and the small one is next.
      expect(small).toEqual({ ...first, begun: false });
      bench.clock.goTo(first.doneAt);
      await Promise.all([...ITEMS.slice(1, 7).map((itemId) => shutDown(itemId)), shutDown("item-8", OTHER_RUN)]);
      await bench.ended(() => shutDown("item-8", OTHER_RUN));
      await shutDown("item-1");
      const ledgers = await ledgersOf(bench.estate, bench.worldId, ITEMS);
      expect(ledgers.map((ledger) => ledger.length)).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    });

    test("what undoes does not wait behind what hangs, and what hangs keeps its place until it goes on", async () => {
      bench.estate = bench.emulator("realistic", 1, 2);
      await bench.estate.addFault(bench.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      expect(await shutDown("item-1")).toMatchObject({ state: "waiting", hanging: true });
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });
      await bench.done("restart-source", {}, "item-3");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: true });

      // Nobody looks at the first again; still its place is not lost for ever.
      await bench.estate.clearFaults(bench.worldId);
      bench.clock.pass(60);
      await bench.ended(() => shutDown("item-2"));
      expect((await bench.snapshot("item-1")).source.power).toBe("off");
      expect(mostUnderWay(await ledgersOf(bench.estate, bench.worldId, ITEMS), "home")).toBeLessThanOrEqual(2);
    });

    test("the place of a hanging operation that an undo gave up is free again", async () => {
      bench.estate = bench.emulator("realistic", 1, 2);
      await bench.estate.addFault(bench.worldId, {
        target: { itemId: "item-1" },
        operation: "shut-down-source",
        mode: "hang",
      });
      await shutDown("item-1");
      await bench.done("restart-source", {}, "item-1");
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });

    test("a place taken for what was never begun is found out and given to others", async () => {
      await bench.estate.addFault(bench.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      const dying = bench.dyingEmulator(2);
      const begun = { worldId: bench.worldId, executionId: RUN, key: "dies", itemId: "item-1", params: {} };
      await expect(
        dying.runOnItem({ ...begun, operation: "shut-down-source" satisfies ItemOperation }),
      ).rejects.toThrow("power cut");
      bench.estate = bench.emulator("realistic", 1, 2);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
      await bench.ended(() => shutDown("item-2"));
    });

    test("waiting for an agent takes no place", async () => {
      bench.estate = bench.emulator("realistic", 1, 2);
      await bench.call("await-agent", { wait: true }, "item-1");
      const [entry] = await bench.estate.ledger(bench.worldId, { itemId: "item-1" });
      expect(entry?.siteIds).toEqual([]);
      expect(await shutDown("item-2")).toMatchObject({ state: "waiting", hanging: false });
    });
  });
}
