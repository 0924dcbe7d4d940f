import { afterEach, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { type ExecutionAnswer, RunningApp } from "../support/running-app.js";

let app: RunningApp;
afterEach(() => app.stop());

const actionOf = ({ allowedActions }: ExecutionAnswer, name: string) =>
  allowedActions.find(({ action }) => action === name);

test("a failover that is paused stays so when its host is killed, and goes on after the resume", async () => {
  app = await RunningApp.start();
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  const params = { executionId };
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "confirm"));
  await app.client.call(ROUTES.pause, { params, body: { reason: "the storage team asked" } });
  await app.confirm(executionId);

  app = await app.killAndRestart();
  const paused = await app.until(executionId, ({ steps }) =>
    steps.some(({ id, status }) => id === "paused" && status === "running"),
  );
  expect(paused.status).toBe("paused");
  expect(paused.awaits).toMatchObject([{ kind: "paused", reason: "the storage team asked" }]);
  expect(paused.awaits[0]?.who).toMatchObject({ right: "run", roles: ["executor", "administrator"], needed: 1 });
  expect(actionOf(paused, "pause")).toMatchObject({ allowed: false, whatWouldMakeItSo: "resume it first" });
  const call = actionOf(paused, "resume")?.call;
  expect(call).toEqual({ method: "POST", path: `/api/executions/${executionId}/resume`, body: {} });
  await app.client.call(ROUTES.resume, { params, body: {} });
  await app.client.call(ROUTES.resume, { params, body: {} });

  await app.validate(executionId, { verdict: "accept" });
  const ended = await app.ended(executionId);
  expect(ended.status).toBe("succeeded");
  expect(ended.steering?.map(({ action }) => action)).toEqual(["pause", "resume"]);
  expect(await app.states(worldId)).toEqual(["failed-over"]);
});

test("a planned failover whose source site dies under way goes on as an unplanned one", async () => {
  app = await RunningApp.start();
  const { worldId, planId } = await app.loadShop(undefined, (plan) => ({
    ...plan,
    groups: plan.groups.map(({ before: _before, after: _after, ...group }) => group),
    validation: { required: false },
  }));
  const executionId = await app.start(planId, { verb: "planned-failover" });
  const params = { executionId };
  await app.until(executionId, ({ steps }) => steps.some(({ id }) => id === "shutdown"));
  await app.client.call(ROUTES.addFault, {
    params: { worldId },
    body: { target: { siteId: "rotterdam" }, mode: "hang" },
  });
  const stuck = await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "continue-without"));
  expect(actionOf(stuck, "switch-to-unplanned")?.allowed).toBe(true);
  await app.client.call(ROUTES.switchToUnplanned, { params, body: { reason: "the site burns" } });

  const ended = await app.until(executionId, ({ status }) => isEnded(status));
  expect(ended).toMatchObject({
    verb: "planned-failover",
    status: "succeeded",
    switchedToUnplanned: { reason: "the site burns" },
  });
  expect(ended.outcomes?.map(({ state }) => state)).toEqual(ended.itemIds.map(() => "failed-over"));
  expect(ended.outcomes?.filter(({ dataLoss }) => dataLoss === null)).toEqual([]);
});
