import { expect } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { OperationName } from "../../src/hypervisor/port.js";
import { scenario } from "../support/both-replays.js";
import type { Stage } from "../support/virtual-app.js";

const HOUR_MS = 3_600_000;

/** Makes an operation of web-1 hang, where a step may take so long. */
function hang(stage: Stage, operation: OperationName, stepLimitMs = HOUR_MS / 2) {
  Object.assign(stage.context.settings, { stepLimitMs });
  return stage.context.estate.addFault("shop", { target: { itemId: "web-1" }, operation, mode: "hang" });
}

const cancel = (stage: Stage, executionId: string) =>
  cancelExecution(stage.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });

scenario("P7 a cancel does not wait for a shutdown that hangs, and its undo gives it up", async (stage) => {
  await hang(stage, "shut-down-source");
  const executionId = await stage.start("planned-failover");
  await stage.pass(600_000);
  const askedAtMs = stage.clock.now();
  await cancel(stage, executionId);
  const { execution } = await stage.ended(executionId);

  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  expect(stage.clock.now() - askedAtMs).toBeLessThan(600_000);
  expect(await stage.states()).toEqual(["protected"]);
});

scenario("P7 a cancel is heard at once, however long an operation has hung", async (stage) => {
  await hang(stage, "shut-down-source", 24 * HOUR_MS);
  const executionId = await stage.start("planned-failover");
  await stage.pass(20 * HOUR_MS);
  const askedAtMs = stage.clock.now();
  await cancel(stage, executionId);
  expect((await stage.ended(executionId)).execution).toMatchObject({ status: "cancelled" });

  expect(stage.clock.now() - askedAtMs).toBeLessThan(600_000);
});

scenario("what hangs for a day is looked at rarely, and its end is seen in good time", async (stage) => {
  const { faultId } = await hang(stage, "shut-down-source", 24 * HOUR_MS);
  const executionId = await stage.start("planned-failover");
  await stage.pass(20 * HOUR_MS);
  const history = await stage.hub.history(`${executionId}:shutdown-web`);
  expect(history?.length).toBeLessThan(1_000);

  const clearedMs = stage.clock.now();
  await stage.context.estate.clearFaults("shop", faultId);
  await stage.awaiting(executionId, "confirm");
  expect(stage.clock.now() - clearedMs).toBeLessThan(5 * HOUR_MS);
  const ledger = await stage.context.estate.ledger("shop", { itemId: "web-1" });
  const shutDown = ledger.find(({ operation }) => operation === "shut-down-source");
  expect(Date.parse(shutDown?.at ?? "") - clearedMs).toBeLessThan(600_000);
});

scenario("P5 an unplanned failover gives up a shutdown that hangs, and brings the machine up", async (stage) => {
  await hang(stage, "shut-down-source");
  const { execution, steps } = await stage.failOver("unplanned-failover");

  expect(execution.status).toBe("succeeded");
  expect(steps.find(({ id }) => id === "shutdown")?.detail).toContain("web-1 (the step did not end within its limit)");
  expect(await stage.states()).toEqual(["failed-over"]);
});

scenario("a failover that a hanging shutdown failed is done again once the machine answers", async (stage) => {
  const { faultId } = await hang(stage, "shut-down-source");
  const { execution } = await stage.ended(await stage.start("planned-failover"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
  expect(await stage.states()).toEqual(["protected"]);

  await stage.context.estate.clearFaults("shop", faultId);
  expect((await stage.failOver("planned-failover")).execution.status).toBe("succeeded");
});

scenario("a promotion that hangs is given up by the next failover of the item", async (stage) => {
  const { faultId } = await hang(stage, "promote-replica");
  const first = await stage.start("unplanned-failover");
  await stage.confirm(first);
  await stage.validate(first);
  expect((await stage.ended(first)).execution.status).toBe("succeeded-with-failures");
  expect((await stage.item("web-1")).state).toBe("failover-failed");

  const item = { kind: "item", worldId: "shop", itemId: "web-1" } as const;
  const second = await stage.start("unplanned-failover", {}, item);
  await stage.until(second, ({ steps }) => JSON.stringify(steps).includes("promote-replica"));
  await stage.context.estate.clearFaults("shop", faultId);
  const { execution } = await stage.ended(second);
  expect(execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["failed-over"]);
});
