import { afterEach, beforeEach, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { RecoveryError } from "../../src/domain/errors.js";
import type { ItemOperation, ItemTask } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

const HOUR_MS = 3_600_000;
const HOME = { reprotect: { location: "original", waitForAgent: true } } as const;

let app: VirtualApp;
beforeEach(async () => {
  app = await VirtualApp.open();
  await app.loadShop();
});
afterEach(() => app.close());

/** Makes the reads or the writes of the store fail for an item's row, and returns the repair. */
function damage(way: "reads" | "writes"): () => void {
  const { store } = app.context;
  const { getItems, findItems, updateItems } = store;
  const damaged = new RecoveryError("row-unreadable", "the item in row shop/web-1 is damaged");
  const fail = () => Promise.reject(damaged);
  Object.assign(store, way === "reads" ? { getItems: fail, findItems: fail } : { updateItems: fail });
  return () => Object.assign(store, { getItems, findItems, updateItems });
}

const untilBlocked = (executionId: string) => app.until(executionId, ({ status }) => status === "paused");
const named = expect.stringMatching(/: the item in row shop\/web-1 is damaged\. Restore the row/);

/** Starts a failover and runs it until it is about to recover its items. */
async function underWay(): Promise<string> {
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId);
  return executionId;
}

test("an execution waits for a row that is damaged after its items ended, and loses no report", async () => {
  const executionId = await underWay();
  const mend = damage("writes");
  const { blockedReasons } = await untilBlocked(executionId);
  expect(blockedReasons).toContainEqual(named);
  await app.pass(6 * HOUR_MS);
  mend();
  await app.validate(executionId);
  const { execution, blockedReasons: after } = await app.ended(executionId);
  expect(execution.status).toBe("succeeded");
  expect(after).toBeUndefined();
  expect(await app.states()).toEqual(["failed-over"]);
});

test("an execution waits for a row that is damaged at its end, and its result does not change", async () => {
  const executionId = await underWay();
  await app.awaiting(executionId, "validate");
  const mend = damage("reads");
  await app.validate(executionId);
  expect((await untilBlocked(executionId)).blockedReasons).toEqual([named]);
  mend();
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("an end that is written late tells where an item rested, although another execution moves it by then", async () => {
  const { store } = app.context;
  const { updateExecution } = store;
  const damaged = new RecoveryError("row-unreadable", "the execution in row shop/record is damaged");
  const target = { kind: "item", worldId: app.worldId, itemId: "web-1" } as const;
  const executionId = await app.start("planned-failover", {}, target);
  await cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });
  store.updateExecution = (execution, etag) =>
    execution.executionId === executionId ? Promise.reject(damaged) : updateExecution(execution, etag);
  await untilBlocked(executionId);
  const later = await app.start("planned-failover", {}, target);
  await app.pass(HOUR_MS / 60);
  store.updateExecution = updateExecution;
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", outcomes: [{ itemId: "web-1", state: "protected" }] });
  expect((await app.item("web-1")).heldBy).toMatchObject({ executionId: later });
});

test("an execution that cannot read its items at its beginning leaves them as they were", async () => {
  const executionId = await app.start("planned-failover");
  const mend = damage("reads");
  expect((await untilBlocked(executionId)).blockedReasons).toEqual([named]);
  mend();
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "row-unreadable" } });
  expect(await app.states()).toEqual(["protected"]);
  expect(new Set((await app.items()).map(({ heldBy }) => heldBy))).toEqual(new Set([null]));
});

test("a row that stays damaged for days ends the orchestration, and the sweep ends the execution later", async () => {
  const executionId = await underWay();
  await app.awaiting(executionId, "validate");
  const mend = damage("reads");
  await app.validate(executionId);
  await app.pass(50 * HOUR_MS);
  expect((await app.context.orchestrations.getStatus(executionId))?.runtimeStatus).toBe("Failed");
  const failed = { executionId, reason: expect.stringContaining("web-1 is damaged"), isNews: true };
  expect((await sweepExecutions(app.context)).errors).toEqual([failed]);
  mend();
  await sweepExecutions(app.context);
  expect((await app.ended(executionId)).execution.status).toBe("failed");
});

test("an item whose machine cannot be read at the end of a step has an unknown state, until the sweep finds it out", async () => {
  await app.load(estateOf("azure-to-azure"));
  const failover = await app.start("planned-failover", { acknowledgeNoTest: true });
  await app.validate(failover);
  await app.ended(failover);
  await app.ended(await app.start("commit"));
  const { hypervisor } = app.context;
  const { runOnItem, describeItems } = hypervisor;
  const damaged = new RecoveryError("row-unreadable", "the emulated item in row azure/state:app is damaged");
  let isDamaged = false;
  const runs = (async (task: ItemTask<ItemOperation>) => {
    const reply = await runOnItem.call(hypervisor, task);
    isDamaged ||= task.operation === "reverse-replication" && task.itemId === "app" && reply.state === "done";
    if (isDamaged && task.itemId === "app") throw damaged;
    return reply;
  }) as typeof runOnItem;
  const describes: typeof describeItems = (worldId, itemIds) =>
    isDamaged && itemIds.includes("app") ? Promise.reject(damaged) : describeItems.call(hypervisor, worldId, itemIds);
  Object.assign(hypervisor, { runOnItem: runs, describeItems: describes });

  expect((await app.ended(await app.start("reprotect", HOME))).execution.status).toBe("succeeded-with-failures");
  const unknown = { type: "outcome-unknown", whatToDo: expect.stringContaining("it is corrected as soon as") };
  expect(await app.item("app")).toMatchObject({ state: "committed", conditions: [unknown] });

  await app.pass(HOUR_MS);
  expect((await sweepExecutions(app.context)).repaired).toEqual([]);
  Object.assign(hypervisor, { runOnItem, describeItems });
  expect((await sweepExecutions(app.context)).repaired).toHaveLength(1);
  const right = { state: "protected", direction: "recovery-to-primary", activeSiteId: "away", heldBy: null };
  expect(await app.item("app")).toMatchObject({ ...right, conditions: [] });
  const failback = await app.start("failback", { acknowledgeNoTest: true });
  await app.validate(failback);
  expect((await app.ended(failback)).execution.status).toBe("succeeded");
});
