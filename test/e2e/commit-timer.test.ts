import { expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { SHARED_HOSTS } from "../support/host-program.js";
import { poll, RunningApp } from "../support/running-app.js";

const shared = RunningApp.shared("quick");

type TimerInput = NonNullable<PlanInput["commitTimer"]>;

/** The shop, failed over. */
async function failedOver(commitTimer: TimerInput, app = shared): Promise<{ executionId: string; worldId: string }> {
  const { worldId, planId } = await app.loadShop(undefined, (plan) => ({
    ...plan,
    groups: groupsOf(plan),
    validation: { required: false },
    commitTimer,
  }));
  const executionId = await app.start(planId, { verb: "planned-failover", options: { acknowledgeNoTest: true } });
  expect((await app.ended(executionId)).status).toBe("succeeded");
  return { executionId, worldId };
}

/** The sample's groups without their actions: nobody has to confirm anything. */
const groupsOf = ({ groups }: PlanInput) => groups.map((group) => ({ ...group, before: [], after: [] }));

const timerOf = async (executionId: string, app = shared) => (await app.look(executionId)).commitTimer;

const endOf = async (executionId: string, app = shared) =>
  (
    await poll(
      () => timerOf(executionId, app),
      (timer) => timer?.end !== undefined,
    )
  )?.end;

test("a commit timer rolls a failover back whose machines do not answer their probes", async () => {
  const probes = [{ kind: "http" as const, port: 8_443, path: "/health" }];
  const { executionId, worldId } = await failedOver({ afterMinutes: 0.02, onExpiry: "probes", probes });
  const end = await endOf(executionId);
  expect(end).toMatchObject({ kind: "started", verb: "cancel-failover" });
  expect(JSON.stringify(end)).toContain("port 8443 does not answer");
  const started = end?.kind === "started" ? end.executionId : "";
  const { status, requestedBy } = await shared.ended(started);
  expect({ status, requestedBy }).toEqual({
    status: "succeeded",
    requestedBy: `commit timer of execution ${executionId}`,
  });
  expect(await shared.states(worldId)).toEqual(["protected"]);
  expect((await shared.look(executionId)).summary).toContain("the commit timer started cancel-failover");
});

test("a person sees what a commit timer will do, extends it and cancels it", async () => {
  const { executionId, worldId } = await failedOver({ afterMinutes: 600, onExpiry: "roll-back" });
  const { awaits, summary } = await poll(
    () => shared.look(executionId),
    (seen) => seen.awaits.length > 0,
  );
  const params = { executionId };
  const path = `/api/executions/${executionId}/commit-timer/cancel`;
  expect(awaits).toMatchObject([{ kind: "commit-timer", act: "roll-back", call: { method: "POST", path } }]);
  expect(awaits[0]?.who).toMatchObject({ right: "run", roles: ["executor", "administrator"], needed: 1 });
  expect(summary).toContain("It awaits its commit");

  const until = new Date(Date.parse(awaits[0]?.until ?? "") + 3_600_000).toISOString();
  const body = { until, reason: "the auditors are still looking" };
  await shared.client.call(ROUTES.extendCommitTimer, { params, body });
  await shared.client.call(ROUTES.extendCommitTimer, { params, body });
  expect(await timerOf(executionId)).toMatchObject({ until, extensions: [{ reason: body.reason }] });

  await shared.client.call(ROUTES.cancelCommitTimer, { params, body: { reason: "we keep it" } });
  expect(await endOf(executionId)).toMatchObject({ kind: "cancelled", reason: "we keep it" });
  expect((await shared.look(executionId)).awaits).toEqual([]);
  expect(await shared.states(worldId)).toEqual(["failed-over"]);
  await expect(shared.client.call(ROUTES.extendCommitTimer, { params, body })).rejects.toMatchObject({
    problem: { code: "decided-already" },
  });
});

test("a commit timer of nothing, or one that has no probes to ask, is refused", async () => {
  const { worldId, planId } = await shared.loadShop();
  const plan = await shared.samplePlan(worldId);
  const params = { planId: plan.id };
  const commitTimer = { afterMinutes: 5, onExpiry: "commit" as const, warnMinutesBefore: [5] };
  await expect(shared.client.call(ROUTES.savePlan, { params, body: { ...plan, commitTimer } })).rejects.toMatchObject({
    problem: { code: "plan-invalid" },
  });
  const executionId = await shared.start(planId, { verb: "test-failover" });
  await expect(
    shared.client.call(ROUTES.cancelCommitTimer, { params: { executionId }, body: {} }),
  ).rejects.toMatchObject({
    problem: { code: "nothing-awaited" },
  });
});

test("a commit timer whose host was killed acts after the restart, once", async () => {
  const killed = await RunningApp.start(SHARED_HOSTS.quick);
  const { executionId, worldId } = await failedOver({ afterMinutes: 0.1, onExpiry: "commit" }, killed);
  await poll(
    () => timerOf(executionId, killed),
    (timer) => timer !== undefined,
  );
  const app = await killed.killAndRestart(SHARED_HOSTS.quick);
  try {
    const end = await endOf(executionId, app);
    expect(end).toMatchObject({ kind: "started", verb: "commit" });
    await app.ended(end?.kind === "started" ? end.executionId : "");
    expect(await app.states(worldId)).toEqual(["committed"]);
    const { entries } = (await app.client.call(ROUTES.listExecutions, { params: {}, query: {} })).body;
    expect(entries.map(({ verb }) => verb)).toEqual(["commit", "planned-failover"]);
  } finally {
    await app.stop();
  }
}, 120_000);
