import { afterEach, describe, expect, test } from "vitest";
import { resolveFailure } from "../../src/commands/decisions.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { FailureAnswer, Verb } from "../../src/domain/vocabulary.js";
import type { ItemOperation } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const ask = { onItemFailure: "ask", onActionFailure: "ask" } as const;

/** Opens the estate with a plan that asks, and refuses an operation on the application this many times. */
async function open(
  replay: "normal" | "every-step",
  operation: ItemOperation,
  { times = 1, plan = {} }: { times?: number; plan?: Partial<PlanInput> } = {},
): Promise<void> {
  app = await VirtualApp.open({ replay });
  const estate = estateOf("vmware-to-azure");
  const failurePolicy = { "planned-failover": ask, "unplanned-failover": ask, "full-run": ask, "test-failover": ask };
  Object.assign(estate.plan, { failurePolicy, ...plan });
  await app.load(estate);
  await app.context.estate.addFault(app.worldId, { target: { itemId: "app" }, operation, mode: "refuse", times });
}

const asked = (executionId: string, at = 1): Promise<ExecutionView> =>
  app.until(executionId, ({ awaits }) => awaits.some((one) => one.kind === "resolve" && one.ask === at));

const answer = (executionId: string, what: FailureAnswer, at = 1) =>
  resolveFailure(app.context, executionId, { ask: at, answer: what, by: "operator", reason: "" });

const questionOf = ({ awaits }: ExecutionView): string => awaits.map(({ asks }) => asks).join();

/** Effects of an operation at the hypervisor, for all items. */
async function effects(operation: ItemOperation): Promise<string[]> {
  const ledgers = await Promise.all(
    ["db", "app", "web"].map((itemId) => app.context.estate.ledger(app.worldId, { itemId })),
  );
  return ledgers.flatMap((entries, at) =>
    entries.filter((entry) => entry.operation === operation).map(() => ["db", "app", "web"][at] ?? ""),
  );
}

describe.each(["normal", "every-step"] as const)("%s replay", (replay) => {
  test.each(["together", "reverse-group-order"] as const)(
    "a source that cannot be shut down raises a question (%s), and a retry touches it alone",
    async (order) => {
      await open(replay, "shut-down-source", { plan: { shutdown: { order } } });
      const executionId = await app.start("planned-failover");
      const view = await asked(executionId);
      expect(questionOf(view)).toMatch(/^not shut down and synchronised: app .*Answer retry, skip, stop or undo\.$/);
      await answer(executionId, "retry");
      await app.validate(executionId);
      const { execution, steps } = await app.ended(executionId);
      expect(execution.status).toBe("succeeded");
      expect((await effects("shut-down-source")).toSorted()).toEqual(["app", "db", "web"]);
      const shutdown = steps.find(({ id }) => id === "shutdown");
      expect(shutdown?.children?.map(({ itemId, status }) => `${itemId} ${status}`).toSorted()).toEqual([
        "app succeeded",
        "db succeeded",
        "web succeeded",
      ]);
    },
  );

  test("P5: a skip lets an unplanned failover continue without the shutdown, with a loss", async () => {
    await open(replay, "shut-down-source");
    const executionId = await app.start("unplanned-failover");
    expect(questionOf(await asked(executionId))).toContain("to continue without them loses what they have not sent");
    await answer(executionId, "skip");
    await app.validate(executionId);
    const { execution, steps } = await app.ended(executionId);
    expect(execution.status).toBe("succeeded");
    expect(steps.find(({ id }) => id === "shutdown")?.detail).toMatch(/^continued without: app/);
  });

  const RELEASE = ["shut-down-source", "final-synchronise"] as const;
  const released = (verb: Verb) => RELEASE.map((operation) => [verb, operation] as const);

  test.each([...released("planned-failover"), ...released("full-run")])(
    "H2: a skip leaves behind the item that a %s could not release (%s), and does not ask again",
    async (verb, operation) => {
      await open(replay, operation);
      const reprotect = { location: "original", waitForAgent: true, datastoreId: "ssd" } as const;
      const executionId = await app.start(verb, verb === "full-run" ? { reprotect } : {});
      expect(questionOf(await asked(executionId))).toContain("skipped items are not failed over");
      await answer(executionId, "skip");
      await app.validate(executionId);
      const { execution, steps } = await app.ended(executionId);
      expect(execution.status).toBe("succeeded-with-failures");
      expect(steps.find(({ id }) => id === "shutdown")?.detail).toMatch(/^left behind: app/);
      const outcomes = "outcomes" in execution ? execution.outcomes : [];
      expect(outcomes.map(({ itemId, outcome }) => `${itemId} ${outcome}`).toSorted()).toEqual([
        "app failed",
        "db succeeded",
        "web succeeded",
      ]);
      expect((await app.item("app")).state).toBe("protected"); // its source was started again
      expect((await effects("promote-replica")).toSorted()).toEqual(["db", "web"]);
      expect(await effects("process-pending-data")).not.toContain("app");
    },
  );

  test("H2: a planned failover whose items were all skipped ends and undoes its effects", async () => {
    await open(replay, "final-synchronise", { plan: { groups: [{ id: "g", name: "g", items: [{ id: "app" }] }] } });
    const executionId = await app.start("planned-failover");
    await asked(executionId);
    await answer(executionId, "skip");
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    expect(await effects("promote-replica")).toEqual([]);
    expect((await app.item("app")).state).toBe("protected");
  });

  test("undo after a failed shutdown leaves everything protected", async () => {
    await open(replay, "shut-down-source");
    const executionId = await app.start("planned-failover");
    await asked(executionId);
    await answer(executionId, "undo");
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
    expect(await app.states()).toEqual(["protected"]);
  });

  const stages = [
    ["delete-recovery-points", "commit"],
    ["reverse-replication", "reprotect"],
  ] as const;

  test.each(stages)("a full run asks about a failed %s, and succeeds after a retry", async (operation, stageId) => {
    await open(replay, operation);
    const executionId = await fullRun();
    const view = await asked(executionId);
    expect(questionOf(view)).toMatch(/1 of \d items failed\. Answer retry, skip or stop\.$/);
    await answer(executionId, "retry");
    const { execution, steps } = await app.ended(executionId);
    expect(execution.status).toBe("succeeded");
    expect(await app.states()).toEqual(["protected"]);
    expect(steps.find(({ id }) => id === stageId)?.status).toBe("succeeded");
    expect((await effects(operation)).toSorted()).toEqual(["app", "db", "web"]);
  });

  test("after a stop, a full run does not undo committed items and does not reprotect the others", async () => {
    await open(replay, "delete-recovery-points", { times: 2 });
    const executionId = await fullRun();
    await asked(executionId);
    await answer(executionId, "retry");
    await asked(executionId, 2);
    await answer(executionId, "undo", 2);
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({
      status: "failed",
      failure: { code: "stopped", message: expect.stringContaining("can no longer be undone") },
    });
    expect(await app.states()).toEqual(["committed", "failed-over"]);
  });

  test("a test copy that is retried twice and then undone leaves nothing", async () => {
    await open(replay, "start-test-copy", { times: 3 });
    const executionId = await app.start("test-failover");
    for (const at of [1, 2, 3]) {
      await asked(executionId, at);
      await answer(executionId, at === 3 ? "undo" : "retry", at);
    }
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
    const left = await app.context.hypervisor.leftovers(app.worldId, ["db", "app", "web"], executionId);
    expect(left).toEqual({ testCopies: [], testNetworks: [] });
    expect(await app.states()).toEqual(["protected"]);
  });

  test("there is no second question about an item that a skip left behind", async () => {
    await open(replay, "start-replica");
    const executionId = await fullRun({ skips: true });
    const { execution } = await app.ended(executionId);
    expect(execution.status).toBe("succeeded-with-failures");
    expect((await app.item("app")).state).toBe("failover-failed");
    expect((await app.item("web")).state).toBe("protected");
  });
});

/** Starts a full run and accepts its validation. */
async function fullRun({ skips = false } = {}): Promise<string> {
  const verb: Verb = "full-run";
  const executionId = await app.start(verb, {
    reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
  });
  if (skips) {
    await asked(executionId);
    await answer(executionId, "skip");
  }
  await app.validate(executionId);
  return executionId;
}
