import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { DrillPolicy } from "../../src/domain/drills/policy.js";
import { poll, RunningApp } from "../support/running-app.js";

const shared = RunningApp.shared("realistic");

const readiness = async (planId: string) =>
  (await shared.client.call(ROUTES.getReadiness, { params: { planId } })).body;
const drillsOf = async (planId: string) =>
  (await shared.client.call(ROUTES.listDrills, { params: { planId }, query: { limit: 10 } })).body.entries;

/** Saves the plan of a shop again, with a change. */
async function edit(planId: string, change: object): Promise<string | null> {
  const params = { planId };
  const { body } = await shared.client.call(ROUTES.getPlan, { params });
  const plan = { ...body.plan, ...change };
  const saved = await shared.client.call(ROUTES.savePlan, { params, body: plan, headers: { "if-match": body.etag } });
  return saved.body.nextDue;
}

test("a timer starts a drill at its minute, which is cleaned; the plan is ready, and stale once it is edited", async () => {
  const { planId, worldId } = await shared.loadShop();
  expect(await readiness(planId)).toMatchObject({ readiness: "never-tested", nextDue: null });
  const schedule = { cron: "0 * * * * *", timeZone: "Europe/Amsterdam" };
  const nextDue = await edit(planId, { drill: DrillPolicy.parse({ schedule, overdueAfterDays: 1 }) });
  const [summary] = await poll(
    () => drillsOf(planId),
    (drills) => drills.some(({ status }) => status === "ended"),
  );
  const drillId = summary?.drillId ?? "";
  const { body: drill } = await shared.client.call(ROUTES.getDrill, { params: { drillId } });
  expect(drill.verdict?.because).toEqual([]);
  expect(drill).toMatchObject({
    trigger: { kind: "schedule", dueAt: nextDue, late: false },
    result: "passed",
    verdict: { leftovers: [], production: { untouched: true } },
  });
  expect(await shared.states(worldId)).toEqual(["protected"]);
  expect(await readiness(planId)).toMatchObject({ readiness: "ready", reasons: [], lastPassed: { drillId } });
  expect(await edit(planId, { description: "edited", drill: undefined })).toBeNull();
  expect(await readiness(planId)).toMatchObject({ readiness: "stale", nextDue: null });
}, 200_000);

test("a person starts a drill, once for one key, and lists it", async () => {
  const { planId } = await shared.loadShop();
  const call = { params: { planId }, headers: { "idempotency-key": randomUUID() }, body: {} };
  const first = await shared.client.call(ROUTES.startDrill, call);
  const again = await shared.client.call(ROUTES.startDrill, call);
  expect(again.body.drillId).toBe(first.body.drillId);
  const [drill, ...others] = await poll(
    () => drillsOf(planId),
    (drills) => drills.every(({ status }) => status === "ended"),
  );
  expect(others).toEqual([]);
  expect(drill).toMatchObject({ trigger: { kind: "request" }, result: "passed", because: [] });
});
