import { afterEach, describe, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { estateOf } from "../support/estates.js";
import { Stage } from "../support/virtual-app.js";

let stage: Stage;
afterEach(() => stage.close());

const cancel = (executionId: string) =>
  cancelExecution(stage.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });

const MINUTE_MS = 60_000;

describe("P7 a cancel whose undo fails for ever", () => {
  test.each([
    ["planned-failover", 0],
    ["planned-failover", 1],
    ["planned-failover", 3],
    ["planned-failover", 5],
    ["planned-failover", 30],
    ["unplanned-failover", 2],
    ["full-run", 4],
  ] as const)(
    "ends %s after %d minutes, says which item is left, and a later cancel mends it",
    async (verb, minutes) => {
      stage = await Stage.open();
      await stage.load(estateOf("vmware-to-azure"));
      const { worldId } = stage;
      const fault = { target: { itemId: "app" }, operation: "restore-replication", mode: "fail-before" } as const;
      const { faultId } = await stage.context.estate.addFault(worldId, fault);
      const executionId = await stage.start(verb);
      await stage.pass(minutes * MINUTE_MS);
      const askedAtMs = stage.clock.now();
      await cancel(executionId);
      const { execution } = await stage.ended(executionId);

      expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
      expect(stage.clock.now() - askedAtMs).toBeLessThan(15 * MINUTE_MS);
      expect((await stage.items()).map(({ itemId, state, heldBy }) => [itemId, state, heldBy])).toEqual([
        ["app", "failover-failed", null],
        ["db", "protected", null],
        ["web", "protected", null],
      ]);

      await stage.context.estate.clearFaults(worldId, faultId);
      expect((await stage.ended(await stage.start("cancel"))).execution.status).toBe("succeeded");
      expect(await stage.states()).toEqual(["protected"]);
    },
  );
});

test("P7 an execution is told again of its cancel ever more rarely, as long as it takes", async () => {
  stage = await Stage.open();
  await stage.load(estateOf("vmware-to-azure"));
  const executionId = await stage.start("planned-failover");
  await stage.pass(30 * MINUTE_MS);
  const fault = { target: { itemId: "app" }, operation: "restore-replication", mode: "hang" } as const;
  await stage.context.estate.addFault(stage.worldId, fault);
  await cancel(executionId);
  const told: number[] = [];
  for (let minute = 0; minute <= 64; minute += 1) {
    if ((await sweepExecutions(stage.context)).mended.length > 0) told.push(minute);
    await stage.pass(MINUTE_MS);
  }
  expect(told).toEqual([1, 2, 4, 8, 16, 32, 48, 64]);
});

describe("a cancel that comes when the end has begun", () => {
  /** Runs a verb whose last write fails once; the cancel comes in between. */
  async function cancelledAtTheEnd(verb: Verb): Promise<string> {
    stage = await Stage.open({ durations: "zero" });
    await stage.load(estateOf("vmware-to-azure"));
    const { store } = stage.context;
    const update = store.updateExecution.bind(store);
    let executionId = "";
    let failed = false;
    store.updateExecution = async (execution, etag) => {
      if (failed || !isEnded(execution.status)) return update(execution, etag);
      failed = true;
      await cancel(executionId);
      throw new Error("the store was away");
    };
    executionId = await stage.start(verb);
    if (verb !== "test-failover") await stage.validate(executionId);
    await stage.ended(executionId);
    expect(failed).toBe(true);
    return executionId;
  }

  test.each(["unplanned-failover", "test-failover"] as const)(
    "takes %s back, since its end was not written yet: records and machines say the same",
    async (verb) => {
      const executionId = await cancelledAtTheEnd(verb);
      expect((await stage.context.store.getExecution(executionId))?.value.status).toBe("cancelled");
      expect(await stage.states()).toEqual(["protected"]);
      const snapshots = await stage.context.hypervisor.describeItems(stage.worldId, ["app", "db", "web"]);
      for (const { source, replica, replication, testCopies } of snapshots) {
        expect([source.power, replica.power, replication.state]).toEqual(["on", "off", "replicating"]);
        expect(testCopies).toEqual([]);
      }
    },
  );
});

test("a cancel that is noted before the orchestration is there is obeyed at its first step", async () => {
  stage = await Stage.open();
  await stage.load(estateOf("vmware-to-azure"));
  const dying = {
    ...stage.context,
    orchestrations: { ...stage.context.orchestrations, start: () => Promise.reject(new Error("the host died")) },
  };
  const target = { kind: "plan", planId: stage.planId } as const;
  const request = { idempotencyKey: "one", target, options: ExecutionOptions.parse({}), requestedBy: "tester" };
  await expect(startExecution(dying, { ...request, verb: "planned-failover" })).rejects.toThrow("the host died");
  const [recorded] = (await stage.context.store.listExecutions({ limit: 1 })).entries;
  const executionId = recorded?.executionId ?? "";
  await cancel(executionId);
  await stage.pass(11_000);

  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  expect(await stage.states()).toEqual(["protected"]);
});
