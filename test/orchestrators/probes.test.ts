import { expect } from "vitest";
import { importWorld } from "../../src/commands/import-world.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { Plan } from "../../src/domain/plans/plan.js";
import type { Probe } from "../../src/domain/plans/probes.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";
import { shopWorld } from "../support/worlds.js";

/** The shop with a database that answers after some seconds (null: never), and a plan that probes it. */
async function gated(app: VirtualApp, afterSeconds: number | null, probes: Probe[]): Promise<void> {
  const world = shopWorld();
  const item = world.items.find(({ id }) => id === "orders-db-1");
  const machine = world.machines.find(({ id }) => id === item?.machineId);
  machine?.services.push({ port: 1_433, afterSeconds, pages: [] });
  await importWorld(app.context, world, "reset");
  await app.pass(3_600_000);
  const { value, etag } = await getPlan(app.context, "shop");
  const groups = value.plan.groups.map((group) => ({
    ...group,
    items: group.items.map((one) => (one.id === "orders-db-1" ? { ...one, probes } : one)),
  }));
  await savePlan(app.context, Plan.parse({ ...value.plan, groups }), etag, "planner");
}

const tcp: Probe = { kind: "tcp", port: 1_433, timeLimitSeconds: 300, everySeconds: 20 };

testInBothReplays("a group waits on durable timers until its machines answer, and no longer", async (app) => {
  await gated(app, 130, [tcp]);
  const { steps, execution } = await app.attempt("planned-failover");
  expect(execution.status).toBe("succeeded");
  const gate = steps
    .flatMap(({ children = [] }) => children)
    .flatMap(({ children = [] }) => children)
    .find(({ id }) => id.endsWith("await-probes"));
  const waitedMs = Date.parse(gate?.endedAt ?? "") - Date.parse(gate?.startedAt ?? "");
  expect(waitedMs).toBeGreaterThanOrEqual(120_000);
  expect(waitedMs).toBeLessThan(150_000);
  expect(gate?.status).toBe("succeeded");
});

testInBothReplays(
  "a machine that does not answer within the limit has failed, and stops a planned failover",
  async (app) => {
    await gated(app, null, [tcp]);
    const { execution } = await app.ended(await app.start("planned-failover"));
    expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.find(({ itemId }) => itemId === "orders-db-1")?.failure?.code).toBe("probe-failed");
  },
);

testInBothReplays("a test copy is probed too", async (app) => {
  await gated(app, 30, [tcp]);
  const { execution } = await app.ended(await app.start("test-failover"));
  expect(execution.status).toBe("succeeded");
});
