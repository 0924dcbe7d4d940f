import { expect } from "vitest";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { retryItems } from "../../src/commands/steering-acts.js";
import { testInBothReplays } from "../support/both-replays.js";
import { finish } from "../support/execution-driver.js";
import type { VirtualApp } from "../support/virtual-app.js";

const ANN = { person: "ann", reason: "the host is repaired" };
const retry = (app: VirtualApp, executionId: string, itemIds?: string[]) =>
  retryItems(app.context, executionId, { ...ANN, itemIds });
const outcomeOf = ({ execution }: ExecutionView, itemId: string) =>
  "outcomes" in execution ? execution.outcomes.find((one) => one.itemId === itemId)?.outcome : undefined;

/** A database fails to start, and the unplanned failover passes it over and waits for a person. */
async function passOver(app: VirtualApp, times = 1): Promise<string> {
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-replica",
    mode: "refuse",
    times,
  });
  const executionId = await app.start("unplanned-failover");
  await app.awaiting(executionId, "confirm");
  return executionId;
}

testInBothReplays("an item that was passed over runs again when somebody asks for it", async (app) => {
  const executionId = await passOver(app);
  const seen = await viewExecution(app.context, executionId);
  expect(seen.allowedActions.find(({ action }) => action === "retry")).toMatchObject({
    allowed: true,
    call: { body: { itemIds: ["orders-db-1"] } },
  });
  await Promise.all([retry(app, executionId), retry(app, executionId, ["orders-db-1"])]);
  await retry(app, executionId);
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded");
  expect(view.execution.steering).toMatchObject([{ action: "retry", person: "ann", itemIds: ["orders-db-1"] }]);
  expect(outcomeOf(view, "orders-db-1")).toBe("succeeded");
  expect(view.steps.find(({ id }) => id === "ask/1")?.detail).toContain("ann asked to try again orders-db-1");
});

testInBothReplays("an item that fails again stays passed over", async (app) => {
  const executionId = await passOver(app, 5);
  await retry(app, executionId);
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded-with-failures");
  expect(outcomeOf(view, "orders-db-1")).toBe("failed");
  expect(view.nextSteps.map(({ itemIds }) => itemIds)).toContainEqual(["orders-db-1"]);
});

testInBothReplays("an item that did not fail is not tried again", async (app) => {
  const executionId = await passOver(app);
  await expect(retry(app, executionId, ["orders-db-2"])).rejects.toMatchObject({
    code: "steering-refused",
    details: ["Failed so far: orders-db-1"],
  });
});

testInBothReplays("a retry answers the question about a failure that is open", async (app) => {
  await app.changePlan((plan) => ({
    ...plan,
    failurePolicy: { "unplanned-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
  }));
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-replica",
    mode: "refuse",
    times: 1,
  });
  const executionId = await app.start("unplanned-failover");
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
  await retry(app, executionId);
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded");
  expect(view.execution.decisions?.[0]).toMatchObject({ decision: { kind: "resolve", answer: "retry", by: "ann" } });
});
