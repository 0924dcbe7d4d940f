import { expect, test } from "vitest";
import { importWorld } from "../../src/commands/import-world.js";
import { savePlan } from "../../src/commands/plans.js";
import { removeItem, removeWorld } from "../../src/commands/worlds.js";
import type { World } from "../../src/domain/worlds/world.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Tables } from "../../src/store/tables/port.js";
import { atEachCrashPoint } from "../support/dying-tables.js";
import { HOLDER, recordingPartitions, rowsIn, servicesOver } from "../support/small-services.js";
import { ManualClock, smallPlan, smallWorld } from "../support/worlds.js";

/** More items than a transaction and than a shard, so that every change takes several writes. */
const LARGE = 210;

type Act = (tables: Tables) => Promise<unknown>;
const by = (act: (services: ReturnType<typeof servicesOver>) => Promise<unknown>): Act => {
  return (tables) => act(servicesOver(tables, new ManualClock()));
};

const nothing = by(async () => undefined);
const imported = by((services) => importWorld(services, smallWorld(LARGE)));

/** Items away from home, of a world that a plan refers to. */
const moved = by(async (services) => {
  await importWorld(services, smallWorld(LARGE));
  await savePlan(services, smallPlan(["item-2"]), null, "planner");
  await services.store.acquireItems("small", HOLDER, "planned-failover", [
    { itemId: "item-1", from: "protected", during: "failing-over" },
  ]);
  const change = { state: "failed-over", epoch: 1 } as const;
  await services.store.updateItems("small", HOLDER, [{ itemId: "item-1", change, release: true }]);
});

const unprotected = by(async (services) => {
  await importWorld(services, smallWorld(3));
  await services.store.acquireItems("small", HOLDER, "disable-replication", [
    { itemId: "item-1", from: "protected", during: "disabling-replication" },
  ]);
  await services.store.updateItems("small", HOLDER, [
    { itemId: "item-1", change: { state: "unprotected" }, release: true },
  ]);
});

/** Without item-3, with ten items more, with another name for one machine and another kind of recovery points. */
function changed(): World {
  const { machines, items, policies, ...rest } = smallWorld(LARGE + 10);
  return {
    ...rest,
    policies: [...policies, { ...policies[0], id: "hourly", crashConsistentMinutes: 60 } as World["policies"][number]],
    machines: machines.map((machine) => (machine.id === "vm-2" ? { ...machine, name: "renamed" } : machine)),
    items: items
      .filter(({ id }) => id !== "item-3")
      .map((item) => (item.id === "item-4" ? { ...item, policyId: "hourly" } : item)),
  };
}

/** What a start gets to hear about an item that the change touches. */
async function claim(tables: Tables, itemId: string): Promise<string> {
  const { store } = servicesOver(tables, new ManualClock());
  return store
    .acquireItems("small", HOLDER, "planned-failover", [{ itemId, from: "protected", during: "failing-over" }])
    .then(
      () => "taken",
      ({ code }: { code: string }) => code,
    );
}

/** Ends what `claim` may have taken. */
async function leave(tables: Tables, itemId: string): Promise<void> {
  const { store } = servicesOver(tables, new ManualClock());
  const [item] = await store.findItems("small", [itemId]);
  if (item?.heldBy == null) return;
  await store.updateItems("small", HOLDER, [{ itemId, change: { state: item.heldBy.from }, release: true }]);
}

/** The rows that only one of two has. Each load of an estate has a number of its own, and a repeated write counts again. */
function differences(one: readonly string[], other: readonly string[]): string[] {
  const plain = (rows: readonly string[]) =>
    new Set(rows.map((row) => row.replace(/small:\d+:/, "small:").replaceAll(/"(load":"\d+"|revision":\d+)/g, "")));
  const [left, right] = [plain(one), plain(other)];
  return [...left].filter((row) => !right.has(row)).concat([...right].filter((row) => !left.has(row)));
}

test.each([
  { what: "a first import", prepare: nothing, act: imported, touches: "item-1" },
  {
    what: "a reset",
    prepare: moved,
    act: by((services) => importWorld(services, smallWorld(LARGE + 30), "reset")),
    touches: "item-2",
  },
  {
    what: "a merge",
    prepare: moved,
    act: by((services) => importWorld(services, changed(), "merge")),
    touches: "item-4",
  },
  {
    what: "the removal of a world",
    prepare: moved,
    act: by((services) => removeWorld(services, "small", { plans: true })),
    touches: "item-2",
  },
  {
    what: "the removal of an item",
    prepare: unprotected,
    act: by((services) => removeItem(services, "small", "item-1")),
    touches: "item-1",
  },
])(
  "$what that dies after any write lets nothing start, and its repetition ends as if it had not died",
  async (given) => {
    const { prepare, act, touches } = given;
    const undisturbed = recordingPartitions(createMemoryTables());
    await prepare(undisturbed);
    const before = await rowsIn(undisturbed);
    await act(undisturbed);
    const after = await rowsIn(undisturbed);

    const writes = await atEachCrashPoint(
      async (tables) => {
        await prepare(tables);
      },
      act,
      async (tables, died) => {
        const isUntouched = JSON.stringify(await rowsIn(tables)) === JSON.stringify(before);
        if (died && !isUntouched)
          expect(["world-changing", "item-not-found", "world-not-found"]).toContain(await claim(tables, touches));
        await leave(tables, touches);
        await act(tables);
        expect(differences(await rowsIn(tables), after)).toEqual([]);
      },
    );
    expect(writes).toBeGreaterThan(1);
  },
);

test("an import that died is completed only by its repetition or a reset", async () => {
  let refused = 0;
  await atEachCrashPoint(
    async (tables) => {
      await moved(tables);
    },
    by((services) => importWorld(services, changed(), "merge")),
    async (tables, died) => {
      const services = servicesOver(tables, new ManualClock());
      if (!died || (await services.store.getWorld("small"))?.change === undefined) return;
      const other = importWorld(services, smallWorld(LARGE + 1), "merge");
      await expect(other).rejects.toMatchObject({ code: "world-changing" });
      await expect(importWorld(services, changed())).rejects.toThrow("repeat that request, or import with mode=reset");
      expect((await importWorld(services, smallWorld(2), "reset")).itemCount).toBe(2);
      expect((await rowsIn(tables)).filter((row) => row.includes("small:1:"))).toEqual([]);
      refused += 1;
    },
  );
  expect(refused).toBeGreaterThan(3);
});
