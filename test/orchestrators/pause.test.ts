import { expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { pauseExecution, resumeExecution } from "../../src/commands/steer.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { leavesOf } from "../../src/domain/steps.js";
import { testInBothReplays } from "../support/both-replays.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

const ANN = { person: "ann", reason: "the network team asked for it" };
const BOB = { person: "bob", reason: "" };
const HOUR_MS = 3_600_000;

const pause = (app: VirtualApp, executionId: string, by = ANN) => pauseExecution(app.context, executionId, by);
const resume = (app: VirtualApp, executionId: string, by = BOB) => resumeExecution(app.context, executionId, by);

/** The steps of items that run or wait at the hypervisor. */
const underWay = ({ steps }: ExecutionView) =>
  leavesOf(steps).filter(({ itemId, status }) => itemId !== undefined && status === "running");

const begunSteps = ({ steps }: ExecutionView) =>
  leavesOf(steps).flatMap(({ id, startedAt, detail }) => (startedAt !== undefined && detail === undefined ? [id] : []));

const untilStep = (app: VirtualApp, executionId: string, name: string) =>
  app.until(executionId, (view) => underWay(view).some(({ id }) => id.endsWith(`/${name}`)));

testInBothReplays("a pause lets running steps end, begins no other, and goes on after the resume", async (app) => {
  const executionId = await app.start("unplanned-failover");
  await untilStep(app, executionId, "promote-replica");
  await pause(app, executionId);
  await app.pass(5 * HOUR_MS);
  const held = await viewExecution(app.context, executionId);
  expect(held.status).toBe("paused");
  expect(held.awaits).toMatchObject([{ kind: "paused", pausedBy: "ann", reason: ANN.reason, call: { body: {} } }]);
  expect(held.summary).toMatch(/is paused, since 20.*ann paused it: the network team asked for it.*\/resume/);
  expect(underWay(held)).toEqual([]);
  const before = begunSteps(held);
  await app.pass(100 * HOUR_MS);
  expect(begunSteps(await viewExecution(app.context, executionId))).toEqual(before);
  await resume(app, executionId);
  const { execution } = await finish(app, executionId);
  expect(execution).toMatchObject({
    status: "succeeded",
    steering: [
      { action: "pause", person: "ann" },
      { action: "resume", person: "bob" },
    ],
  });
});

testInBothReplays(
  "a pause between groups holds the next group, and time paused is no time of a question",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.awaiting(executionId, "confirm");
    await pause(app, executionId);
    await app.pass(200 * HOUR_MS); // far beyond the limit of the action
    await resume(app, executionId);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  },
);

testInBothReplays("a decision is taken while the execution is paused, and what follows it waits", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await pause(app, executionId);
  await app.confirm(executionId);
  await app.pass(10 * HOUR_MS);
  const held = await viewExecution(app.context, executionId);
  expect(held.status).toBe("paused");
  expect(underWay(held)).toEqual([]);
  await resume(app, executionId);
  expect((await finish(app, executionId)).execution.status).toBe("succeeded");
});

testInBothReplays("a cancel of a paused execution undoes it, without a resume", async (app) => {
  const executionId = await app.start("unplanned-failover");
  await untilStep(app, executionId, "promote-replica");
  await pause(app, executionId);
  await app.pass(HOUR_MS);
  await cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "ann", reason: undefined });
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays("a pause and a resume are recorded once, however often they are sent", async (app) => {
  const executionId = await app.start("unplanned-failover");
  await expect(resume(app, executionId)).rejects.toMatchObject({ code: "steering-refused" });
  await Promise.all([pause(app, executionId), pause(app, executionId, BOB), pause(app, executionId)]);
  await pause(app, executionId, BOB);
  const paused = await viewExecution(app.context, executionId);
  expect(paused.execution.steering).toHaveLength(1);
  const actions = new Map(paused.allowedActions.map((one) => [one.action, one]));
  expect(actions.get("pause")).toMatchObject({ allowed: false, whatWouldMakeItSo: "resume it first" });
  expect(actions.get("resume")).toMatchObject({
    allowed: true,
    call: { path: `/api/executions/${executionId}/resume` },
  });
  await Promise.all([resume(app, executionId), resume(app, executionId, ANN)]);
  await resume(app, executionId, ANN);
  expect((await viewExecution(app.context, executionId)).execution.steering).toHaveLength(2);
  await finish(app, executionId);
  await expect(pause(app, executionId)).rejects.toMatchObject({ code: "execution-ended" });
});

test("a paused execution makes no request while it waits", async () => {
  let activities = 0;
  const app = await VirtualApp.open({ onActivity: () => (activities += 1) });
  await app.loadShop();
  const executionId = await app.start("unplanned-failover");
  await untilStep(app, executionId, "promote-replica");
  await pause(app, executionId);
  await app.pass(2 * HOUR_MS);
  const before = activities;
  await app.pass(20 * HOUR_MS);
  expect(activities).toBe(before);
  await app.close();
});

test("a resume whose event was lost reaches the execution by the sweep", async () => {
  const app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await app.start("unplanned-failover");
  await untilStep(app, executionId, "promote-replica");
  await pause(app, executionId);
  await app.pass(HOUR_MS);
  const died = new Error("the host died");
  const dying: Context = {
    ...app.context,
    orchestrations: { ...app.context.orchestrations, raise: () => Promise.reject(died) },
  };
  await expect(resumeExecution(dying, executionId, BOB)).rejects.toThrow("the host died");
  await app.pass(61_000);
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  expect((await finish(app, executionId)).execution.status).toBe("succeeded");
  await app.close();
});
