import { beforeEach, describe, expect, test } from "vitest";
import type { Execution } from "../../../src/domain/execution.js";
import { ExecutionOptions } from "../../../src/domain/execution.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import type { Store } from "../../../src/store/port.js";
import { createStore } from "../../../src/store/store.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import type { Row, Tables } from "../../../src/store/tables/port.js";
import { ManualClock, smallWorld } from "../../support/worlds.js";

const AT = "2026-01-01T00:00:00.000Z";
const ID = "11111111-1111-8111-8111-111111111111";
const OTHER = "22222222-2222-8222-8222-222222222222";
const plan = Plan.parse({
  id: "plan",
  name: "Plan",
  worldId: "small",
  groups: [{ id: "g", name: "G", items: [{ id: "item-1" }] }],
});
const execution: Execution = {
  executionId: ID,
  idempotencyKey: "key",
  worldId: "small",
  subject: { kind: "plan", planId: "plan", planVersion: 1 },
  verb: "planned-failover",
  direction: "primary-to-recovery",
  planHash: "hash",
  itemIds: ["item-1"],
  options: ExecutionOptions.parse({}),
  requestedBy: "tester",
  requestedAt: AT,
  status: "running",
};
const steps = { part: "execution", steps: [{ id: "a", title: "A", status: "succeeded" as const }] };
const claims = [{ itemId: "item-1", from: "protected", during: "failing-over" } as const];

let tables: Tables;
let clock: ManualClock;
const parts = () => ({
  store: createStore(tables),
  emulator: createEmulator({ tables, clock, speed: 1, durations: "zero", maxConcurrentOperations: 100 }),
});

async function noteAndSettle(store: Store, executionId: string): Promise<void> {
  const own = async () => (await store.listUnsettled()).filter(({ value }) => value.executionId === executionId);
  for (const entry of await own()) await store.noteTrouble(entry, { reason: "a reason", since: AT, loggedAt: AT });
  for (const entry of await own()) await store.settleExecution(entry);
}

/** Everything this program writes, each with what it holds. */
async function writeAll(executionId: string, ifMatch: string | null): Promise<unknown[]> {
  const { store, emulator } = parts();
  const stale = 'W/"stale"';
  const stop = (at: number) =>
    emulator.runOnItem({
      worldId: "small",
      itemId: "item-1",
      executionId,
      key: `${executionId}/${at}/item-1`,
      operation: "resynchronise",
      params: {},
    });
  const writes: (() => Promise<unknown>)[] = [
    () => store.createExecution({ ...execution, executionId }),
    () => store.updateExecution({ ...execution, executionId }, stale),
    () => store.putSteps(executionId, [steps]),
    () => store.watchExecution(executionId, "2026-01-01T00:10:00.000Z"),
    () => noteAndSettle(store, executionId),
    () => store.removePlan("plan", ifMatch),
    () => store.putPlan(plan, "hash", { at: AT, by: "planner" }, ifMatch),
    () => store.acquireItems("small", executionId, "planned-failover", claims),
    () => store.updateItems("small", executionId, [{ itemId: "item-1", release: true, change: {} }]),
    () => emulator.addFault("small", { target: { itemId: "item-2" }, mode: "hang" }),
    ...Array.from({ length: 33 }, (_, at) => () => stop(at)),
    () =>
      emulator.runOnSite({
        worldId: "small",
        siteId: "away",
        executionId,
        key: `${executionId}/network/away`,
        operation: "create-test-network",
        params: {},
      }),
    () => store.putWorld(smallWorld(2), AT),
    () => emulator.loadWorld(smallWorld(2)),
  ];
  const refusals: unknown[] = [];
  for (const write of writes) await write().catch((refusal: unknown) => refusals.push(refusal));
  return refusals;
}

/** Every kind of row, by table, partition and the beginning of its key. */
const KINDS: readonly [table: string, partition: string, row: string][] = [
  ["Worlds", "worlds", "small"],
  ["Items", "small", "item-1"],
  ["Plans", "plans", "plan"],
  ["Plans", "plan-plan", "0000000001"],
  ["Executions", ID, "record"],
  ["Executions", ID, "steps."],
  ["Executions", "newest-first", ""],
  ["Executions", "unsettled", ID],
  ["Estate", "worlds", "small"],
  ["Estate", "small:1:0", "state:item-1"],
  ["Estate", "small:1:0", "ledger:item-1"],
  ["Estate", "small:1:sites", "state:away"],
];

async function rowLike([table, partition, key]: (typeof KINDS)[number]): Promise<Row> {
  const { rows } = await tables.table(table).list(partition, { from: key, limit: 1 });
  const [row] = rows.filter((one) => one.row.startsWith(key));
  if (row === undefined) throw new Error(`no row ${table} ${partition}/${key} was written`);
  return row;
}

beforeEach(async () => {
  tables = createMemoryTables();
  clock = new ManualClock();
  const { store, emulator } = parts();
  await store.putWorld(smallWorld(2), AT);
  await emulator.loadWorld(smallWorld(2));
  const first = await store.putPlan(plan, "hash", { at: AT, by: "planner" }, null);
  await store.putPlan(plan, "hash", { at: AT, by: "planner" }, first.etag);
  await store.createExecution(execution);
  await store.putSteps(ID, [steps]);
  for (let at = 0; at < 33; at += 1) {
    await emulator.runOnItem({
      worldId: "small",
      itemId: "item-1",
      executionId: ID,
      key: `${ID}/before-${at}/item-1`,
      operation: "resynchronise",
      params: {},
    });
  }
});

describe("a row that a newer program wrote", () => {
  test.each(KINDS)("in table %s, %s/%s is left as it is whatever is asked", async (...kind) => {
    const [table] = kind;
    const { partition, row, json } = await rowLike(kind);
    await tables.table(table).transact(partition, [{ kind: "put", row, schema: 1_000, json }]);
    const before = await tables.table(table).get(partition, row);
    const { etag = null } = (await tables.table("Plans").get("plans", "plan")) ?? {};

    const refusals = [...(await writeAll(ID, etag)), ...(await writeAll(OTHER, etag))];

    expect(await tables.table(table).get(partition, row)).toEqual(before);
    if (row !== "0000000001" && partition !== "newest-first") {
      expect(refusals).toContainEqual(expect.objectContaining({ code: "row-unreadable" }));
    }
  });
});
