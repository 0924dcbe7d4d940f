import { beforeEach, describe, expect, test } from "vitest";
import { ApprovalRequirement } from "../../src/domain/approvals/requirement.js";
import type { Plan } from "../../src/domain/plans/plan.js";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { TWO_BEFORE_START } from "../support/approvals.js";
import { smallPlan } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const LATER = "2026-03-02T09:00:05.000Z";

const code = (name: string) => expect.objectContaining({ code: name });
const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Tables as their client library shows them when each first answer is late: it sends the write once more. */
const repeatingWrites = (tables: Tables): Tables => ({
  table: (name) => {
    const table = tables.table(name);
    return {
      ...table,
      transact: async (partition, operations) => {
        await table.transact(partition, operations);
        return table.transact(partition, operations);
      },
    };
  },
});

/** Tables that list each read, such as `Plans get plan`. */
const listingReads = (tables: Tables, reads: string[]): Tables => ({
  table: (name) => {
    const table = tables.table(name);
    const get = (partition: string, row: string) => {
      reads.push(`${name} get ${partition}/${row}`);
      return table.get(partition, row);
    };
    return { ...table, get };
  },
});

/** What every store must do with plans, whatever tables it stands on. */
export function storePlansSuite(name: string, open: () => Tables): void {
  describe(`plans on ${name}`, () => {
    let tables: Tables;
    let store: Store;

    beforeEach(() => {
      tables = open();
      store = createStore(tables);
    });

    test("versions are numbered, and earlier ones stay readable", async () => {
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      const renamed = smallPlan(["item-1"], { name: "Renamed" });
      const second = await store.putPlan(renamed, "hash-2", { at: AT, by: "planner" }, first.etag);
      expect([first.value.version, second.value.version]).toEqual([1, 2]);
      expect(await store.getPlan("plan")).toEqual(second);
      expect((await store.getPlanVersion("plan", 1))?.plan.name).toBe("Plan");
      expect((await store.getPlanVersion("plan", 2))?.plan.name).toBe("Renamed");
      expect(await store.getPlanVersion("plan", 3)).toBeNull();
      expect((await store.listPlans({ limit: 10 })).entries).toEqual([second.value]);
    });

    test("a save with an old ETag is refused and changes nothing", async () => {
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      await expect(store.putPlan(smallPlan(["item-1"]), "x", { at: AT, by: "planner" }, null)).rejects.toEqual(
        code("already-exists"),
      );
      await expect(store.putPlan(smallPlan(["item-1"]), "x", { at: AT, by: "planner" }, 'W/"old"')).rejects.toEqual(
        code("etag-mismatch"),
      );
      expect(await store.getPlan("plan")).toEqual(first);
    });

    test("a repeated save whose response was lost succeeds, until another save follows", async () => {
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      expect(await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: LATER, by: "planner" }, null)).toEqual(first);
      const renamed = smallPlan(["item-1"], { name: "Renamed" });
      const second = await store.putPlan(renamed, "hash-2", { at: AT, by: "planner" }, first.etag);
      expect(await store.putPlan(renamed, "hash-2", { at: LATER, by: "planner" }, first.etag)).toEqual(second);
      await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, second.etag);
      await expect(store.putPlan(renamed, "hash-2", { at: LATER, by: "planner" }, first.etag)).rejects.toEqual(
        code("etag-mismatch"),
      );
    });

    test("a save that the storage client repeats after a late response succeeds", async () => {
      const repeating = createStore(repeatingWrites(tables));
      const saved = await repeating.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      expect(saved).toEqual(await store.getPlan("plan"));
      const renamed = smallPlan(["item-1"], { name: "Renamed" });
      const second = await repeating.putPlan(renamed, "hash-2", { at: AT, by: "planner" }, saved.etag);
      expect([second.value.version, second]).toEqual([2, await store.getPlan("plan")]);
    });

    test("of two saves of the same version, one wins", async () => {
      const { etag } = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      const results = await Promise.allSettled(
        ["A", "B"].map((planName) =>
          store.putPlan(smallPlan(["item-1"], { name: planName }), planName, { at: AT, by: "planner" }, etag),
        ),
      );
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect((await store.getPlan("plan"))?.value.version).toBe(2);
    });

    test("of twenty concurrent creates one wins, and the others get already-exists", async () => {
      const names = numbersUpTo(20).map((number) => `Plan ${number}`);
      const results = await Promise.allSettled(
        names.map((planName) =>
          store.putPlan(smallPlan(["item-1"], { name: planName }), planName, { at: AT, by: "planner" }, null),
        ),
      );
      const refused = results.filter(({ status }) => status === "rejected");
      expect(refused).toEqual(names.slice(1).map(() => ({ status: "rejected", reason: code("already-exists") })));
      const won = names[results.findIndex(({ status }) => status === "fulfilled")];
      expect((await store.getPlan("plan"))?.value).toMatchObject({ version: 1, plan: { name: won } });
    });

    test("of twenty concurrent saves of a version one wins, and no version is lost or duplicated", async () => {
      const { etag } = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      const names = numbersUpTo(20).map((number) => `Plan ${number}`);
      const results = await Promise.allSettled(
        names.map((planName) =>
          store.putPlan(smallPlan(["item-1"], { name: planName }), planName, { at: AT, by: "planner" }, etag),
        ),
      );
      const refused = results.filter(({ status }) => status === "rejected");
      expect(refused).toEqual(names.slice(1).map(() => ({ status: "rejected", reason: code("etag-mismatch") })));
      const won = names[results.findIndex(({ status }) => status === "fulfilled")];
      expect((await store.getPlanVersion("plan", 1))?.plan.name).toBe("Plan");
      expect((await store.getPlanVersion("plan", 2))?.plan.name).toBe(won);
      expect(await store.getPlanVersion("plan", 3)).toBeNull();
    });

    test("a save that was interrupted after the archive step can be repeated", async () => {
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      const archived = { kind: "insert", row: "0000000001", schema: 1, json: JSON.stringify(first.value) } as const;
      await tables.table("Plans").transact("plan-plan", [archived]);
      const second = await store.putPlan(
        smallPlan(["item-1"], { name: "Second" }),
        "hash-2",
        { at: AT, by: "planner" },
        first.etag,
      );
      expect(second.value).toMatchObject({ version: 2, plan: { name: "Second" } });
      expect(await store.getPlan("plan")).toEqual(second);
      expect(await store.getPlanVersion("plan", 2)).toEqual(second.value);
      expect(await store.getPlanVersion("plan", 1)).toEqual(first.value);
    });

    test("a plan that is saved again after its removal gets the next version, and every version stays readable", async () => {
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      await expect(store.removePlan("plan", 'W/"old"')).rejects.toEqual(code("etag-mismatch"));
      await store.removePlan("plan", first.etag);
      await store.removePlan("plan", first.etag);
      expect([await store.getPlan("plan"), (await store.listPlans({ limit: 10 })).entries]).toEqual([null, []]);
      await expect(store.putPlan(smallPlan(["item-1"]), "x", { at: AT, by: "planner" }, first.etag)).rejects.toEqual(
        code("etag-mismatch"),
      );

      const again = await store.putPlan(
        smallPlan(["item-1"], { name: "Again" }),
        "hash-2",
        { at: AT, by: "planner" },
        null,
      );
      expect(again.value.version).toBe(2);
      await store.removePlan("plan", null);
      const names = [1, 2].map(async (version) => (await store.getPlanVersion("plan", version))?.plan.name);
      expect(await Promise.all(names)).toEqual(["Plan", "Again"]);
    });

    test("a version is read once, and the current version of a plan every time", async () => {
      const reads: string[] = [];
      const reader = createStore(listingReads(tables, reads));
      const first = await store.putPlan(smallPlan(["item-1"]), "hash-1", { at: AT, by: "planner" }, null);
      const name = async () => (await reader.getPlanVersion("plan", 1))?.plan.name;
      expect([await name(), await name()]).toEqual(["Plan", "Plan"]);
      expect(reads).toEqual(["Plans get plans/plan"]);

      expect(await reader.getPlanVersion("plan", 2)).toBeNull();
      await store.putPlan(smallPlan(["item-1"], { name: "Renamed" }), "hash-2", { at: AT, by: "planner" }, first.etag);
      expect((await reader.getPlan("plan"))?.value.version).toBe(2);
      expect((await reader.getPlanVersion("plan", 2))?.plan.name).toBe("Renamed");
      expect(await name()).toBe("Plan");
    });

    test("plans that want approvals are found by their world and items, also after others were saved and removed", async () => {
      const approvals = [ApprovalRequirement.parse({ ...TWO_BEFORE_START })];
      const save = (id: string, change: Partial<Plan>, ifMatch: string | null = null) =>
        store.putPlan(
          { ...smallPlan(["item-1"]), id, ...change },
          id + JSON.stringify(change),
          { at: AT, by: "ann" },
          ifMatch,
        );
      const guarding = async (...itemIds: string[]) =>
        (await store.listGuardingPlans("small", itemIds.length === 0 ? ["item-1"] : itemIds)).map(
          ({ plan }) => plan.id,
        );
      expect(await guarding()).toEqual([]);
      const first = await save("first", { approvals });
      await save("second", {});
      await save("third", { approvals });
      await save("elsewhere", { approvals, worldId: "other" });
      expect(await guarding()).toEqual(["first", "third"]);
      expect(await guarding("item-2")).toEqual([]);
      await store.removePlan("third", null);
      expect(await guarding()).toEqual(["first"]);
      await save("first", { approvals: [] }, first.etag);
      expect(await guarding()).toEqual([]);
    });

    test("a damaged plan that wants approvals hides no plan of other items, and refuses the list of its own", async () => {
      const approvals = [ApprovalRequirement.parse({ ...TWO_BEFORE_START })];
      const save = (id: string, itemIds: string[], ifMatch: string | null = null) =>
        store.putPlan(
          { ...smallPlan(itemIds, { approvals }), id },
          id + itemIds.join(),
          { at: AT, by: "ann" },
          ifMatch,
        );
      const first = await save("damaged", ["item-1", "item-2"]);
      await save("damaged", ["item-2", "item-3"], first.etag);
      await save("sound", ["item-4"]);
      const json = '{"no":"plan"}';
      await tables.table("Plans").transact("plans", [{ kind: "put", row: "damaged", schema: 1, json }]);
      const guarding = async (...itemIds: string[]) =>
        (await store.listGuardingPlans("small", itemIds)).map(({ plan }) => plan.id);
      expect(await guarding("item-4")).toEqual(["sound"]);
      for (const itemId of ["item-1", "item-2", "item-3"]) {
        await expect(guarding("item-4", itemId)).rejects.toEqual(code("row-unreadable"));
      }
    });

    test("a plan larger than a column is read completely", async () => {
      const itemIds = numbersUpTo(1_500).map((number) => `item-with-a-rather-long-name-${number}`);
      const { value } = await store.putPlan(smallPlan(itemIds), "hash", { at: AT, by: "planner" }, null);
      expect(JSON.stringify(value).length).toBeGreaterThan(60_000);
      expect((await store.getPlan("plan"))?.value).toEqual(value);
    });
  });
}
