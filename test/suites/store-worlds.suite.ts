import { beforeEach, describe, expect, test } from "vitest";
import type { Store, WorldChange } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { smallWorld } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const LATER = "2026-03-02T09:00:05.000Z";
const FIRST = "11111111-1111-8111-8111-111111111111";

const code = (name: string) => expect.objectContaining({ code: name });
const claim = (itemId: string) => ({ itemId, from: "protected" as const, during: "failing-over" as const });
const reset: WorldChange = { kind: "reset", contentHash: "hash", since: LATER, itemIds: null };

/** How every store changes and removes worlds and items, whatever tables it stands on. */
export function storeWorldsSuite(name: string, open: () => Tables): void {
  describe(`changes of worlds on ${name}`, () => {
    let tables: Tables;
    let store: Store;
    const take = (itemId: string) => store.acquireItems("small", FIRST, "planned-failover", [claim(itemId)]);
    const begin = (change: WorldChange) => store.beginWorldChange("small", "Small world", change);
    const itemIds = async () => (await store.listItems("small", { limit: 100 })).entries.map(({ itemId }) => itemId);

    beforeEach(async () => {
      tables = open();
      store = createStore(tables);
      await store.putWorld(smallWorld(3), AT);
    });

    test("a world is described as it was imported last, however large it is", async () => {
      expect(await store.getWorldDescription("small")).toEqual(smallWorld(3));
      await store.putWorld(smallWorld(1_200), LATER);
      expect(await store.getWorldDescription("small")).toEqual(smallWorld(1_200));
      await store.putWorld(smallWorld(2), LATER);
      expect(await store.getWorldDescription("small")).toEqual(smallWorld(2));
      expect(await store.getWorldDescription("other")).toBeNull();
    });

    test("a claim and a change that meet: one of them sees the other, whichever is first", async () => {
      await take("item-1");
      const begun = await begin(reset);
      await expect(store.refuseHeldItems("small")).rejects.toEqual(code("world-in-use"));
      await store.giveUpWorldChange(begun);
      await store.releaseItems("small", FIRST, ["item-1"]);

      await begin(reset);
      await store.refuseHeldItems("small");
      await expect(take("item-2")).rejects.toEqual(code("world-changing"));
    });

    test("a merge refuses only the items that it touches", async () => {
      await begin({ ...reset, kind: "merge", itemIds: ["item-2"] });
      await expect(take("item-2")).rejects.toEqual(code("world-changing"));
      expect(await take("item-1")).toMatchObject([{ itemId: "item-1", state: "failing-over" }]);
    });

    test("of two changes, the later one wins and the earlier one is refused at its end", async () => {
      const { etag: first } = await begin(reset);
      const { etag: second } = await begin(reset);
      await expect(store.putWorld(smallWorld(1), LATER, first)).rejects.toEqual(code("world-changing"));
      expect((await store.getWorld("small"))?.change).toEqual(reset);
      await store.putWorld(smallWorld(1), LATER, second);
      expect(await store.getWorld("small")).toEqual({
        worldId: "small",
        name: "Small world",
        importedAt: LATER,
        itemCount: 1,
      });
    });

    test("a merge adds and describes items, and keeps the states of those that exist", async () => {
      await take("item-1");
      await store.updateItems("small", FIRST, [
        { itemId: "item-1", change: { state: "failed-over", epoch: 1 }, release: true },
      ]);
      const world = smallWorld(4);
      const machines = world.machines.map((machine) => ({ ...machine, name: `new-${machine.name}` }));
      const { etag } = await begin({ ...reset, kind: "merge", itemIds: ["item-1", "item-4"] });
      const merged = await store.mergeWorld({ ...world, machines }, ["item-1", "item-4"], LATER, etag);
      expect(merged).toMatchObject({ itemCount: 4, importedAt: LATER });
      const { entries } = await store.listItems("small", { limit: 10 });
      expect(entries.map(({ name: label, state, epoch }) => [label, state, epoch])).toEqual([
        ["new-vm-1", "failed-over", 1],
        ["vm-2", "protected", 0],
        ["vm-3", "protected", 0],
        ["new-vm-4", "protected", 0],
      ]);
    });

    test("a removed world leaves no row, and may be removed again", async () => {
      await store.removeWorld("small");
      await store.removeWorld("small");
      expect([await store.getWorld("small"), await itemIds(), await store.getWorldDescription("small")]).toEqual([
        null,
        [],
        null,
      ]);
      for (const [table, partition] of [
        ["Worlds", "worlds"],
        ["Worlds", "description-small"],
        ["Items", "small"],
      ] as const) {
        expect((await tables.table(table).list(partition, { limit: 10 })).rows).toEqual([]);
      }
      await expect(take("item-1")).rejects.toEqual(code("item-not-found"));
    });

    test("an item is removed unless that is not allowed, and the world counts the others", async () => {
      const refuse = () => {
        throw new Error("not now");
      };
      await expect(store.removeItem("small", "item-2", refuse)).rejects.toThrow("not now");
      expect(await store.removeItem("small", "item-2", () => undefined)).toBe(true);
      expect(await store.removeItem("small", "item-2", refuse)).toBe(false);
      expect(await itemIds()).toEqual(["item-1", "item-3"]);
      expect((await store.getWorld("small"))?.itemCount).toBe(2);
      const found = await store.findItems("small", ["item-3", "item-2", "item-1"]);
      expect(found.map(({ itemId }) => itemId)).toEqual(["item-3", "item-1"]);
    });

    test("an item that an execution takes while it is removed stays", async () => {
      const raced = createStore({
        table: (of) => {
          const table = tables.table(of);
          let isFirst = true;
          return {
            ...table,
            get: async (partition, row) => {
              const read = await table.get(partition, row);
              if (of === "Items" && isFirst) {
                isFirst = false;
                await take("item-1");
              }
              return read;
            },
          };
        },
      });
      const refuseHeld = ({ heldBy }: { heldBy: unknown }) => {
        if (heldBy !== null) throw new Error("held");
      };
      await expect(raced.removeItem("small", "item-1", refuseHeld)).rejects.toThrow("held");
      expect(await itemIds()).toContain("item-1");
    });
  });
}
