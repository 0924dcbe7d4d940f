import { afterEach, expect, test } from "vitest";
import { RunningApp } from "../support/running-app.js";

let app: RunningApp;
afterEach(() => app.stop());

test("a failover continues after its host was killed in the middle of a group", async () => {
  app = await RunningApp.start();
  const { worldId, planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ steps }) =>
    steps.some(({ id, status }) => id === "groups/databases" && status !== "waiting"),
  );

  app = await app.killAndRestart();
  await app.confirm(executionId);
  await app.validate(executionId, { verdict: "accept" });
  const failover = await app.ended(executionId);

  expect(failover.status).toBe("succeeded");
  expect(failover.outcomes?.map(({ dataLoss }) => dataLoss?.bytes)).toEqual(Array(11).fill(0));
  expect(await app.states(worldId)).toEqual(["failed-over"]);
});
