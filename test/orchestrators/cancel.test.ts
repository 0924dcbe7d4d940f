import { expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { scenario } from "../support/both-replays.js";
import { Stage } from "../support/virtual-app.js";

const cancel = (stage: Stage, executionId: string, behaviour: "restore-protection" | "as-documented") =>
  cancelExecution(stage.context, executionId, { behaviour, by: "owner", reason: undefined });

async function expectProtected(stage: Stage): Promise<void> {
  expect(await stage.states()).toEqual(["protected"]);
  for (const { itemId, heldBy, conditions } of await stage.items()) {
    expect({ heldBy, conditions }).toEqual({ heldBy: null, conditions: [] });
    const [snapshot] = await stage.context.hypervisor.describeItems("shop", [itemId]);
    expect([snapshot?.source.power, snapshot?.replica.power, snapshot?.replication.state]).toEqual([
      "on",
      "off",
      "replicating",
    ]);
  }
}

scenario("P7 a cancel while a manual action waits restores protection and proves it", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await cancel(stage, executionId, "restore-protection");
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  await expectProtected(stage);
});

scenario("P7 a cancel is taken when the plan can't be read", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  const { store } = stage.context;
  const { getPlanVersion } = store;
  const damaged = new RecoveryError("row-unreadable", "the plan in row plans/shop is damaged");
  Object.assign(store, { getPlanVersion: () => Promise.reject(damaged) });
  await cancel(stage, executionId, "restore-protection");
  await stage.pass(3_600_000);
  Object.assign(store, { getPlanVersion });
  expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
  await expectProtected(stage);
});

scenario("P7 a cancel while items are promoted restores protection", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.until(executionId, ({ steps }) =>
    steps.some(({ children = [] }) =>
      children.some((item) => item.children?.some(({ id }) => id.endsWith("promote-replica"))),
    ),
  );
  await cancel(stage, executionId, "restore-protection");
  const { execution } = await stage.ended(executionId);
  expect(execution.status).toBe("cancelled");
  await expectProtected(stage);
});

scenario("P7 a cancel as documented stops, and the items do not replicate again", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await cancel(stage, executionId, "as-documented");
  const { execution } = await stage.ended(executionId);
  expect(execution.status).toBe("cancelled");
  const [database] = await stage.context.hypervisor.describeItems("shop", ["orders-db-1"]);
  expect(database?.replication.state).toBe("stopped");
  const web = await stage.item("web-1");
  expect(web).toMatchObject({ state: "failover-failed", reason: expect.stringContaining("do not replicate again") });
  for (const { conditions } of await stage.items()) expect(conditions).toMatchObject([{ type: "not-replicating" }]);

  const restored = await stage.ended(await stage.start("cancel"));
  expect(restored.execution.status).toBe("succeeded");
  await expectProtected(stage);
});

scenario("P7 a cancel says of an item why it is not protected when its undo fails", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await stage.context.estate.addFault("shop", {
    target: { itemId: "web-3" },
    operation: "restart-source",
    mode: "refuse",
  });
  await cancel(stage, executionId, "restore-protection");
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
  expect(await stage.item("web-3")).toMatchObject({
    state: "failover-failed",
    reason: expect.stringContaining("["),
    conditions: [{ type: "not-replicating", whatToDo: expect.stringContaining("cancel") }],
  });
  expect((await stage.item("web-2")).state).toBe("protected");
});

scenario("a rejected validation undoes the failover", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.confirm(executionId);
  await stage.validate(executionId, "reject");
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
  await expectProtected(stage);
});

scenario("P7 a failover that awaits its commit can still be cancelled", async (stage) => {
  await stage.failOver("unplanned-failover");
  const { execution } = await stage.ended(await stage.start("cancel"));
  expect(execution.status).toBe("succeeded");
  await expectProtected(stage);
});

test("a step that waits for a place at the hypervisor does not begin after a cancel", async () => {
  const stage = await Stage.open({ operationsAtOnce: 2 });
  await stage.loadShop();
  const executionId = await stage.start("test-failover");
  await stage.until(executionId, ({ steps }) => steps.some(({ id }) => id.startsWith("groups/")));
  await stage.pass(600_000);
  const cancelledMs = stage.clock.now();
  await cancel(stage, executionId, "restore-protection");
  await stage.ended(executionId);
  const ledgers = await Promise.all(
    (await stage.items()).map(({ itemId }) => stage.context.estate.ledger("shop", { itemId })),
  );
  const begun = ledgers.flat().filter(({ operation }) => operation.startsWith("create"));
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.filter(({ beganAt }) => Date.parse(beganAt) > cancelledMs)).toEqual([]);
  await expectProtected(stage);
  await stage.close();
});

scenario("a failover that follows a cancel which failed half way shuts the source down again", async (stage) => {
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await cancel(stage, executionId, "as-documented");
  await stage.ended(executionId);
  const fault = await stage.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "restore-replication",
    mode: "refuse",
  });
  await stage.ended(await stage.start("cancel"));
  expect((await stage.item("web-1")).state).toBe("failover-failed");
  await stage.context.estate.clearFaults("shop", fault.faultId);

  const again = await stage.failOver("planned-failover");
  expect(again.execution.status).toBe("succeeded");
  const ledger = await stage.context.estate.ledger("shop", { itemId: "web-1" });
  const own = ledger.filter((entry) => entry.executionId === again.execution.executionId);
  expect(own.map(({ operation }) => operation).slice(0, 2)).toEqual(["shut-down-source", "final-synchronise"]);
});
