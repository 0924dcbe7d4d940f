import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { RunningApp } from "../support/running-app.js";

/** More than the places of any kind, and less than any burst. */
const AT_ONCE = 150;

const opened: RunningApp[] = [];
afterAll(() => Promise.all(opened.map((app) => app.stop())));

test("a client that sends many changes, starts and reads at once has each of them answered", async () => {
  const app = await RunningApp.start();
  opened.push(app);
  const { worldId, planId } = await app.loadShop();
  const plan = await app.samplePlan(worldId);
  const plans = Array.from({ length: AT_ONCE }, () => ({ ...plan, id: `p-${randomUUID()}` }));
  await Promise.all(plans.map((body) => app.client.call(ROUTES.savePlan, { params: { planId: body.id }, body })));

  const key = randomUUID();
  const [started, read] = await Promise.all([
    Promise.all(plans.map(() => app.start(planId, { verb: "test-failover" }, key))),
    Promise.all(plans.map(({ id }) => app.client.call(ROUTES.getPlan, { params: { planId: id } }))),
  ]);
  expect(new Set(started).size).toBe(1);
  expect(read.map(({ body }) => body.plan.id)).toEqual(plans.map(({ id }) => id));
}, 120_000);
