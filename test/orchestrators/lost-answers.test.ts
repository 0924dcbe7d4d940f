import { afterEach, expect, test } from "vitest";
import { STEP_ACTIVITIES } from "../../src/activities/steps.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { importWorld } from "../../src/commands/import-world.js";
import { World } from "../../src/domain/worlds/world.js";
import { executionGuard } from "../../src/executions/execution-guard.js";
import type { OperationName } from "../../src/hypervisor/port.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

async function open(): Promise<void> {
  app = await VirtualApp.open();
  await app.load(estateOf("azure-to-azure"));
}

/** From now on an operation on one item takes effect and reports a failure. */
const loseAnswers = (operation: OperationName) =>
  app.context.estate.addFault(app.worldId, { target: { itemId: "app" }, operation, mode: "fail-after" });

async function appIs(): Promise<string | undefined> {
  return (await app.items()).find(({ itemId }) => itemId === "app")?.state;
}

test("A10 replication that was disabled and enabled is detected, although no answer arrived", async () => {
  await open();
  await loseAnswers("disable-replication");
  await loseAnswers("enable-replication");
  expect((await app.ended(await app.start("disable-replication"))).execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["unprotected"]);
  expect((await app.ended(await app.start("enable-replication"))).execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["protected"]);
});

test("A10 an item whose replication could not be disabled stays protected", async () => {
  await open();
  const fault = { target: { itemId: "app" }, operation: "disable-replication", mode: "fail-before" } as const;
  await app.context.estate.addFault(app.worldId, fault);
  expect((await app.ended(await app.start("disable-replication"))).execution.status).toBe("succeeded-with-failures");
  expect(await appIs()).toBe("protected");
});

test("P7 a cancel after a promotion of a test that failed removes the test copy", async () => {
  await open();
  await app.ended(await app.start("test-failover"));
  const fault = { target: { itemId: "app" }, operation: "promote-test-copy", mode: "fail-before" } as const;
  await app.context.estate.addFault(app.worldId, fault);
  const promotion = await app.start("promote-test");
  await app.validate(promotion);
  await app.ended(promotion);
  expect(await appIs()).toBe("failover-failed");
  const itemIds = (await app.items()).map(({ itemId }) => itemId);
  const left = () => app.context.hypervisor.leftovers(app.worldId, itemIds, null);
  expect((await left()).testCopies).toMatchObject([{ itemId: "app" }]);

  expect((await app.ended(await app.start("cancel-failover"))).execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["protected"]);
  expect(await left()).toEqual({ testCopies: [], testNetworks: [] });
});

test("a step that runs after the end of its execution does nothing, even if the estate has forgotten it", async () => {
  await open();
  const { store, hypervisor, estate } = app.context;
  const { assertActive: guard } = executionGuard(store, app.clock);
  const executionId = await app.start("test-failover");
  await expect(guard(executionId, "forward")).resolves.toBeUndefined();
  await app.ended(executionId);
  await expect(guard(executionId, "undo")).rejects.toMatchObject({ code: "execution-ended" });

  await app.ended(await app.start("test-clean-up"));
  await importWorld(app.context, World.parse(estateOf("azure-to-azure").world), "reset");
  const { worldId } = app;
  const params = { "shut-down-source": {}, "demote-replica": { epoch: 1 } };
  for (const [name, given] of Object.entries(params)) {
    const step = STEP_ACTIVITIES.find((one) => one.name === name);
    const input = { worldId, executionId, itemId: "app", attempt: 1, params: given };
    for (const round of [0, 1]) {
      const nowMs = app.clock.now();
      const request = { round, sinceMs: nowMs, deadlineMs: nowMs + 60_000 };
      const late = await step?.handle(app.context, { request, input });
      expect(late).toMatchObject({ ok: false, code: "execution-ended" });
    }
  }
  expect(await estate.ledger(worldId, { itemId: "app" })).toEqual([]);
  const [machine] = await hypervisor.describeItems(worldId, ["app"]);
  expect(machine).toMatchObject({ epoch: 0, source: { power: "on" } });
});

test("a cancelled execution waits for its running steps and begins no new ones", async () => {
  await open();
  const { store } = app.context;
  const executionId = await app.start("planned-failover", { acknowledgeNoTest: true });
  await app.until(executionId, ({ steps }) => steps.some(({ id }) => id === "shutdown"));
  await cancelExecution(app.context, executionId, {
    behaviour: "restore-protection",
    by: "operator",
    reason: undefined,
  });
  const { assertActive: guard } = executionGuard(store, app.clock);
  await expect(guard(executionId, "undo")).resolves.toBeUndefined();
  await expect(guard(executionId, "forward")).rejects.toMatchObject({ code: "cancelled" });
});

test("P6 a completed commit and reprotect are detected, although no answer arrived", async () => {
  await open();
  await loseAnswers("delete-recovery-points");
  await loseAnswers("reverse-replication");
  const failover = await app.start("planned-failover", { acknowledgeNoTest: true });
  await app.validate(failover);
  await app.ended(failover);
  expect((await app.ended(await app.start("commit"))).execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["committed"]);
  const reprotect = await app.start("reprotect", REPROTECT);
  expect((await app.ended(reprotect)).execution.status).toBe("succeeded");
  expect((await app.items()).map(({ direction }) => direction)).toEqual(Array(3).fill("recovery-to-primary"));
});
