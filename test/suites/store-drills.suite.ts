import { beforeEach, describe, expect, test } from "vitest";
import { toInstant } from "../../src/domain/text.js";
import type { PlanSchedule, Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { drillRecord, passedVerdict } from "../support/drill-records.js";

const PAGE = { limit: 100 };
const at = (minute: number): string => toInstant(Date.UTC(2026, 0, 1, 0, minute));
const scheduleOf = (planId: string, minute: number): PlanSchedule => ({
  planId,
  schedule: { cron: "0 0 * * * *", timeZone: "UTC" },
  doneUntil: at(0),
  lookAt: at(minute),
  tzdata: "2026a",
});
const mismatch = expect.objectContaining({ code: "etag-mismatch" });

/** What every store does with drills, whatever tables it stands on. */
export function storeDrillsSuite(name: string, open: () => Tables): void {
  describe(`drills in the store on ${name}`, () => {
    let store: Store;
    beforeEach(() => {
      store = createStore(open());
    });

    const tagged = async (number: number) => {
      const found = await store.getDrill(drillRecord(number).drillId);
      if (found === null) throw new Error("no drill");
      return found;
    };
    const ids = (page: { entries: { drillId: string }[] }) => page.entries.map(({ drillId }) => drillId);

    test("a drill is recorded once, and a repetition gets the first one", async () => {
      expect((await store.createDrill(drillRecord(1))).created).toBe(true);
      const again = await store.createDrill(drillRecord(1, { planVersion: 7 }));
      expect(again).toEqual({ drill: drillRecord(1), created: false });
      expect(await store.getDrill(drillRecord(2).drillId)).toBeNull();
    });

    test("a drill is among the open ones until it has a verdict, and among the passed ones if it passed", async () => {
      for (const number of [1, 2, 3]) await store.createDrill(drillRecord(number));
      expect(ids(await store.listOpenDrills(PAGE))).toHaveLength(3);
      await store.updateDrill(await tagged(1), { ...drillRecord(1), verdict: passedVerdict() });
      await store.updateDrill(await tagged(2), { ...drillRecord(2), verdict: passedVerdict({ result: "failed" }) });
      expect(ids(await store.listOpenDrills(PAGE))).toEqual([drillRecord(3).drillId]);
      expect(ids(await store.listPassedDrills("shop", PAGE))).toEqual([drillRecord(1).drillId]);
    });

    test("of two changes of the same record one is refused", async () => {
      await store.createDrill(drillRecord(1));
      const seen = await tagged(1);
      await store.updateDrill(seen, { ...seen.value, planVersion: 2 });
      await expect(store.updateDrill(seen, { ...seen.value, planVersion: 3 })).rejects.toEqual(mismatch);
    });

    test("the drills of a plan are listed newest first, without those of a plan whose id begins with its own", async () => {
      for (const number of [1, 2]) await store.createDrill(drillRecord(number));
      await store.createDrill(drillRecord(3, { planId: "shop.two" }));
      expect(ids(await store.listDrills("shop", PAGE))).toEqual([2, 1].map((number) => drillRecord(number).drillId));
      const first = await store.listDrills("shop", { limit: 1 });
      expect(ids(await store.listDrills("shop", { limit: 1, cursor: first.cursor ?? "" }))).toEqual([
        drillRecord(1).drillId,
      ]);
    });

    test("a plan is due once from its moment on, at the newest one that was saved", async () => {
      await store.putPlanSchedule(scheduleOf("shop", 5), null);
      await store.putPlanSchedule(scheduleOf("other", 9), null);
      const known = await store.getPlanSchedule("shop");
      await store.putPlanSchedule(scheduleOf("shop", 7), known?.etag ?? null);
      const due = async (minute: number) =>
        (await store.listDueSchedules(at(minute), PAGE)).entries.map(({ planId }) => planId);
      expect(await due(6)).toEqual([]);
      expect(await due(7)).toEqual(["shop"]);
      expect(await due(9)).toEqual(["shop", "other"]);
      await expect(store.putPlanSchedule(scheduleOf("shop", 8), known?.etag ?? null)).rejects.toEqual(mismatch);
      await expect(store.putPlanSchedule(scheduleOf("shop", 8), null)).rejects.toEqual(mismatch);
    });
  });
}
