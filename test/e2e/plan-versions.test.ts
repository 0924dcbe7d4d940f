import { expect, test } from "vitest";
import { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { estateOf } from "../support/estates.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

const { world, plan } = estateOf("vmware-to-azure", "versions");
const params = { planId: plan.id };

async function save(change: Partial<PlanInput>, etag?: string) {
  const headers = etag === undefined ? {} : { "if-match": etag };
  return (await app.client.call(ROUTES.savePlan, { params, headers, body: { ...plan, ...change } })).body;
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (thrown: unknown) => (thrown instanceof ApiError ? `${thrown.problem.status} ${thrown.problem.code}` : "other"),
  );

test("a plan shows its effective failure policy, and a diff of versions shows its changes", async () => {
  await app.client.call(ROUTES.importWorld, { params: { worldId: world.id }, body: world });
  const first = await save({});
  expect(first.failurePolicies["planned-failover"]).toEqual({
    onItemFailure: "stop",
    onActionFailure: "stop",
    source: "default",
  });
  const failurePolicy = { "planned-failover": { onItemFailure: "ask", onActionFailure: "stop" } } as const;
  const second = await save({ failurePolicy }, first.etag);
  expect(second.failurePolicies["planned-failover"]).toMatchObject({ onItemFailure: "ask", source: "plan" });
  await save({ failurePolicy, name: "There and home" }, second.etag);

  const diff = async (query: { from: string; to?: string }) =>
    (await app.client.call(ROUTES.diffPlan, { params, query })).body;
  expect(await diff({ from: "1", to: "2" })).toEqual({
    planId: plan.id,
    from: 1,
    to: 2,
    changes: [
      { path: "failurePolicy/planned-failover/onItemFailure", kind: "changed", before: "stop", after: "ask" },
      { path: "failurePolicy/planned-failover/source", kind: "changed", before: "default", after: "plan" },
    ],
  });
  expect(await diff({ from: "2" })).toMatchObject({ to: 3, changes: [{ path: "name", kind: "changed" }] });

  expect(await codeOf(diff({ from: "1", to: "9" }))).toBe("404 plan-not-found");
  expect(await codeOf(diff({ from: "0" }))).toBe("400 invalid-input");
});
