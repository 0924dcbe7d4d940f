import { beforeEach, describe, expect, test } from "vitest";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type { Tables } from "../../src/store/tables/port.js";
import { ManualClock, smallWorld } from "../support/worlds.js";

/** How the estate of a world is described anew and removed, whatever tables it stands on. */
export function hypervisorWorldsSuite(name: string, open: () => Tables): void {
  describe(`changes of an estate on ${name}`, () => {
    let emulator: ReturnType<typeof createEmulator>;
    const base = smallWorld(2);
    const namesAtHome = async () => (await emulator.describeSite("small", "home")).machineNames;

    beforeEach(async () => {
      const clock = new ManualClock();
      emulator = createEmulator({ tables: open(), clock, speed: 1, durations: "zero", maxConcurrentOperations: 100 });
      await emulator.loadWorld(base);
      const stop = { worldId: "small", itemId: "item-1", executionId: "e", key: "e/stop/item-1", params: {} };
      await emulator.runOnItem({ ...stop, operation: "disable-replication" });
    });

    test("a merge adds and describes anew, keeps states and settings, and may be repeated", async () => {
      const { target } = base.items[0] ?? { target: undefined };
      if (target) await emulator.replaceTarget("small", "item-1", target, { ...target, size: "D4" });
      const next = smallWorld(3);
      const machines = next.machines.map((machine) => ({ ...machine, memoryMb: 16_384 }));
      const site = { ...next.sites[0], id: "third", name: "Third" } as (typeof next.sites)[number];
      const changed = { ...next, machines, sites: [...next.sites, site] };
      for (const _ of ["once", "twice"]) {
        await emulator.mergeWorld(base, changed, ["item-1", "item-2", "item-3"]);
        const [first, , third] = await emulator.describeItems("small", ["item-1", "item-2", "item-3"]);
        expect(first?.item.target.size).toBe("D4");
        expect([first, third].map((item) => [item?.machine.memoryMb, item?.replication.state])).toEqual([
          [16_384, "stopped"],
          [16_384, "replicating"],
        ]);
        expect((await namesAtHome()).toSorted()).toEqual(["vm-1", "vm-2", "vm-3"]);
        expect((await emulator.describeSite("small", "third")).site.name).toBe("Third");
      }
    });

    test("a removed item is gone with its faults, and its machine stays", async () => {
      await emulator.addFault("small", { target: { itemId: "item-1" }, mode: "hang" });
      for (const _ of ["once", "twice"]) {
        await emulator.removeItem("small", "item-1");
        await expect(emulator.describeItems("small", ["item-1"])).rejects.toMatchObject({ code: "item-not-found" });
        expect(await emulator.listFaults("small")).toEqual([]);
        expect(await namesAtHome()).toEqual(["vm-1", "vm-2"]);
      }
    });

    test("a removed world is gone, may be removed again, and can be loaded anew", async () => {
      await emulator.removeWorld("small");
      await emulator.removeWorld("small");
      await expect(emulator.describeItems("small", ["item-1"])).rejects.toMatchObject({ code: "world-not-found" });
      await emulator.loadWorld(base);
      const [item] = await emulator.describeItems("small", ["item-1"]);
      expect(item?.replication.state).toBe("replicating");
    });
  });
}
