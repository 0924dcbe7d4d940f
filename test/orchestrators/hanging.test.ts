import { expect } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { OperationName } from "../../src/hypervisor/port.js";
import { scenario } from "./support/both-replays.js";
import type { Stage } from "./support/stage.js";

/** Makes an operation of web-1 hang, where a step may take half an hour. */
function hang(stage: Stage, operation: OperationName) {
  Object.assign(stage.context.settings, { stepLimitMs: 30 * 60_000 });
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
