import { afterEach, beforeEach, expect, test } from "vitest";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { Stage } from "./support/stage.js";

const HOUR_MS = 3_600_000;

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
  await stage.loadShop();
});
afterEach(() => stage.close());

/** An item's row is damaged for all who use it in this way; what it gives back mends it. */
function damage(way: "getItems" | "updateItems"): () => void {
  const { store } = stage.context;
  const whole = { [way]: store[way] };
  const damaged = new RecoveryError("row-unreadable", "the item in row shop/web-1 is damaged");
  Object.assign(store, { [way]: () => Promise.reject(damaged) });
  return () => Object.assign(store, whole);
}

const standsStill = (executionId: string) => stage.until(executionId, ({ status }) => status === "paused");
const named = expect.stringMatching(/: the item in row shop\/web-1 is damaged\. Restore the row/);

/** A failover whose items are about to be brought up. */
async function underWay(): Promise<string> {
  const executionId = await stage.start("planned-failover");
  await stage.confirm(executionId);
  return executionId;
}

test("a row that is damaged when items have ended is waited for, and no report is lost", async () => {
  const executionId = await underWay();
  const mend = damage("updateItems");
  const { blocked } = await standsStill(executionId);
  expect(blocked).toContainEqual(named);
  await stage.pass(6 * HOUR_MS);
  mend();
  await stage.validate(executionId);
  const { execution, blocked: after } = await stage.ended(executionId);
  expect(execution.status).toBe("succeeded");
  expect(after).toBeUndefined();
  expect(await stage.states()).toEqual(["failed-over"]);
});

test("a row that is damaged at the end is waited for, and the end is the one that was reached", async () => {
  const executionId = await underWay();
  await stage.awaiting(executionId, "validate");
  const mend = damage("getItems");
  await stage.validate(executionId);
  expect((await standsStill(executionId)).blocked).toEqual([named]);
  mend();
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("an execution that cannot read its items at its beginning leaves them as they were", async () => {
  const executionId = await stage.start("planned-failover");
  const mend = damage("getItems");
  expect((await standsStill(executionId)).blocked).toEqual([named]);
  mend();
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "row-unreadable" } });
  expect(await stage.states()).toEqual(["protected"]);
  expect((await stage.items()).every(({ heldBy }) => heldBy === null)).toBe(true);
});

test("a row that nobody mends for days ends the orchestration, and the sweep ends the execution later", async () => {
  const executionId = await underWay();
  await stage.awaiting(executionId, "validate");
  const mend = damage("getItems");
  await stage.validate(executionId);
  await stage.pass(50 * HOUR_MS);
  expect((await stage.context.orchestrations.look(executionId))?.runtimeStatus).toBe("Failed");
  expect((await sweepExecutions(stage.context)).troubles).toEqual([expect.stringContaining("web-1 is damaged")]);
  mend();
  await sweepExecutions(stage.context);
  expect((await stage.ended(executionId)).execution.status).toBe("failed");
});
