import { expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { testInBothReplays } from "../support/both-replays.js";
import { VirtualApp } from "../support/virtual-app.js";

const cancel = (app: VirtualApp, executionId: string, behaviour: "restore-protection" | "as-documented") =>
  cancelExecution(app.context, executionId, { behaviour, by: "owner", reason: undefined });

async function expectProtected(app: VirtualApp): Promise<void> {
  expect(await app.states()).toEqual(["protected"]);
  for (const { itemId, heldBy, conditions } of await app.items()) {
    expect({ heldBy, conditions }).toEqual({ heldBy: null, conditions: [] });
    const [snapshot] = await app.context.hypervisor.describeItems("shop", [itemId]);
    expect([snapshot?.source.power, snapshot?.replica.power, snapshot?.replication.state]).toEqual([
      "on",
      "off",
      "replicating",
    ]);
  }
}

testInBothReplays("P7 a cancel while a manual action waits restores protection and proves it", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await cancel(app, executionId, "restore-protection");
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  await expectProtected(app);
});

testInBothReplays("P7 a cancel is taken when the plan can't be read", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  const { store } = app.context;
  const { getPlanVersion } = store;
  const damaged = new RecoveryError("row-unreadable", "the plan in row plans/shop is damaged");
  Object.assign(store, { getPlanVersion: () => Promise.reject(damaged) });
  await cancel(app, executionId, "restore-protection");
  await app.pass(3_600_000);
  Object.assign(store, { getPlanVersion });
  expect((await app.ended(executionId)).execution.status).toBe("cancelled");
  await expectProtected(app);
});

testInBothReplays("P7 a cancel while items are promoted restores protection", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.until(executionId, ({ steps }) =>
    steps.some(({ children = [] }) =>
      children.some((item) => item.children?.some(({ id }) => id.endsWith("promote-replica"))),
    ),
  );
  await cancel(app, executionId, "restore-protection");
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  await expectProtected(app);
});

testInBothReplays("P7 a cancel as documented stops, and the items do not replicate again", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await cancel(app, executionId, "as-documented");
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  const [database] = await app.context.hypervisor.describeItems("shop", ["orders-db-1"]);
  expect(database?.replication.state).toBe("stopped");
  const web = await app.item("web-1");
  expect(web).toMatchObject({ state: "failover-failed", reason: expect.stringContaining("do not replicate") });
  for (const { conditions } of await app.items()) expect(conditions).toMatchObject([{ type: "not-replicating" }]);

  const restored = await app.ended(await app.start("cancel-failover"));
  expect(restored.execution.status).toBe("succeeded");
  await expectProtected(app);
});

testInBothReplays("P7 a cancel says of an item why it is not protected when its undo fails", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await app.context.estate.addFault("shop", {
    target: { itemId: "web-3" },
    operation: "restart-source",
    mode: "refuse",
  });
  await cancel(app, executionId, "restore-protection");
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
  expect(await app.item("web-3")).toMatchObject({
    state: "failover-failed",
    reason: expect.stringContaining("["),
    conditions: [{ type: "not-replicating", whatToDo: expect.stringContaining("cancel") }],
  });
  expect((await app.item("web-2")).state).toBe("protected");
});

testInBothReplays("a rejected validation undoes the failover", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId);
  await app.validate(executionId, "reject");
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
  await expectProtected(app);
});

testInBothReplays("P7 a failover that awaits its commit can still be cancelled", async (app) => {
  await app.run("unplanned-failover");
  const { execution } = await app.ended(await app.start("cancel-failover"));
  expect(execution.status).toBe("succeeded");
  await expectProtected(app);
});

test("a step that waits for a place at the hypervisor does not begin after a cancel", async () => {
  const app = await VirtualApp.open({ maxConcurrentOperations: 2 });
  await app.loadShop();
  const executionId = await app.start("test-failover");
  await app.until(executionId, ({ steps }) => steps.some(({ id }) => id.startsWith("groups/")));
  await app.pass(600_000);
  const cancelledMs = app.clock.now();
  await cancel(app, executionId, "restore-protection");
  await app.ended(executionId);
  const ledgers = await Promise.all(
    (await app.items()).map(({ itemId }) => app.context.estate.ledger("shop", { itemId })),
  );
  const begun = ledgers.flat().filter(({ operation }) => operation.startsWith("create"));
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.filter(({ beganAt }) => Date.parse(beganAt) > cancelledMs)).toEqual([]);
  await expectProtected(app);
  await app.close();
});

testInBothReplays("a failover that follows a cancel which failed half way shuts the source down again", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await cancel(app, executionId, "as-documented");
  await app.ended(executionId);
  const fault = await app.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "restore-replication",
    mode: "refuse",
  });
  await app.ended(await app.start("cancel-failover"));
  expect((await app.item("web-1")).state).toBe("failover-failed");
  await app.context.estate.clearFaults("shop", fault.faultId);

  const again = await app.attempt("planned-failover");
  expect(again.execution.status).toBe("succeeded");
  const ledger = await app.context.estate.ledger("shop", { itemId: "web-1" });
  const own = ledger.filter((entry) => entry.executionId === again.execution.executionId);
  expect(own.map(({ operation }) => operation).slice(0, 2)).toEqual(["shut-down-source", "final-synchronise"]);
});
