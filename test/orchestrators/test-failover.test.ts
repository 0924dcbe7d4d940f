import { expect } from "vitest";
import { cancelExecution, resolveFailure } from "../../src/commands/decisions.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { scenario } from "../support/both-replays.js";
import type { Stage } from "../support/virtual-app.js";

const NOTHING = { testCopies: [], testNetworks: [] };

async function leftovers(stage: Stage) {
  const itemIds = (await stage.items()).map(({ itemId }) => itemId);
  return stage.context.hypervisor.leftovers("shop", itemIds, null);
}

scenario("a test failover touches nothing, and its clean-up proves that nothing is left", async (stage) => {
  const itemIds = (await stage.items()).map(({ itemId }) => itemId);
  const { execution } = await stage.ended(await stage.start("test-failover"));
  expect(execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["test-failed-over"]);
  const during = await stage.context.hypervisor.leftovers("shop", itemIds, null);
  expect(during.testCopies).toHaveLength(11);
  expect(during.testNetworks).toHaveLength(1);
  for (const snapshot of await stage.context.hypervisor.describeItems("shop", itemIds)) {
    expect([snapshot.source.power, snapshot.replication.state]).toEqual(["on", "replicating"]);
  }

  const cleaned = await stage.ended(await stage.start("test-clean-up", { notes: "went well" }));
  expect(cleaned.execution.status).toBe("succeeded");
  expect(await stage.context.hypervisor.leftovers("shop", itemIds, null)).toEqual({ testCopies: [], testNetworks: [] });
  expect(await stage.states()).toEqual(["protected"]);
});

scenario("a clean-up that leaves something behind says so", async (stage) => {
  await stage.ended(await stage.start("test-failover"));
  await stage.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "remove-test-copy",
    mode: "refuse",
  });
  const { execution } = await stage.ended(await stage.start("test-clean-up"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect((await stage.item("web-1")).state).toBe("test-failed-over");
});

scenario("a cancelled test failover leaves no copy and no network", async (stage) => {
  const itemIds = (await stage.items()).map(({ itemId }) => itemId);
  const executionId = await stage.start("test-failover");
  await stage.until(executionId, ({ steps }) => steps.some(({ id }) => id === "groups/application"));
  await cancelExecution(stage.context, executionId, {
    behaviour: "restore-protection",
    by: "owner",
    reason: undefined,
  });
  const { execution } = await stage.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(await stage.context.hypervisor.leftovers("shop", itemIds, null)).toEqual({ testCopies: [], testNetworks: [] });
  expect(await stage.states()).toEqual(["protected"]);
});

scenario("a test failover that finds no recovery point leaves no network", async (stage) => {
  const recoveryPoint = { kind: "point-in-time" as const, notAfter: "2020-01-01T00:00:00.000Z", appConsistent: [] };
  const { execution } = await stage.ended(await stage.start("test-failover", { recoveryPoint }));
  expect(execution.status).toBe("failed");
  expect(await leftovers(stage)).toEqual(NOTHING);
  expect(await stage.states()).toEqual(["protected"]);
});

scenario("a test failover that finds no recovery point says which network it could not remove", async (stage) => {
  await stage.context.estate.addFault("shop", {
    target: { siteId: "west-europe" },
    operation: "remove-test-network",
    mode: "refuse",
  });
  const recoveryPoint = { kind: "point-in-time" as const, notAfter: "2020-01-01T00:00:00.000Z", appConsistent: [] };
  const { execution } = await stage.ended(await stage.start("test-failover", { recoveryPoint }));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "undo-failed" } });
  expect(JSON.stringify(execution)).toContain("refused remove-test-network");
  expect((await leftovers(stage)).testNetworks).toHaveLength(1);
});

scenario("a test failover that only stops before it made a copy leaves no network", async (stage) => {
  const executionId = await stage.start("test-failover");
  await cancelExecution(stage.context, executionId, { behaviour: "as-documented", by: "owner", reason: undefined });
  const { execution } = await stage.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(await leftovers(stage)).toEqual(NOTHING);
  expect(await stage.states()).toEqual(["protected"]);
});

scenario("the copies of a test that was tried again and again are removed when it is undone", async (stage) => {
  const { value, etag } = await getPlan(stage.context, "shop");
  const asking = { onItemFailure: "ask", onActionFailure: "ask" } as const;
  await savePlan(stage.context, { ...value.plan, failurePolicy: { "test-failover": asking } }, etag);
  await stage.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-test-copy",
    mode: "refuse",
  });
  const executionId = await stage.start("test-failover");
  for (const [index, answer] of (["retry", "retry", "undo"] as const).entries()) {
    const ask = index + 1;
    await stage.until(executionId, ({ awaits }) => awaits.some((one) => one.kind === "resolve" && one.ask === ask));
    await resolveFailure(stage.context, executionId, { ask, answer, by: "operator", reason: "" });
  }
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await leftovers(stage)).toEqual(NOTHING);
  expect(await stage.states()).toEqual(["protected"]);
});
