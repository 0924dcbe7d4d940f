import { expect, test } from "vitest";
import { type Execution, ExecutionOptions } from "../../../src/domain/execution.js";
import { createStore } from "../../../src/store/store.js";
import type { Tables } from "../../../src/store/tables/port.js";
import { atEachCrashPoint } from "../../support/dying-tables.js";
import { smallPlan } from "../../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const LATER = "2026-03-02T09:00:05.000Z";
const ID = "11111111-1111-8111-8111-111111111111";

const named = (name: string) => smallPlan(["item-1"], { name });
const etagOf = async (tables: Tables): Promise<string> => (await createStore(tables).getPlan("plan"))?.etag ?? "";
const namesOf = (tables: Tables, versions: readonly number[]) =>
  Promise.all(versions.map(async (version) => (await createStore(tables).getPlanVersion("plan", version))?.plan.name));

/** Two versions: "First" and "Second". */
async function twoVersions(tables: Tables): Promise<void> {
  const store = createStore(tables);
  const { etag } = await store.putPlan(named("First"), "1", { at: AT, by: "planner" }, null);
  await store.putPlan(named("Second"), "2", { at: AT, by: "planner" }, etag);
}

test("a save that dies after any of its writes loses no version, and its repetition succeeds", async () => {
  const writes = await atEachCrashPoint(
    twoVersions,
    async (tables) => createStore(tables).putPlan(named("Third"), "3", { at: AT, by: "planner" }, await etagOf(tables)),
    async (tables, died) => {
      expect(await namesOf(tables, [1, 2])).toEqual(["First", "Second"]);
      const store = createStore(tables);
      const seen = await store.getPlan("plan");
      expect(seen?.value.version).toBe(died ? 2 : 3);
      const repeated = await store.putPlan(named("Third"), "3", { at: LATER, by: "planner" }, seen?.etag ?? "");
      expect(repeated.value.plan.name).toBe("Third");
      expect(await namesOf(tables, [1, 2, 3])).toEqual(["First", "Second", "Third"]);
    },
  );
  expect(writes).toBe(2);
});

test("a removal that dies after any of its writes loses no version, and its repetition succeeds", async () => {
  const writes = await atEachCrashPoint(
    twoVersions,
    async (tables) => createStore(tables).removePlan("plan", await etagOf(tables)),
    async (tables, died) => {
      const store = createStore(tables);
      expect(await namesOf(tables, [1, 2])).toEqual(["First", "Second"]);
      const seen = await store.getPlan("plan");
      expect(seen === null).toBe(!died);
      await store.removePlan("plan", seen?.etag ?? 'W/"gone"');
      expect(await store.getPlan("plan")).toBeNull();
      expect(await store.listPlans({ limit: 10 })).toEqual({ entries: [] });
      expect(await namesOf(tables, [1, 2])).toEqual(["First", "Second"]);
    },
  );
  expect(writes).toBe(2);
});

const start = (requestedAt: string): Execution => ({
  executionId: ID,
  idempotencyKey: "key",
  worldId: "small",
  subject: { kind: "item", itemId: "item-1" },
  verb: "planned-failover",
  direction: "primary-to-recovery",
  planHash: null,
  itemIds: ["item-1"],
  options: ExecutionOptions.parse({}),
  requestedBy: "tester",
  requestedAt,
  status: "running",
});

test("a start that dies after any of its writes is found by the sweep and the list, if it was recorded at all", async () => {
  const writes = await atEachCrashPoint(
    async () => undefined,
    (tables) => createStore(tables).createExecution(start(AT)),
    async (tables, died) => {
      const store = createStore(tables);
      const isRecorded = (await store.getExecution(ID)) !== null;
      expect(isRecorded).toBe(!died);
      const watched = (await store.listUnsettled()).map(({ value }) => value.executionId);
      const { entries } = await store.listExecutions({ limit: 10 });
      if (isRecorded) expect([watched, entries]).toEqual([[ID], [start(AT)]]);
      else expect(entries).toEqual([]);
      await store.createExecution(start(LATER));
      expect(await store.listExecutions({ limit: 10 })).toEqual({ entries: [start(isRecorded ? AT : LATER)] });
    },
  );
  expect(writes).toBe(3);
});

test("a decision that dies after any of its writes is announced, if it was recorded at all", async () => {
  const cancelRequest = { behaviour: "restore-protection" as const, requestedBy: "tester", requestedAt: LATER };
  let entryBefore: string | undefined;
  let recordEtag = "";
  const etagOfEntry = async (tables: Tables) => (await createStore(tables).listUnsettled())[0]?.etag;
  const writes = await atEachCrashPoint(
    async (tables) => {
      const store = createStore(tables);
      await store.createExecution(start(AT));
      entryBefore = await etagOfEntry(tables);
      recordEtag = (await store.getExecution(ID))?.etag ?? "";
    },
    (tables) => createStore(tables).updateWatched({ ...start(AT), cancelRequest }, recordEtag),
    async (tables, died) => {
      const store = createStore(tables);
      const isRecorded = (await store.getExecution(ID))?.value.cancelRequest !== undefined;
      expect(isRecorded).toBe(!died);
      if (isRecorded) expect(await etagOfEntry(tables)).not.toBe(entryBefore);
      expect(await store.listUnsettled()).toMatchObject([{ value: { executionId: ID, since: AT } }]);
    },
  );
  expect(writes).toBe(2);
});
