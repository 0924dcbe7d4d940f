import { expect } from "vitest";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { extendWait } from "../../src/commands/steering-acts.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ANN = { person: "ann", reason: "the database team needs longer" };

const waitOf = ({ awaits }: ExecutionView) => {
  const [wait] = awaits.flatMap(({ stepId, until }) => (stepId !== null && until !== null ? [{ stepId, until }] : []));
  if (wait === undefined) throw new Error("nothing waits");
  return wait;
};
const extend = (app: VirtualApp, executionId: string, wait: { stepId: string; until: string }, minutes: number) =>
  extendWait(app.context, executionId, { ...ANN, ...wait, minutes });

testInBothReplays("an action that was extended may be confirmed after its first end", async (app) => {
  const executionId = await app.start("planned-failover");
  const wait = waitOf(await app.awaiting(executionId, "confirm"));
  await Promise.all([extend(app, executionId, wait, 600), extend(app, executionId, wait, 600)]);
  await extend(app, executionId, wait, 600);
  await expect(extend(app, executionId, wait, 60)).rejects.toMatchObject({ code: "decided-already" });
  const { until } = waitOf(await viewExecution(app.context, executionId));
  expect(Date.parse(until) - Date.parse(wait.until)).toBe(600 * MINUTE_MS);
  await app.pass(10 * HOUR_MS); // the plan says four hours
  await app.confirm(executionId);
  await app.validate(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

testInBothReplays("an action that nobody confirms ends at the end that was extended", async (app) => {
  const executionId = await app.start("planned-failover");
  const wait = waitOf(await app.awaiting(executionId, "confirm"));
  await extend(app, executionId, wait, 60);
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("failed");
  const expired = execution.decisions?.find(({ decision }) => decision.kind === "expired");
  expect(Date.parse(expired?.decidedAt ?? "") - Date.parse(wait.until)).toBe(60 * MINUTE_MS);
});

testInBothReplays("a step that hangs is given up at the end that was extended", async (app) => {
  await app.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "shut-down-source",
    mode: "hang",
  });
  const executionId = await app.start("unplanned-failover");
  const wait = waitOf(await app.until(executionId, ({ awaits }) => awaits.length > 0));
  await extend(app, executionId, wait, 30);
  await app.pass(25 * MINUTE_MS); // the limit is 15 minutes
  const later = await viewExecution(app.context, executionId);
  expect(waitOf(later)).toMatchObject({ stepId: wait.stepId });
  expect(Date.parse(waitOf(later).until) - Date.parse(wait.until)).toBe(30 * MINUTE_MS);
  const view = await app.until(executionId, ({ awaits }) => awaits.every(({ kind }) => kind !== "continue-without"));
  expect(view.status).not.toBe("failed");
  expect(app.clock.now()).toBeGreaterThanOrEqual(Date.parse(wait.until) + 30 * MINUTE_MS);
});

testInBothReplays(
  "an end that nobody saw, and a step that does not wait, are refused with the ends there are",
  async (app) => {
    const executionId = await app.start("planned-failover");
    const wait = waitOf(await app.awaiting(executionId, "confirm"));
    await expect(extend(app, executionId, { ...wait, until: "2026-01-01T00:00:00.000Z" }, 60)).rejects.toMatchObject({
      code: "steering-refused",
      details: [`${wait.stepId} ends at ${wait.until}`],
    });
    await expect(extend(app, executionId, { ...wait, stepId: "validation" }, 60)).rejects.toMatchObject({
      code: "steering-refused",
    });
    expect((await viewExecution(app.context, executionId)).execution.steering).toBeUndefined();
  },
);
