import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays(
  "P5 unplanned failover goes on when a source refuses to shut down, and measures what is lost",
  async (app) => {
    await app.context.estate.addFault("shop", {
      target: { itemId: "web-1" },
      operation: "shut-down-source",
      mode: "refuse",
    });
    const { execution, steps } = await app.attempt("unplanned-failover", {
      recoveryPoint: { kind: "latest-processed" },
    });

    expect(execution.status).toBe("succeeded");
    expect(steps.find(({ id }) => id === "shutdown")?.detail).toContain("web-1");
    const outcomes = new Map("outcomes" in execution ? execution.outcomes.map((o) => [o.itemId, o]) : []);
    expect(outcomes.get("web-1")?.dataLoss?.writes).toBeGreaterThan(0);
    expect((await app.item("web-1")).dataLoss).toEqual(outcomes.get("web-1")?.dataLoss);
  },
);

testInBothReplays(
  "an unplanned failover continues after a failed critical item and ends with failures",
  async (app) => {
    await app.context.estate.addFault("shop", {
      target: { itemId: "orders-db-1" },
      operation: "promote-replica",
      mode: "refuse",
    });
    const { execution } = await app.attempt("unplanned-failover");

    expect(execution.status).toBe("succeeded-with-failures");
    expect(await app.item("orders-db-1")).toMatchObject({ state: "failover-failed" });
    expect((await app.item("web-4")).state).toBe("failed-over");
  },
);

testInBothReplays("P4 F4 latest-app-consistent takes one common point for a replication group", async (app) => {
  const { execution } = await app.attempt("unplanned-failover", {
    recoveryPoint: { kind: "latest-app-consistent" },
  });
  const points = "outcomes" in execution ? execution.outcomes.map(({ recoveryPoint }) => recoveryPoint) : [];
  expect(points.map((point) => point?.consistency)).toEqual(Array(11).fill("app-consistent"));
  const group = points.filter((point) => point?.replicationGroupId === "orders-database");
  expect(group).toHaveLength(3);
  expect(new Set(group.map((point) => point?.id)).size).toBe(1);
});

testInBothReplays("P4 one item can start from a custom point", async (app) => {
  const { points } = await app.context.hypervisor.recoveryPoints("shop", "web-2");
  const third = points[2];
  const target = { kind: "item", worldId: "shop", itemId: "web-2" } as const;
  const options = { recoveryPoint: { kind: "custom", pointId: third?.id ?? "" } } as const;
  const { execution } = await app.ended(await app.start("unplanned-failover", options, target));
  expect(execution.status).toBe("succeeded");
  expect((await app.item("web-2")).recoveryPoint).toEqual(third);
});
