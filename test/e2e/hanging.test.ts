import { expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { type ExecutionAnswer, RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

const stuckIn = ({ awaits }: ExecutionAnswer) =>
  awaits.flatMap((awaited) => (awaited.kind === "continue-without" ? [awaited] : []));

test("a source site that hangs is warned of, is seen, and a person continues without it", async () => {
  const { worldId, planId } = await app.loadShop(undefined, (plan) => ({
    ...plan,
    groups: plan.groups.map(({ before: _before, after: _after, ...group }) => group),
    shutdown: { order: "together" },
    validation: { required: false },
    stepLimitMinutes: { "unplanned-failover": { "shut-down-source": 40_000 } },
  }));
  await app.client.call(ROUTES.addFault, {
    params: { worldId },
    body: { target: { siteId: "rotterdam" }, mode: "hang" },
  });
  const query = { verb: "unplanned-failover" } as const;
  const { body: report } = await app.client.call(ROUTES.planPrerequisites, { params: { planId }, query });
  expect(report.ready).toBe(true);
  expect(report.findings.map(({ code }) => code)).toContain("source-site-silent");

  const executionId = await app.start(planId, query);
  const seen = await app.until(executionId, (view) => stuckIn(view).length === view.itemIds.length);
  expect(seen.status).toBe("running");
  expect(stuckIn(seen)[0]).toMatchObject({ title: "Shut the source down", limitMinutes: 40_000 });
  expect(stuckIn(seen)[0]?.who).toMatchObject({ right: "run", roles: ["executor", "administrator"], needed: 1 });

  const params = { executionId };
  const one = stuckIn(seen)[0]?.itemId ?? "";
  await app.client.call(ROUTES.continueWithout, { params, body: { itemIds: [one], reason: "no power" } });
  await app.until(executionId, (view) => stuckIn(view).length === view.itemIds.length - 1);
  await app.client.call(ROUTES.continueWithout, { params, body: {} });
  const ended = await app.until(executionId, ({ status }) => isEnded(status));
  expect(ended.status).toBe("succeeded");
  expect(ended.outcomes?.map(({ state }) => state)).toEqual(ended.itemIds.map(() => "failed-over"));
});
