import { afterEach, describe, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const cancel = (executionId: string) =>
  cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });

const MINUTE_MS = 60_000;

describe("P7 a cancel whose undo always fails", () => {
  test.each([
    ["planned-failover", 0],
    ["planned-failover", 1],
    ["planned-failover", 3],
    ["planned-failover", 5],
    ["planned-failover", 30],
    ["unplanned-failover", 2],
    ["full-run", 4],
  ] as const)(
    "ends %s after %d minutes, names the item that is left, and a later cancel repairs it",
    async (verb, minutes) => {
      app = await VirtualApp.open();
      await app.load(estateOf("vmware-to-azure"));
      const { worldId } = app;
      const fault = { target: { itemId: "app" }, operation: "restore-replication", mode: "fail-before" } as const;
      const { faultId } = await app.context.estate.addFault(worldId, fault);
      const executionId = await app.start(verb, verb === "full-run" ? REPROTECT : {});
      await app.pass(minutes * MINUTE_MS);
      const askedAtMs = app.clock.now();
      await cancel(executionId);
      const { execution } = await app.ended(executionId);

      expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
      expect(app.clock.now() - askedAtMs).toBeLessThan(15 * MINUTE_MS);
      expect((await app.items()).map(({ itemId, state, heldBy }) => [itemId, state, heldBy])).toEqual([
        ["app", "failover-failed", null],
        ["db", "protected", null],
        ["web", "protected", null],
      ]);

      await app.context.estate.clearFaults(worldId, faultId);
      expect((await app.ended(await app.start("cancel-failover"))).execution.status).toBe("succeeded");
      expect(await app.states()).toEqual(["protected"]);
    },
  );
});

test("P7 the sweep repeats a cancel at growing intervals until it is obeyed", async () => {
  app = await VirtualApp.open();
  const { world, plan } = estateOf("vmware-to-azure");
  const stepLimitMinutes = { "planned-failover": { "restore-replication": 240 } };
  await app.load({ world, plan: { ...plan, stepLimitMinutes } });
  const executionId = await app.start("planned-failover");
  await app.pass(30 * MINUTE_MS);
  const fault = { target: { itemId: "app" }, operation: "restore-replication", mode: "hang" } as const;
  await app.context.estate.addFault(app.worldId, fault);
  await cancel(executionId);
  const repeatedAt: number[] = [];
  for (let minute = 0; minute <= 64; minute += 1) {
    if ((await sweepExecutions(app.context)).repaired.length > 0) repeatedAt.push(minute);
    await app.pass(MINUTE_MS);
  }
  expect(repeatedAt).toEqual([1, 2, 4, 8, 16, 32, 48, 64]);
});

describe("a cancel that arrives while the execution is ending", () => {
  /** Runs a verb whose last write fails once, and cancels it before the next attempt. */
  async function cancelledAtTheEnd(verb: Verb): Promise<string> {
    app = await VirtualApp.open({ durations: "zero" });
    await app.load(estateOf("vmware-to-azure"));
    const { store } = app.context;
    const update = store.updateExecution.bind(store);
    let executionId = "";
    let failed = false;
    store.updateExecution = async (execution, etag) => {
      if (failed || !isEnded(execution.status)) return update(execution, etag);
      failed = true;
      await cancel(executionId);
      throw new Error("the store was away");
    };
    executionId = await app.start(verb);
    if (verb !== "test-failover") await app.validate(executionId);
    await app.ended(executionId);
    expect(failed).toBe(true);
    return executionId;
  }

  test.each(["unplanned-failover", "test-failover"] as const)(
    "undoes %s, because its end was not written yet; records and machines agree",
    async (verb) => {
      const executionId = await cancelledAtTheEnd(verb);
      expect((await app.context.store.getExecution(executionId))?.value.status).toBe("cancelled");
      expect(await app.states()).toEqual(["protected"]);
      const snapshots = await app.context.hypervisor.describeItems(app.worldId, ["app", "db", "web"]);
      for (const { source, replica, replication, testCopies } of snapshots) {
        expect([source.power, replica.power, replication.state]).toEqual(["on", "off", "replicating"]);
        expect(testCopies).toEqual([]);
      }
    },
  );
});

test("a cancel that is recorded before the orchestration exists is obeyed at its first step", async () => {
  app = await VirtualApp.open();
  await app.load(estateOf("vmware-to-azure"));
  const dying = {
    ...app.context,
    orchestrations: { ...app.context.orchestrations, start: () => Promise.reject(new Error("the host died")) },
  };
  const target = { kind: "plan", planId: app.planId } as const;
  const request = { idempotencyKey: "one", target, options: ExecutionOptions.parse({}), requestedBy: "tester" };
  await expect(startExecution(dying, { ...request, verb: "planned-failover" })).rejects.toThrow("the host died");
  const [recorded] = (await app.context.store.listExecutions({ limit: 1 })).entries;
  const executionId = recorded?.executionId ?? "";
  await cancel(executionId);
  await app.pass(11_000);

  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
  expect(await app.states()).toEqual(["protected"]);
});
