import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays("H2 planned failover of the shop loses nothing and visits its steps in order", async (app) => {
  const { execution, steps } = await app.attempt("planned-failover");

  expect(execution.status).toBe("succeeded");
  expect(steps.map(({ id, status }) => `${id} ${status}`)).toEqual([
    "prerequisites succeeded",
    "shutdown succeeded",
    "choose-recovery-point/databases succeeded",
    "groups/databases succeeded",
    "action/check-orders succeeded",
    "prerequisites/application succeeded",
    "choose-recovery-point/application succeeded",
    "groups/application succeeded",
    "prerequisites/web succeeded",
    "choose-recovery-point/web succeeded",
    "groups/web succeeded",
    "prerequisites/management succeeded",
    "choose-recovery-point/management succeeded",
    "groups/management succeeded",
    "validation succeeded",
  ]);
  const outcomes = "outcomes" in execution ? execution.outcomes : [];
  expect(outcomes).toHaveLength(11);
  for (const { outcome, dataLoss } of outcomes) {
    expect({ outcome, dataLoss }).toEqual({ outcome: "succeeded", dataLoss: { seconds: 0, writes: 0, bytes: 0 } });
  }
  expect(await app.states()).toEqual(["failed-over"]);
  for (const { itemId, heldBy } of await app.items()) {
    expect(heldBy).toBeNull();
    const truth = await app.context.estate.groundTruth("shop", itemId);
    const ledger = await app.context.estate.ledger("shop", { itemId });
    const promotion = ledger.find(({ operation }) => operation === "promote-replica");
    expect(promotion?.result).toMatchObject({ sequences: truth.source.sequences });
    expect([truth.source.power, truth.replica.power]).toEqual(["off", "on"]);
  }
});

testInBothReplays(
  "P5 a planned failover does not run when a source cannot be shut down, and starts the others again",
  async (app) => {
    await app.context.estate.addFault("shop", {
      target: { itemId: "web-1" },
      operation: "shut-down-source",
      mode: "refuse",
    });
    const { execution } = await app.ended(await app.start("planned-failover"));

    expect(execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    expect(await app.states()).toEqual(["protected"]);
    for (const { itemId } of await app.items()) {
      const { source, replica } = await app.context.estate.groundTruth("shop", itemId);
      expect([source.power, source.writable, replica.power]).toEqual(["on", true, "off"]);
    }
  },
);

testInBothReplays(
  "a planned failover stops at the first failed critical item, reports it, and can be started again",
  async (app) => {
    const fault = await app.context.estate.addFault("shop", {
      target: { itemId: "orders-db-1" },
      operation: "start-replica",
      mode: "refuse",
    });
    const { execution, steps } = await app.ended(await app.start("planned-failover"));

    expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
    expect(steps.map(({ id }) => id)).not.toContain("groups/application");
    expect((await app.item("orders-db-1")).state).toBe("failover-failed");
    expect((await app.item("orders-db-2")).state).toBe("failed-over");
    expect(await app.item("web-1")).toMatchObject({ state: "failover-failed", heldBy: null });

    await app.context.estate.clearFaults("shop", fault.faultId);
    const again = await app.attempt("planned-failover");
    expect(again.execution.status).toBe("succeeded");
    const byItem = new Map(
      "outcomes" in again.execution ? again.execution.outcomes.map((o) => [o.itemId, o.outcome]) : [],
    );
    expect(byItem.get("orders-db-2")).toBe("already-done");
    expect(await app.states()).toEqual(["failed-over"]);
  },
);

testInBothReplays(
  "H2 a planned failover does not continue from a replica that was promoted with a loss",
  async (app) => {
    const target = { kind: "item", worldId: "shop", itemId: "web-1" } as const;
    const fault = await app.context.estate.addFault("shop", {
      target: { itemId: "web-1" },
      operation: "start-replica",
      mode: "refuse",
    });
    await app.ended(await app.start("unplanned-failover", { sourceShutdown: "skip" }, target));
    expect((await app.item("web-1")).state).toBe("failover-failed");
    await app.context.estate.clearFaults("shop", fault.faultId);

    const refused = app.start("planned-failover", {}, target);
    await expect(refused).rejects.toMatchObject({
      code: "prerequisites-failed",
      message: expect.stringContaining("without the last"),
    });
    expect((await app.item("web-1")).state).toBe("failover-failed");

    await app.ended(await app.start("cancel-failover", {}, target));
    const { execution } = await app.ended(await app.start("planned-failover", {}, target));
    expect(execution).toMatchObject({
      status: "succeeded",
      outcomes: [{ dataLoss: { seconds: 0, writes: 0, bytes: 0 } }],
    });
  },
);

testInBothReplays("a manual action that is declined stops a planned failover", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId, false);
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
});

testInBothReplays("an unconfirmed manual action stops a planned failover at its time limit", async (app) => {
  const executionId = await app.start("planned-failover");
  const { steps } = await app.ended(executionId);
  expect(steps.find(({ id }) => id === "action/check-orders")).toMatchObject({
    status: "failed",
    error: { code: "time-limit" },
  });
});

testInBothReplays("an expired validation keeps the failover and reports it", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId);
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-expired" } });
  expect(await app.states()).toEqual(["failed-over"]);
});

testInBothReplays(
  "P8 F6 a physical server takes 8 to 10 minutes more, and no VMware tools run in Azure",
  async (app) => {
    const { steps } = await app.attempt("planned-failover");
    const seconds = (groupId: string, itemId: string): number => {
      const item = steps
        .find(({ id }) => id === `groups/${groupId}`)
        ?.children?.find((child) => child.itemId === itemId);
      const promotion = item?.children?.find(({ id }) => id.endsWith("/promote-replica"));
      return (Date.parse(promotion?.endedAt ?? "") - Date.parse(promotion?.startedAt ?? "")) / 1_000;
    };
    expect(seconds("databases", "orders-db-1") - seconds("application", "app-1")).toBeGreaterThan(8 * 60);
    expect(seconds("databases", "orders-db-1")).toBeLessThan(15 * 60);

    const itemIds = ["orders-db-1", "app-1", "web-1"];
    const snapshots = await app.context.hypervisor.describeItems("shop", itemIds);
    expect(snapshots.map(({ replica }) => replica.tools)).toEqual(["absent", "disabled", "running"]);
  },
);
