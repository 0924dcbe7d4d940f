import { expect } from "vitest";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import type { ItemOperation } from "../../src/hypervisor/port.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

/** Makes a machine optional, and refuses one of its operations. */
async function optional(app: VirtualApp, itemId: string, operation: ItemOperation, mode: "refuse" | "hang" = "refuse") {
  const { value, etag } = await getPlan(app.context, "shop");
  const groups = value.plan.groups.map((group) => ({
    ...group,
    items: group.items.map((item) => (item.id === itemId ? { ...item, criticality: "optional" as const } : item)),
  }));
  await savePlan(app.context, { ...value.plan, groups }, etag, "planner");
  await app.context.estate.addFault("shop", { target: { itemId }, operation, mode });
}

for (const operation of ["shut-down-source", "final-synchronise"] as const) {
  testInBothReplays(`D1 an optional machine whose ${operation} fails is left behind where it ran`, async (app) => {
    await optional(app, "web-1", operation);
    const { status, execution, steps } = await app.attempt("planned-failover");
    expect(status).toBe("succeeded-with-failures");
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.filter(({ outcome }) => outcome !== "succeeded")).toMatchObject([
      { itemId: "web-1", outcome: "failed", state: "protected" },
    ]);
    expect(steps.find(({ id }) => id === "shutdown")?.detail).toContain("left behind: web-1");
    const [web] = await app.context.hypervisor.describeItems("shop", ["web-1"]);
    expect([web?.source.power, web?.replica.power, web?.replication.state]).toEqual(["on", "off", "replicating"]);
  });
}

testInBothReplays("D1 an optional machine that hangs is left behind after its limit", async (app) => {
  await optional(app, "web-1", "shut-down-source", "hang");
  const { status } = await app.attempt("planned-failover");
  expect(status).toBe("succeeded-with-failures");
  expect((await app.item("web-1")).state).toBe("protected");
});

testInBothReplays("D1 a machine that was left behind and cannot be restored says so", async (app) => {
  await optional(app, "web-1", "final-synchronise");
  await app.context.estate.addFault("shop", { target: { itemId: "web-1" }, operation: "restart-source", mode: "hang" });
  const { status, execution } = await app.attempt("planned-failover");
  expect(status).toBe("succeeded-with-failures");
  const outcomes = "outcomes" in execution ? execution.outcomes : [];
  expect(outcomes.find(({ itemId }) => itemId === "web-1")).toMatchObject({
    state: "failover-failed",
    failure: { code: "undo-failed", message: expect.stringContaining("its source may be off") },
  });
});

testInBothReplays("D1 a critical machine that cannot be shut down still ends a planned failover", async (app) => {
  await app.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "shut-down-source",
    mode: "refuse",
  });
  const { execution } = await app.ended(await app.start("planned-failover"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays("D1 a rejected validation restores those that went and those that were left behind", async (app) => {
  await optional(app, "web-1", "final-synchronise");
  const { status } = await app.attempt("planned-failover", {}, { verdict: "reject" });
  expect(status).toBe("failed");
  expect(await app.states()).toEqual(["protected"]);
});
