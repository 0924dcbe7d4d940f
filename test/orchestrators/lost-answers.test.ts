import { afterEach, expect, test } from "vitest";
import { demoteReplica } from "../../src/activities/demote-replica.js";
import { endGuard } from "../../src/activities/end-guard.js";
import { shutDownSource } from "../../src/activities/shut-down-source.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { importWorld } from "../../src/commands/worlds.js";
import { World } from "../../src/domain/worlds/world.js";
import type { OperationName } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { Stage } from "../support/virtual-app.js";

let stage: Stage;
afterEach(() => stage.close());

async function open(): Promise<void> {
  stage = await Stage.open();
  await stage.load(estateOf("azure-to-azure"));
}

/** From now on an operation on one item does its work and says that it failed. */
const loseAnswers = (operation: OperationName) =>
  stage.context.estate.addFault(stage.worldId, { target: { itemId: "app" }, operation, mode: "fail-after" });

async function appIs(): Promise<string | undefined> {
  return (await stage.items()).find(({ itemId }) => itemId === "app")?.state;
}

test("A10 protection that ended and began is found, though no answer of it arrived", async () => {
  await open();
  await loseAnswers("disable-replication");
  await loseAnswers("enable-replication");
  expect((await stage.ended(await stage.start("disable-replication"))).execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["unprotected"]);
  expect((await stage.ended(await stage.start("enable-replication"))).execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["protected"]);
});

test("A10 protection that did not end for one item leaves it protected", async () => {
  await open();
  const fault = { target: { itemId: "app" }, operation: "disable-replication", mode: "fail-before" } as const;
  await stage.context.estate.addFault(stage.worldId, fault);
  expect((await stage.ended(await stage.start("disable-replication"))).execution.status).toBe(
    "succeeded-with-failures",
  );
  expect(await appIs()).toBe("protected");
});

test("P7 a cancel after a promotion of a test that failed removes the test copy", async () => {
  await open();
  await stage.ended(await stage.start("test-failover"));
  const fault = { target: { itemId: "app" }, operation: "promote-test-copy", mode: "fail-before" } as const;
  await stage.context.estate.addFault(stage.worldId, fault);
  const promotion = await stage.start("promote-test");
  await stage.validate(promotion);
  await stage.ended(promotion);
  expect(await appIs()).toBe("failover-failed");
  const itemIds = (await stage.items()).map(({ itemId }) => itemId);
  const left = () => stage.context.hypervisor.leftovers(stage.worldId, itemIds, null);
  expect((await left()).testCopies).toMatchObject([{ itemId: "app" }]);

  expect((await stage.ended(await stage.start("cancel"))).execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["protected"]);
  expect(await left()).toEqual({ testCopies: [], testNetworks: [] });
});

test("a step that comes after the end of its execution does nothing, also when the estate has forgotten it", async () => {
  await open();
  const { store, hypervisor, estate } = stage.context;
  const guard = endGuard(store, stage.clock);
  const executionId = await stage.start("test-failover");
  await expect(guard(executionId, "forward")).resolves.toBeUndefined();
  await stage.ended(executionId);
  await expect(guard(executionId, "back")).rejects.toMatchObject({ code: "execution-ended" });

  await stage.ended(await stage.start("test-clean-up"));
  await importWorld(stage.context, World.parse(estateOf("azure-to-azure").world));
  const { worldId } = stage;
  const input = { worldId, executionId, itemId: "app", attempt: 1, epoch: 1 };
  for (const step of [shutDownSource, demoteReplica]) {
    for (const round of [0, 1]) {
      const late = await step.handle(stage.context, { ask: { round, deadlineMs: stage.clock.now() + 60_000 }, input });
      expect(late).toMatchObject({ ok: false, code: "execution-ended" });
    }
  }
  expect(await estate.ledger(worldId, { itemId: "app" })).toEqual([]);
  const [app] = await hypervisor.describeItems(worldId, ["app"]);
  expect(app).toMatchObject({ epoch: 0, source: { power: "on" } });
});

test("what an execution that is being cancelled has under way is looked at to its end, and nothing more begun", async () => {
  await open();
  const { store } = stage.context;
  const executionId = await stage.start("planned-failover", { acknowledgeNoTest: true });
  await stage.until(executionId, ({ steps }) => steps.some(({ id }) => id === "shutdown"));
  await cancelExecution(stage.context, executionId, {
    behaviour: "restore-protection",
    by: "operator",
    reason: undefined,
  });
  const guard = endGuard(store, stage.clock);
  await expect(guard(executionId, "back")).resolves.toBeUndefined();
  await expect(guard(executionId, "forward")).rejects.toMatchObject({ code: "cancelled" });
});

test("P6 a commit and a reprotect that were done are found, though no answer of them arrived", async () => {
  await open();
  await loseAnswers("delete-recovery-points");
  await loseAnswers("reverse-replication");
  const failover = await stage.start("planned-failover", { acknowledgeNoTest: true });
  await stage.validate(failover);
  await stage.ended(failover);
  expect((await stage.ended(await stage.start("commit"))).execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["committed"]);
  const reprotect = await stage.start("reprotect", { reprotect: { location: "original", waitForAgent: true } });
  expect((await stage.ended(reprotect)).execution.status).toBe("succeeded");
  expect((await stage.items()).map(({ direction }) => direction)).toEqual(Array(3).fill("recovery-to-primary"));
});
