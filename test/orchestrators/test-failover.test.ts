import { expect } from "vitest";
import { cancelExecution, resolveFailure } from "../../src/commands/decisions.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const NOTHING = { testCopies: [], testNetworks: [] };

async function leftovers(app: VirtualApp) {
  const itemIds = (await app.items()).map(({ itemId }) => itemId);
  return app.context.hypervisor.leftovers("shop", itemIds, null);
}

testInBothReplays("a test failover touches nothing, and its clean-up proves that nothing is left", async (app) => {
  const itemIds = (await app.items()).map(({ itemId }) => itemId);
  const { execution } = await app.ended(await app.start("test-failover"));
  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["test-failed-over"]);
  const during = await app.context.hypervisor.leftovers("shop", itemIds, null);
  expect(during.testCopies).toHaveLength(11);
  expect(during.testNetworks).toHaveLength(1);
  for (const snapshot of await app.context.hypervisor.describeItems("shop", itemIds)) {
    expect([snapshot.source.power, snapshot.replication.state]).toEqual(["on", "replicating"]);
  }

  const cleaned = await app.ended(await app.start("test-clean-up", { notes: "went well" }));
  expect(cleaned.execution.status).toBe("succeeded");
  expect(await app.context.hypervisor.leftovers("shop", itemIds, null)).toEqual({ testCopies: [], testNetworks: [] });
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays(
  "a clean-up that leaves something of one machine behind says so, and no more of the others",
  async (app) => {
    await app.ended(await app.start("test-failover"));
    await app.context.estate.addFault("shop", {
      target: { itemId: "web-1" },
      operation: "remove-test-copy",
      mode: "refuse",
    });
    const { execution } = await app.ended(await app.start("test-clean-up"));
    expect(execution.status).toBe("succeeded-with-failures");
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.filter(({ outcome }) => outcome !== "succeeded")).toMatchObject([
      { itemId: "web-1", state: "test-failed-over", failure: { code: "leftovers" } },
    ]);
    for (const part of ["still there: test copy", "the hypervisor refused", "option force"]) {
      expect(outcomes.find(({ itemId }) => itemId === "web-1")?.failure?.message).toContain(part);
    }
    const states = await Promise.all(outcomes.map(({ itemId }) => app.item(itemId)));
    expect(states.filter(({ state }) => state === "protected")).toHaveLength(10);
  },
);

testInBothReplays("a clean-up that removes nothing of any machine has failed", async (app) => {
  await app.ended(await app.start("test-failover"));
  const target = { siteId: "west-europe" };
  await app.context.estate.addFault("shop", { target, operation: "remove-test-copy", mode: "refuse" });
  const { execution } = await app.ended(await app.start("test-clean-up"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect(await app.states()).toEqual(["test-failed-over"]);
});

testInBothReplays("a cancelled test failover leaves no copy and no network", async (app) => {
  const itemIds = (await app.items()).map(({ itemId }) => itemId);
  const executionId = await app.start("test-failover");
  await app.until(executionId, ({ steps }) => steps.some(({ id }) => id === "groups/application"));
  await cancelExecution(app.context, executionId, {
    behaviour: "restore-protection",
    by: "owner",
    reason: undefined,
  });
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(await app.context.hypervisor.leftovers("shop", itemIds, null)).toEqual({ testCopies: [], testNetworks: [] });
  expect(await app.states()).toEqual(["protected"]);
});

/** Starts a test whose recovery points are gone when it looks for them. */
async function testWithoutPoints(app: VirtualApp): Promise<ExecutionView> {
  const executionId = await app.start("test-failover", { recoveryPoint: { kind: "latest-app-consistent" } });
  const { hypervisor } = app.context;
  const recoveryPoints = hypervisor.recoveryPoints.bind(hypervisor);
  let reads = 0;
  hypervisor.recoveryPoints = async (...asked) => {
    reads += 1;
    const known = await recoveryPoints(...asked);
    return reads > (await app.items()).length ? { ...known, points: [] } : known;
  };
  const ended = await app.ended(executionId);
  Object.assign(hypervisor, { recoveryPoints });
  return ended;
}

testInBothReplays("a test failover for which there is no recovery point is refused at once", async (app) => {
  const recoveryPoint = {
    kind: "point-in-time" as const,
    emulatedNotAfter: "2020-01-01T00:00:00.000Z",
    appConsistent: [],
  };
  await expect(app.start("test-failover", { recoveryPoint })).rejects.toMatchObject({
    code: expect.stringContaining("recovery-point"),
  });
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays("a test failover that finds no recovery point leaves no network", async (app) => {
  const { execution } = await testWithoutPoints(app);
  expect(execution.status).toBe("failed");
  expect(await leftovers(app)).toEqual(NOTHING);
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays(
  "a test failover that finds no recovery point says which network it could not remove",
  async (app) => {
    await app.context.estate.addFault("shop", {
      target: { siteId: "west-europe" },
      operation: "remove-test-network",
      mode: "refuse",
    });
    const { execution } = await testWithoutPoints(app);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "undo-failed" } });
    expect(JSON.stringify(execution)).toContain("refused remove-test-network");
    expect((await leftovers(app)).testNetworks).toHaveLength(1);
  },
);

testInBothReplays("a test failover that only stops before it made a copy leaves no network", async (app) => {
  const executionId = await app.start("test-failover");
  await cancelExecution(app.context, executionId, { behaviour: "as-documented", by: "owner", reason: undefined });
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(await leftovers(app)).toEqual(NOTHING);
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays("the copies of a test that was tried again and again are removed when it is undone", async (app) => {
  const { value, etag } = await getPlan(app.context, "shop");
  const asking = { onItemFailure: "ask", onActionFailure: "ask" } as const;
  await savePlan(app.context, { ...value.plan, failurePolicy: { "test-failover": asking } }, etag, "planner");
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-test-copy",
    mode: "refuse",
  });
  const executionId = await app.start("test-failover");
  for (const [index, answer] of (["retry", "retry", "undo"] as const).entries()) {
    const ask = index + 1;
    await app.until(executionId, ({ awaits }) => awaits.some((one) => one.kind === "resolve" && one.ask === ask));
    await resolveFailure(app.context, executionId, { ask, answer, by: "operator", reason: "" });
  }
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await leftovers(app)).toEqual(NOTHING);
  expect(await app.states()).toEqual(["protected"]);
});
