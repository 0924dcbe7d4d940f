import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

const problemOf = async (call: Promise<unknown>) => {
  const error = await call.catch((thrown: unknown) => thrown);
  if (error instanceof ApiError) return error.problem;
  throw new Error("there was no problem");
};

/** What VMware tools do in the replica of each item. */
const toolsOf = (worldId: string, itemIds: readonly string[]): Promise<string[]> =>
  Promise.all(
    itemIds.map(async (itemId) => {
      return (await app.client.call(ROUTES.getItem, { params: { worldId, itemId } })).body.replica.tools;
    }),
  );

test.concurrent("P4 P6 P8 F6 H2 planned failover: validated, committed, nothing lost", async () => {
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.confirm(executionId);
  await app.validate(executionId, { verdict: "accept" });
  const failover = await app.ended(executionId);

  expect(failover).toMatchObject({ status: "succeeded", progress: 100, awaits: [] });
  expect(failover.outcomes?.map(({ dataLoss }) => dataLoss?.bytes)).toEqual(Array(11).fill(0));
  expect(await app.states(worldId)).toEqual(["failed-over"]);
  const tree = failover.steps.find(({ id }) => id === "groups/databases");
  expect(tree?.children?.map(({ itemId, status }) => [itemId, status])).toEqual([
    ["orders-db-1", "succeeded"],
    ["orders-db-2", "succeeded"],
    ["orders-reports", "succeeded"],
  ]);
  const steps = tree?.children?.[0]?.children ?? [];
  expect(steps.length).toBeGreaterThanOrEqual(4);
  expect(steps.filter(({ startedAt, endedAt }) => !startedAt || !endedAt)).toEqual([]);

  const promotion = tree?.children?.[0]?.children?.find(({ id }) => id.endsWith("/promote-replica"));
  const tookMs = Date.parse(promotion?.endedAt ?? "") - Date.parse(promotion?.startedAt ?? "");
  expect((tookMs * app.speed) / 60_000).toBeGreaterThan(8);
  expect(await toolsOf(worldId, ["orders-db-1", "app-1", "web-1"])).toEqual(["absent", "disabled", "running"]);

  const commit = await app.ended(await app.start(planId, { verb: "commit" }));
  expect(commit.status).toBe("succeeded");
  expect(await app.states(worldId)).toEqual(["committed"]);
  const params = { worldId, itemId: "orders-db-1" };
  expect((await app.client.call(ROUTES.listRecoveryPoints, { params })).body.points).toEqual([]);
});

test.concurrent("P5 an unplanned failover continues when a source refuses to shut down", async () => {
  const { worldId, planId } = await app.loadShop();
  const body = { target: { itemId: "web-1" }, operation: "shut-down-source", mode: "refuse" } as const;
  await app.client.call(ROUTES.addFault, { params: { worldId }, body });
  const executionId = await app.start(planId, { verb: "unplanned-failover" });
  await app.confirm(executionId);
  await app.validate(executionId, { verdict: "accept" });
  const failover = await app.ended(executionId);

  expect(failover.status).toBe("succeeded");
  expect(failover.steps.find(({ id }) => id === "shutdown")?.detail).toContain("web-1");
  const losses = failover.outcomes?.map(({ itemId, dataLoss }) => [itemId, dataLoss?.writes ?? null]) ?? [];
  const losing = losses.filter(([, writes]) => writes !== 0);
  expect(losses).toHaveLength(11);
  // It went on writing until its replica took over; the others were shut down and sent everything.
  expect(losing).toEqual([["web-1", expect.toSatisfy((writes: number) => writes > 0)]]);
});

test.concurrent("a test failover does not touch production, and its clean-up proves that nothing is left", async () => {
  const { worldId, planId } = await app.loadShop();
  expect((await app.ended(await app.start(planId, { verb: "test-failover" }))).status).toBe("succeeded");
  expect(await app.states(worldId)).toEqual(["test-failed-over"]);
  const [item] = await app.items(worldId);
  const allowed = item?.allowedActions.filter((action) => action.allowed).map(({ verb }) => verb);
  expect(allowed).toEqual(["test-clean-up", "unplanned-failover", "promote-test"]);

  const cleanUp = await app.ended(await app.start(planId, { verb: "test-clean-up" }));
  expect(cleanUp.steps.at(-1)).toMatchObject({ id: "verify-no-leftovers", status: "succeeded" });
  expect(await app.states(worldId)).toEqual(["protected"]);
});

test.concurrent("P7 a cancel as documented leaves items that do not replicate, and says so", async () => {
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.length > 0);
  await app.client.call(ROUTES.cancel, { params: { executionId }, body: { behaviour: "as-documented" } });
  expect((await app.ended(executionId)).status).toBe("cancelled");

  for (const { conditions } of await app.items(worldId))
    expect(conditions).toMatchObject([{ type: "not-replicating" }]);
  const params = { worldId, itemId: "orders-db-1" };
  const { replication } = (await app.client.call(ROUTES.getItem, { params })).body;
  expect(replication.state).toBe("stopped");
  await app.ended(await app.start(planId, { verb: "cancel-failover" }));
  expect(await app.states(worldId)).toEqual(["protected"]);
});

test.concurrent("P7 a cancel in the middle restores protection", async () => {
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.length > 0);
  const answer = await app.client.call(ROUTES.cancel, { params: { executionId }, body: { reason: "wrong day" } });
  expect(answer.status).toBe(202);
  const cancelled = await app.ended(executionId);

  expect(cancelled).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  expect(cancelled.steps.at(-1)).toMatchObject({ id: "undo", status: "succeeded" });
  for (const { state, heldBy } of await app.items(worldId)) {
    expect({ state, heldBy }).toEqual({ state: "protected", heldBy: null });
  }
});

test.concurrent("an accepted start has a Location header, and a plan has the ETag that its next version needs", async () => {
  const { worldId, planId } = await app.loadShop();
  const headers = { "content-type": "application/json", "idempotency-key": randomUUID() };
  const body = JSON.stringify({ verb: "test-failover" });
  const path = `${app.url}/api/recovery-plans/${planId}`;
  const started = await fetch(`${path}/executions`, { method: "POST", headers, body });
  expect([started.status, started.headers.get("retry-after")]).toEqual([202, "1"]);
  const { executionId } = (await started.json()) as { executionId: string };
  expect(started.headers.get("location")).toBe(`/api/executions/${executionId}`);
  expect((await fetch(`${app.url}${started.headers.get("location")}`)).status).toBe(200);

  const first = (await fetch(path)).headers.get("etag") ?? "";
  const sample = await app.samplePlan(worldId);
  const put = (etag: string, name: string) =>
    fetch(path, {
      method: "PUT",
      headers: { "content-type": "application/json", "if-match": etag },
      body: JSON.stringify({ ...sample, id: planId, name }),
    });
  const second = await put(first, "Renamed");
  expect([second.status, second.headers.get("etag") === first]).toEqual([200, false]);
  const repeated = await put(first, "Renamed"); // as after a lost answer
  expect([repeated.status, repeated.headers.get("etag")]).toEqual([200, second.headers.get("etag")]);
  expect((await put(first, "Renamed otherwise")).status).toBe(412);
  await app.ended(executionId);
});

test.concurrent("50 concurrent requests with the same key start one execution", async () => {
  const { planId } = await app.loadShop();
  const key = randomUUID();
  const starts = Array.from({ length: 50 }, () => app.start(planId, { verb: "test-failover" }, key));
  const ids = new Set(await Promise.all(starts));
  expect(ids.size).toBe(1);
  expect(await app.start(planId, { verb: "test-failover" }, key)).toBe([...ids][0]);
  await app.ended([...ids][0] ?? "");
});

test.concurrent("the second of two plans that share an item is refused, and the answer names the execution that holds it", async () => {
  const { worldId, planId } = await app.loadShop();
  const other = await app.savePlan(worldId, (plan) => ({ ...plan, groups: plan.groups.slice(-1) }));
  const executionId = await app.start(planId, { verb: "planned-failover" });
  const problem = await problemOf(app.start(other, { verb: "planned-failover" }));

  expect(problem).toMatchObject({ status: 409, code: "item-held" });
  expect(problem.detail).toContain(executionId);
  await app.client.call(ROUTES.cancel, { params: { executionId } });
  await app.ended(executionId);
});

test.concurrent("P3 a failover that does not meet a prerequisite is refused before anything is recorded", async () => {
  const tooLong = { name: "far-too-long-a-name-for-windows" };
  const { worldId, planId } = await app.loadShop((world) => ({
    ...world,
    items: (world.items ?? []).map((item) =>
      item.id === "orders-db-1" ? { ...item, target: { ...item.target, ...tooLong } } : item,
    ),
  }));
  const problem = await problemOf(app.start(planId, { verb: "planned-failover" }));
  expect(problem).toMatchObject({ status: 409, code: "prerequisites-failed" });
  expect(problem.detail).toContain(tooLong.name);
  const { body } = await app.client.call(ROUTES.listExecutions, { params: {}, query: { limit: 100 } });
  expect(body.entries.filter((execution) => execution.worldId === worldId)).toEqual([]);
  expect(await app.states(worldId)).toEqual(["protected"]);
});
