import { expect, test } from "vitest";
import { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { estateOf } from "../support/estates.js";
import { HttpPlan } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");
const { client } = app;

const problemOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (thrown: unknown) => (thrown instanceof ApiError ? thrown.problem : thrown),
  );

test("the file of a world that failed over does not undo the failover, and a world is removed with the reason when not", async () => {
  const { worldId, planId } = await HttpPlan.load(app, "hyperv-to-hyperv");
  const world: WorldInput = { ...estateOf("hyperv-to-hyperv", worldId).world, id: worldId };
  const params = { worldId };
  const put = (body: WorldInput, mode?: "merge" | "reset") =>
    client.call(ROUTES.importWorld, { params, body, ...(mode && { query: { mode } }) });
  expect((await put(world)).body.import.mode).toBe("unchanged");

  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.validate(executionId, { verdict: "accept" });
  await app.ended(executionId);
  expect(await app.states(worldId)).toEqual(["failed-over"]);
  expect(await problemOf(put(world))).toMatchObject({
    status: 409,
    code: "world-differs",
    details: expect.arrayContaining([expect.stringContaining("it is failed-over and runs at")]),
    action: expect.stringContaining("?mode=merge"),
  });
  expect(await app.states(worldId)).toEqual(["failed-over"]);

  expect((await put({ ...world, name: "Another name" }, "merge")).body).toMatchObject({
    name: "Another name",
    import: { mode: "merge", added: [], changed: [] },
  });
  expect(await app.states(worldId)).toEqual(["failed-over"]);
  expect((await put(world, "reset")).body.import.mode).toBe("reset");
  expect(await app.states(worldId)).toEqual(["protected"]);

  expect(await problemOf(client.call(ROUTES.removeWorld, { params }))).toMatchObject({
    code: "world-has-plans",
    details: [planId],
  });
  const { itemId = "" } = (await app.items(worldId))[0] ?? {};
  expect(await problemOf(client.call(ROUTES.removeItem, { params: { worldId, itemId } }))).toMatchObject({
    status: 409,
    code: "item-protected",
    detail: expect.stringContaining("do first: disable-replication"),
  });
  await app.ended(await app.startOnItem(worldId, itemId, { verb: "disable-replication" }));
  expect((await client.call(ROUTES.removeItem, { params: { worldId, itemId } })).status).toBe(204);
  const { body: plan, headers } = await client.call(ROUTES.getPlan, { params: { planId } });
  expect(plan.warnings).toContainEqual(expect.stringContaining(`item ${itemId} is gone from world`));
  expect(await problemOf(client.call(ROUTES.removePlan, { params: { planId } }))).toMatchObject({
    code: "header-missing",
  });
  const ifMatch = { "if-match": headers.get("etag") ?? "" };
  expect((await client.call(ROUTES.removePlan, { params: { planId }, headers: ifMatch })).status).toBe(204);
  for (const _ of ["once", "twice"]) {
    expect((await client.call(ROUTES.removeWorld, { params, query: { plans: "true" } })).status).toBe(204);
  }
  expect(await problemOf(client.call(ROUTES.getWorld, { params }))).toMatchObject({ code: "world-not-found" });
  expect((await app.look(executionId)).outcomes).not.toHaveLength(0);
  const version = await client.call(ROUTES.getPlanVersion, { params: { planId, version: "1" } });
  expect(version.body.plan.id).toBe(planId);
  const { entries } = (await client.call(ROUTES.listUnsettled, { params: {} })).body;
  expect(entries.filter(({ trouble }) => trouble !== undefined)).toEqual([]);
});
