import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { SHARED_HOSTS } from "../support/host-program.js";
import { RunningApp } from "../support/running-app.js";

let app: RunningApp;
beforeAll(async () => {
  app = await RunningApp.start(SHARED_HOSTS.quick);
});
afterAll(() => app.stop());

const table = (name: string): TableClient =>
  TableClient.fromConnectionString(inject("storage"), `${app.prefix}${name}`, { allowInsecureConnection: true });

/** Damages a row as a broken disk would, and returns the repair. */
async function spoil(name: string, partitionKey: string, rowKey: string): Promise<() => Promise<unknown>> {
  const before = await table(name).getEntity(partitionKey, rowKey);
  await table(name).updateEntity({ partitionKey, rowKey, json0: "{" }, "Merge");
  return () => table(name).updateEntity({ ...before, partitionKey, rowKey }, "Replace");
}

async function emulatedItem(worldId: string, itemId: string): Promise<[string, string]> {
  for await (const row of table("Estate").listEntities()) {
    const { partitionKey = "", rowKey = "" } = row;
    if (partitionKey.startsWith(`${worldId}:`) && rowKey === `state:${itemId}`) return [partitionKey, rowKey];
  }
  throw new Error(`the world ${worldId} has no ${itemId}`);
}

const problemOf = async (call: Promise<unknown>) => {
  const error = await call.catch((thrown: unknown) => thrown);
  if (error instanceof ApiError) return error.problem;
  throw new Error("there was no problem");
};

/** Another failover succeeds while a row is damaged. */
async function othersGoOn(): Promise<void> {
  const { planId } = await app.loadShop(
    (world) => world,
    (plan) => ({ ...plan, validation: { required: false } }),
  );
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.confirm(executionId);
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
}

const startTest = (planId: string) => app.start(planId, { verb: "test-failover" });

test.concurrent("a plan row: the plan is refused, the answer names the row, and the plan starts after a repair", async () => {
  const { planId } = await app.loadShop();
  const mend = await spoil("Plans", "plans", planId);
  const problem = await problemOf(startTest(planId));
  expect(problem).toMatchObject({
    status: 500,
    code: "row-unreadable",
    detail: expect.stringContaining(`plans/${planId}`),
  });
  expect(problem.action).toContain("restore the row");
  const { body } = await app.client.call(ROUTES.listPlans, { params: {}, query: { limit: 100 } });
  expect(body.unreadable).toEqual([expect.stringContaining(`plans/${planId}`)]);
  await othersGoOn();
  await mend();
  expect((await app.ended(await startTest(planId))).status).toBe("succeeded");
});

describe.concurrent.each(["Items", "Estate"])("an item row in table %s", (name) => {
  test("refuses requests for that item and names the row, and serves them after a repair", async () => {
    const { worldId, planId } = await app.loadShop();
    const at: [string, string] = name === "Items" ? [worldId, "web-1"] : await emulatedItem(worldId, "web-1");
    const mend = await spoil(name, ...at);
    const named = expect.stringContaining(at.join("/"));
    const page = await app.client.call(ROUTES.listItems, { params: { worldId }, query: { limit: 100 } });
    expect(page.body.entries).toHaveLength(10);
    expect(page.body.unreadable).toEqual([named]);
    const item = app.client.call(ROUTES.getItem, { params: { worldId, itemId: "web-1" } });
    expect(await problemOf(item)).toMatchObject({ code: "row-unreadable", detail: named });
    await othersGoOn();
    await mend();
    expect((await app.ended(await startTest(planId))).status).toBe("succeeded");
  });
});

test.concurrent("the record of an execution: the list reports the row as unreadable and shows the other executions", async () => {
  const { planId } = await app.loadShop();
  const executionId = await startTest(planId);
  await app.ended(executionId);
  const mend = await spoil("Executions", executionId, "record");
  const { body } = await app.client.call(ROUTES.listExecutions, { params: {}, query: { limit: 100 } });
  expect(body.unreadable).toEqual([expect.stringContaining(`${executionId}/record`)]);
  expect(await problemOf(app.look(executionId))).toMatchObject({ code: "row-unreadable" });
  await othersGoOn();
  await mend();
  expect((await app.look(executionId)).status).toBe("succeeded");
});

test.concurrent("the header of a world: requests for its items are refused, other worlds work", async () => {
  const { worldId, planId } = await app.loadShop();
  const mend = await spoil("Estate", "worlds", worldId);
  const look = () => app.client.call(ROUTES.getItem, { params: { worldId, itemId: "web-1" } });
  const seen = () =>
    look().then(
      () => "seen",
      () => "refused",
    );
  await expect.poll(seen, { timeout: 10_000 }).toBe("refused"); // a header is kept in memory for a second
  const item = look();
  expect(await problemOf(item)).toMatchObject({
    code: "row-unreadable",
    detail: expect.stringContaining(`worlds/${worldId}`),
  });
  await othersGoOn();
  await mend();
  expect((await app.ended(await startTest(planId))).status).toBe("succeeded");
});

/** A failover during which a row is damaged. */
async function underWay(spoilt: (worldId: string) => Promise<() => Promise<unknown>>) {
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.length > 0);
  const mend = await spoilt(worldId);
  await app.confirm(executionId);
  return { executionId, worldId, mend };
}

test.concurrent("an emulated machine in the middle of a failover: its item fails and names the row, the others succeed", async () => {
  const { executionId, worldId, mend } = await underWay(async (worldId) =>
    spoil("Estate", ...(await emulatedItem(worldId, "web-1"))),
  );
  await app.validate(executionId, { verdict: "accept" });
  const { status, outcomes = [] } = await app.ended(executionId);
  expect(status).toBe("succeeded-with-failures");
  const [web, ...others] = outcomes.toSorted((a) => (a.itemId === "web-1" ? -1 : 1));
  expect(web).toMatchObject({ outcome: "failed", state: "failover-failed" });
  expect(web?.failure?.message).toMatch(/in row .*state:web-1 is damaged/);
  expect(new Set(others.map(({ outcome }) => outcome))).toEqual(new Set(["succeeded"]));
  await mend();
  const { body } = await app.client.call(ROUTES.getItem, { params: { worldId, itemId: "web-1" } });
  const unknown = { type: "not-replicating", whatToDo: expect.stringContaining("could not be read") };
  expect(body.conditions).toMatchObject([unknown]);
});

test.concurrent("an item record in the middle of a failover: the execution reports why it is blocked, and after a repair the item runs at its source again", async () => {
  const { executionId, worldId, mend } = await underWay((id) => spoil("Items", id, "web-1"));
  const { blockedReasons } = await app.until(executionId, ({ status }) => status === "paused");
  expect(blockedReasons).toEqual([expect.stringContaining(`${worldId}/web-1 is damaged`)]);
  await othersGoOn();
  await mend();
  await app.validate(executionId, { verdict: "accept" });
  const { status, outcomes } = await app.ended(executionId);
  expect(status).toBe("succeeded-with-failures");
  const failure = expect.objectContaining({ code: "row-unreadable" });
  const web = { itemId: "web-1", outcome: "failed", state: "protected", failure };
  expect(outcomes).toContainEqual(expect.objectContaining(web));
  expect(outcomes?.filter(({ outcome }) => outcome !== "succeeded")).toHaveLength(1);
  const { body } = await app.client.call(ROUTES.getItem, { params: { worldId, itemId: "web-1" } });
  expect(body.source.power).toBe("on");
});

test("a history row: the execution is paused with the reason, and continues after a repair and a resume", async () => {
  const { planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.length > 0);
  const rowKey = "0000000000000001";
  const history = table("HubHistory");
  const before = await history.getEntity(executionId, rowKey);
  await history.updateEntity({ partitionKey: executionId, rowKey, EventType: "FromTheFuture" }, "Merge");
  app = await app.killAndRestart(SHARED_HOSTS.quick);

  const paused = await app.look(executionId);
  expect(paused.status).toBe("paused");
  expect(paused.blockedReasons).toEqual([
    expect.stringMatching(new RegExp(`row '${rowKey}' of '${executionId}' in table .*Repair it`)),
  ]);
  await othersGoOn();

  await table("HubHistory").updateEntity({ ...before, partitionKey: executionId, rowKey }, "Replace");
  const resumed = await fetch(`${app.url}/runtime/webhooks/durabletask/instances/${executionId}/resume`, {
    method: "POST",
  });
  expect(resumed.status).toBe(202);
  await app.confirm(executionId);
  await app.validate(executionId, { verdict: "accept" });
  expect((await app.ended(executionId)).status).toBe("succeeded");
});
