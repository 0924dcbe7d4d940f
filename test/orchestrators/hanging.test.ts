import { expect } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import type { LimitedStep } from "../../src/domain/plans/step-limits.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const HOUR_MS = 3_600_000;

/** Makes an operation of web-1 hang, with this time limit for the step. */
async function hang(app: VirtualApp, operation: LimitedStep, minutes = 30) {
  const { value, etag } = await getPlan(app.context, "shop");
  const own = { [operation]: minutes };
  const stepLimitMinutes = { "planned-failover": own, "unplanned-failover": own };
  await savePlan(app.context, { ...value.plan, stepLimitMinutes }, etag, "planner");
  return app.context.estate.addFault("shop", { target: { itemId: "web-1" }, operation, mode: "hang" });
}

const cancel = (app: VirtualApp, executionId: string) =>
  cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });

testInBothReplays("P7 a cancel does not wait for a shutdown that hangs, and its undo gives it up", async (app) => {
  await hang(app, "shut-down-source");
  const executionId = await app.start("planned-failover");
  await app.pass(600_000);
  const askedAtMs = app.clock.now();
  await cancel(app, executionId);
  const { execution } = await app.ended(executionId);

  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  expect(app.clock.now() - askedAtMs).toBeLessThan(600_000);
  expect(await app.states()).toEqual(["protected"]);
});

testInBothReplays("P7 a cancel takes effect at once, however long an operation has hung", async (app) => {
  await hang(app, "shut-down-source", 24 * 60);
  const executionId = await app.start("planned-failover");
  await app.pass(20 * HOUR_MS);
  const askedAtMs = app.clock.now();
  await cancel(app, executionId);
  expect((await app.ended(executionId)).execution).toMatchObject({ status: "cancelled" });

  expect(app.clock.now() - askedAtMs).toBeLessThan(600_000);
});

testInBothReplays("an operation that hangs for a day is polled rarely, and its end is noticed in time", async (app) => {
  const { faultId } = await hang(app, "shut-down-source", 24 * 60);
  const executionId = await app.start("planned-failover");
  await app.pass(20 * HOUR_MS);
  const history = await app.hub.history(`${executionId}:shutdown-web`);
  expect(history?.length).toBeLessThan(1_000);

  const clearedMs = app.clock.now();
  await app.context.estate.clearFaults("shop", faultId);
  await app.awaiting(executionId, "confirm");
  expect(app.clock.now() - clearedMs).toBeLessThan(5 * HOUR_MS);
  const ledger = await app.context.estate.ledger("shop", { itemId: "web-1" });
  const shutDown = ledger.find(({ operation }) => operation === "shut-down-source");
  expect(Date.parse(shutDown?.at ?? "") - clearedMs).toBeLessThan(600_000);
});

testInBothReplays("P5 an unplanned failover gives up a hanging shutdown and starts the machine", async (app) => {
  await hang(app, "shut-down-source");
  const { execution, steps } = await app.attempt("unplanned-failover");

  expect(execution.status).toBe("succeeded");
  expect(steps.find(({ id }) => id === "shutdown")?.detail).toContain(
    "web-1 (the step did not end within its limit of 30 minutes: the hypervisor reported that it hung)",
  );
  expect(await app.states()).toEqual(["failed-over"]);
});

testInBothReplays(
  "a failover that failed for a hanging shutdown can be repeated when the machine answers",
  async (app) => {
    const { faultId } = await hang(app, "shut-down-source");
    const { execution } = await app.ended(await app.start("planned-failover"));
    expect(execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    expect(await app.states()).toEqual(["protected"]);

    await app.context.estate.clearFaults("shop", faultId);
    expect((await app.attempt("planned-failover")).execution.status).toBe("succeeded");
  },
);

testInBothReplays("a promotion that hangs is given up by the next failover of the item", async (app) => {
  const { faultId } = await hang(app, "promote-replica");
  const first = await app.start("unplanned-failover");
  await app.confirm(first);
  await app.validate(first);
  expect((await app.ended(first)).execution.status).toBe("succeeded-with-failures");
  expect((await app.item("web-1")).state).toBe("failover-failed");

  const item = { kind: "item", worldId: "shop", itemId: "web-1" } as const;
  const second = await app.start("unplanned-failover", {}, item);
  await app.until(second, ({ steps }) => JSON.stringify(steps).includes("promote-replica"));
  await app.context.estate.clearFaults("shop", faultId);
  const { execution } = await app.ended(second);
  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["failed-over"]);
});
