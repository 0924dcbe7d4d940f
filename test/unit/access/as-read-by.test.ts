import { beforeEach, expect, test } from "vitest";
import { asReadBy } from "../../../src/commands/as-read-by.js";
import type { Context } from "../../../src/commands/context.js";
import { importWorld } from "../../../src/commands/import-world.js";
import { savePlan } from "../../../src/commands/plans.js";
import { startExecution } from "../../../src/commands/start-execution.js";
import { type Caller, LOCAL_ADMINISTRATOR } from "../../../src/domain/access/caller.js";
import type { Grant } from "../../../src/domain/access/roles.js";
import { ExecutionOptions } from "../../../src/domain/execution.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import type { Tables } from "../../../src/store/tables/port.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock, smallPlan, smallWorld } from "../../support/worlds.js";

let tables: Tables;
let context: Context;

const ids = ["a", "b", "c", "d"];
const caller = (...grants: Grant[]): Caller => ({ person: "ann", credential: "token", grants });
const readerOf = (...planIds: string[]): Caller => caller({ role: "viewer", planIds });

async function start(planId: string, key: string): Promise<string> {
  const { executionId } = await startExecution(context, {
    idempotencyKey: key,
    target: { kind: "plan", planId },
    verb: "test-failover",
    options: ExecutionOptions.parse({}),
    requestedBy: "tester",
  });
  return executionId;
}

beforeEach(async () => {
  tables = createMemoryTables();
  context = servicesOver(tables, new ManualClock());
  for (const id of ids) {
    await importWorld(context, smallWorld(1, { id: `w-${id}` }));
    await savePlan(context, smallPlan(["item-1"], { id, worldId: `w-${id}` }), null, "planner");
  }
});

const storeOf = (who: Caller) => asReadBy(context, who).store;

test("whoever may read everything uses the store itself", () => {
  expect(storeOf(LOCAL_ADMINISTRATOR)).toBe(context.store);
  expect(storeOf(caller({ role: "viewer", planIds: ["a"] }, { role: "auditor" }))).toBe(context.store);
});

test("a caller who is limited to plans sees these plans and their worlds, page by page", async () => {
  const store = storeOf(readerOf("c", "gone", "a"));
  const first = await store.listPlans({ limit: 1 });
  const cursor = first.cursor ?? "";
  const second = await store.listPlans({ limit: 2, cursor });
  expect([...first.entries, ...second.entries].map(({ plan }) => plan.id)).toEqual(["a", "c"]);
  expect(second.cursor).toBeUndefined();
  const worlds = await store.listWorlds({ limit: 10 });
  expect(worlds.entries.map(({ worldId }) => worldId)).toEqual(["w-a", "w-c"]);
  expect((await store.getWorld("w-a"))?.worldId).toBe("w-a");
  expect([await store.getWorld("w-b"), await store.getWorld("none")]).toEqual([null, null]);
});

test("a caller without any role sees nothing", async () => {
  const store = storeOf(caller());
  expect((await store.listPlans({ limit: 10 })).entries).toEqual([]);
  expect((await store.listWorlds({ limit: 10 })).entries).toEqual([]);
});

test("executions of other plans are left out, also those that are not settled, and no page is lost", async () => {
  const mine: string[] = [];
  for (const id of ids) {
    const executionId = await start(id, `of ${id}`);
    if (id === "a" || id === "c") mine.push(executionId);
  }
  const store = storeOf(readerOf("a", "c"));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listExecutions({ limit: 1, ...(cursor !== undefined && { cursor }) });
    seen.push(...page.entries.map(({ executionId }) => executionId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen.sort()).toEqual([...mine].sort());
  const unsettled = await store.listUnsettled();
  expect(unsettled.map(({ value }) => value.executionId).sort()).toEqual([...mine].sort());
});

test("a damaged row is not named, because nobody knows whose it is", async () => {
  const executionId = await start("a", "of a");
  await tables.table("Executions").transact(executionId, [{ kind: "put", row: "record", schema: 1, json: "{}" }]);
  await tables.table("Plans").transact("plans", [{ kind: "put", row: "a", schema: 1, json: "{}" }]);
  const store = storeOf(readerOf("a", "c"));
  expect(await store.listUnsettled()).toEqual([]);
  expect((await store.listPlans({ limit: 10 })).entries.map(({ plan }) => plan.id)).toEqual(["c"]);
});
