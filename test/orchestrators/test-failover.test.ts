import { expect } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { scenario } from "./support/both-replays.js";

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
