import { beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Table, Tables } from "../../src/store/tables/port.js";
import { smallWorld } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const FIRST = "11111111-1111-8111-8111-111111111111";
const SECOND = "22222222-2222-8222-8222-222222222222";

const code = (name: string) => expect.objectContaining({ code: name });

const claims = (numbers: readonly number[]) =>
  numbers.map((number) => ({ itemId: `item-${number}`, from: "protected" as const, during: "failing-over" as const }));
const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A table whose writes take place, and whose answers are lost. */
function unanswered(table: Table): Table {
  return {
    ...table,
    async transact(partition, operations) {
      await table.transact(partition, operations);
      throw new Error("no answer came");
    },
  };
}

/** What every store must do, whatever tables it stands on. */
export function storeSuite(name: string, open: () => Tables): void {
  describe(`the store on ${name}`, () => {
    let tables: Tables;
    let store: Store;

    beforeEach(() => {
      tables = open();
      store = createStore(tables);
    });

    describe("worlds and items", () => {
      test("an imported world has its items, protected and free", async () => {
        const record = await store.putWorld(smallWorld(3), AT);

        expect(await store.getWorld("small")).toEqual(record);
        expect(record).toEqual({ worldId: "small", name: "Small world", importedAt: AT, itemCount: 3 });
        const { entries, cursor } = await store.listItems("small", { limit: 100 });
        expect(cursor).toBeUndefined();
        expect(entries.map(({ itemId, state, heldBy }) => [itemId, state, heldBy])).toEqual([
          ["item-1", "protected", null],
          ["item-2", "protected", null],
          ["item-3", "protected", null],
        ]);
        expect((await store.listWorlds({ limit: 10 })).entries).toEqual([record]);
      });

      test("missing records are read as null", async () => {
        expect(await store.getWorld("small")).toBeNull();
        expect(await store.getPlan("plan")).toBeNull();
        expect(await store.getExecution(FIRST)).toBeNull();
        expect((await store.listExecutions({ limit: 10 })).entries).toEqual([]);
      });

      test("a repeated import replaces items and removes missing ones", async () => {
        await store.putWorld(smallWorld(3), AT);
        await store.putWorld(smallWorld(2), AT);
        const left = (await store.listItems("small", { limit: 100 })).entries.map(({ itemId }) => itemId);
        expect(left).toEqual(["item-1", "item-2"]);
      });

      test("an import is refused while an execution holds an item, and changes nothing", async () => {
        await store.putWorld(smallWorld(3), AT);
        await store.acquireItems("small", FIRST, "planned-failover", claims([2]));
        await expect(store.putWorld(smallWorld(1), AT)).rejects.toEqual(code("world-in-use"));
        expect((await store.listItems("small", { limit: 100 })).entries).toHaveLength(3);
      });

      test("items come in the requested order, many or few, and the error names a missing one", async () => {
        await store.putWorld(smallWorld(130), AT);
        const many = numbersUpTo(130).map((number) => `item-${131 - number}`);
        expect((await store.getItems("small", many)).map(({ itemId }) => itemId)).toEqual(many);
        await expect(store.getItems("small", ["item-1", "item-999"])).rejects.toThrow(/item-not-found.*item-999/);
      });

      test("a page continues where the last one ended", async () => {
        await store.putWorld(smallWorld(5), AT);
        const first = await store.listItems("small", { limit: 2 });
        const second = await store.listItems("small", { limit: 2, cursor: first.cursor ?? "" });
        const third = await store.listItems("small", { limit: 2, cursor: second.cursor ?? "" });
        const ids = [first, second, third].map(({ entries }) => entries.map(({ itemId }) => itemId));
        expect(ids).toEqual([["item-1", "item-2"], ["item-3", "item-4"], ["item-5"]]);
        expect(third.cursor).toBeUndefined();
      });

      test.each([{ limit: 0 }, { limit: 101 }, { limit: 1.5 }, { limit: 10, cursor: "a' or 1 eq 1" }])(
        "a page request of %j is refused",
        async (request) => {
          await expect(store.listItems("small", request)).rejects.toEqual(code("invalid-input"));
        },
      );
    });

    describe("locks", () => {
      beforeEach(async () => {
        await store.putWorld(smallWorld(250), AT);
      });

      test("250 items are taken together, over three transactions", async () => {
        const taken = await store.acquireItems("small", FIRST, "planned-failover", claims(numbersUpTo(250)));
        expect(taken).toHaveLength(250);
        expect(new Set(taken.map(({ state }) => state))).toEqual(new Set(["failing-over"]));
        const [last] = await store.getItems("small", ["item-250"]);
        expect(last?.heldBy).toEqual({ executionId: FIRST, verb: "planned-failover", from: "protected" });
      });

      test("a repeated claim of the same execution changes nothing", async () => {
        const take = () => store.acquireItems("small", FIRST, "planned-failover", claims([1, 2]));
        expect(await take()).toEqual(await take());
      });

      test("one held item refuses all, and leaves the others free; the error names the holder", async () => {
        await store.acquireItems("small", FIRST, "planned-failover", claims([240]));
        const refused = store.acquireItems("small", SECOND, "planned-failover", claims(numbersUpTo(250)));
        await expect(refused).rejects.toEqual(code("item-held"));
        await expect(refused).rejects.toThrow(FIRST);
        const items = await store.getItems(
          "small",
          numbersUpTo(250).map((number) => `item-${number}`),
        );
        expect(items.filter(({ heldBy }) => heldBy !== null).map(({ itemId }) => itemId)).toEqual(["item-240"]);
        expect(items.filter(({ state }) => state !== "protected")).toHaveLength(1);
      });

      test("a fault after a successful write keeps the items, because another request of the execution may continue", async () => {
        const all = claims(numbersUpTo(150));
        const faulty = createStore({ table: (of) => unanswered(tables.table(of)) });
        await expect(faulty.acquireItems("small", FIRST, "planned-failover", all)).rejects.toThrow("no answer came");
        const items = await store.getItems(
          "small",
          all.map(({ itemId }) => itemId),
        );
        expect(items.filter(({ heldBy }) => heldBy !== null)).toHaveLength(100);
        await store.acquireItems("small", FIRST, "planned-failover", all);
        const refused = store.acquireItems("small", SECOND, "planned-failover", claims([150]));
        await expect(refused).rejects.toThrow(FIRST);
      });

      test("of two concurrent claims on the same items, exactly one gets all of them", async () => {
        const all = claims(numbersUpTo(150));
        const results = await Promise.allSettled([
          store.acquireItems("small", FIRST, "planned-failover", all),
          store.acquireItems("small", SECOND, "planned-failover", all.toReversed()),
        ]);
        const items = await store.getItems(
          "small",
          all.map(({ itemId }) => itemId),
        );
        const holders = new Set(items.map(({ heldBy }) => heldBy?.executionId ?? "nobody"));
        const winner = results.findIndex(({ status }) => status === "fulfilled");
        expect([...holders]).toEqual([[FIRST, SECOND][winner]]);
        expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      });

      test("of two claims that each need the items of the other to stay free, one is refused", async () => {
        const passedOver = { itemId: "item-1", from: "protected", during: null } as const;
        const results = await Promise.allSettled([
          store.acquireItems("small", FIRST, "planned-failover", [passedOver, ...claims([2])]),
          store.acquireItems("small", SECOND, "planned-failover", [
            ...claims([1]),
            { ...passedOver, itemId: "item-2" },
          ]),
        ]);
        const items = await store.getItems("small", ["item-1", "item-2"]);
        const winner = results.findIndex(({ status }) => status === "fulfilled");
        expect(items.map(({ heldBy }) => heldBy?.executionId)).toEqual(
          [
            [undefined, FIRST],
            [SECOND, undefined],
          ][winner === 0 ? 0 : 1],
        );
        expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      });

      test("items that were not taken no longer matter to an execution that holds the others", async () => {
        const asked = [{ itemId: "item-1", from: "protected", during: null } as const, ...claims([2])];
        await store.acquireItems("small", FIRST, "planned-failover", asked);
        await store.acquireItems("small", SECOND, "planned-failover", claims([1]));
        const again = await store.acquireItems("small", FIRST, "planned-failover", asked);
        expect(again.map(({ heldBy }) => heldBy?.executionId)).toEqual([SECOND, FIRST]);
        const refused = store.acquireItems("small", FIRST, "planned-failover", [...asked, ...claims([3])]);
        await expect(refused).rejects.toThrow(SECOND);
      });

      test("an item that has left the expected state is not taken", async () => {
        const stale = [{ itemId: "item-1", from: "failed-over" as const, during: "committing" as const }];
        await expect(store.acquireItems("small", FIRST, "commit", stale)).rejects.toEqual(code("etag-mismatch"));
      });

      test("only the holding execution can change an item", async () => {
        await store.acquireItems("small", FIRST, "planned-failover", claims([1]));
        const update = [{ itemId: "item-1", change: { state: "failed-over" as const, epoch: 1 }, release: true }];
        await expect(store.updateItems("small", SECOND, update)).rejects.toEqual(code("item-held"));
        await store.updateItems("small", FIRST, update);
        const [item] = await store.getItems("small", ["item-1"]);
        expect(item).toMatchObject({ state: "failed-over", epoch: 1, heldBy: null });
      });

      test("released items are free, and items of other executions stay held", async () => {
        await store.acquireItems("small", FIRST, "planned-failover", claims([1]));
        await store.acquireItems("small", SECOND, "planned-failover", claims([2]));
        await store.releaseItems("small", FIRST, ["item-1", "item-2"]);
        await store.releaseItems("small", FIRST, ["item-1", "item-2"]);
        const items = await store.getItems("small", ["item-1", "item-2"]);
        expect(items.map(({ heldBy }) => heldBy?.executionId ?? null)).toEqual([null, SECOND]);
      });
    });

    describe("foreign rows", () => {
      const spoil = async (schema: number, json: string) => {
        await store.putWorld(smallWorld(1), AT);
        const row = await tables.table("Items").get("small", "item-1");
        const etag = row?.etag ?? "";
        await tables.table("Items").transact("small", [{ kind: "replace", row: "item-1", schema, json, etag }]);
      };

      test.each([
        ["newer", 2, "{}", "version 2"],
        ["damaged", 1, "{", "damaged"],
        ["foreign", 1, '{"worldId":"small"}', "damaged"],
      ])("a %s row is named, not read and not overwritten", async (_, schema, json, text) => {
        await spoil(schema, json);
        await expect(store.getItems("small", ["item-1"])).rejects.toThrow(/\[row-unreadable\].*small\/item-1/);
        await expect(store.getItems("small", ["item-1"])).rejects.toThrow(text);
        const claim = store.acquireItems("small", FIRST, "planned-failover", claims([1]));
        await expect(claim).rejects.toEqual(code("row-unreadable"));
        await expect(store.putWorld(smallWorld(1), AT)).rejects.toEqual(code("row-unreadable"));
        expect((await tables.table("Items").get("small", "item-1"))?.json).toBe(json);
      });

      test("a value that is too large for a row is refused", async () => {
        const title = "x".repeat(4_100_000);
        const write = store.putSteps(FIRST, [{ part: "p", steps: [{ id: "s", title, status: "failed" }] }]);
        await expect(write).rejects.toEqual(code("value-too-large"));
        expect(await store.getSteps(FIRST)).toEqual([]);
      });
    });
  });
}
