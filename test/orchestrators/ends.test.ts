import { afterEach, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import { removeItem } from "../../src/commands/worlds.js";
import type { ExecutionOptions, ItemOutcome } from "../../src/domain/execution.js";
import { usesOption } from "../../src/domain/start/start-options.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { VirtualApp, type VirtualAppOptions } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

async function open(scenario: Scenario = "azure-to-azure", options: VirtualAppOptions = {}): Promise<void> {
  app = await VirtualApp.open(options);
  await app.load(estateOf(scenario));
}

/** Runs a verb of the plan to any end. */
const attempt = (verb: Verb, options: Partial<ExecutionOptions> = {}): Promise<ExecutionView> =>
  app.attempt(verb, { ...(usesOption(verb, "acknowledgeNoTest") && { acknowledgeNoTest: true }), ...options });

/** What test failovers have left: the items of the copies, and the number of networks. */
async function leftovers(): Promise<[string[], number]> {
  const items = ["app", "db", "web"];
  const { testCopies, testNetworks } = await app.context.hypervisor.leftovers(app.worldId, items, null);
  return [testCopies.map(({ itemId }) => itemId), testNetworks.length];
}

const statesByItem = async () => Object.fromEntries((await app.items()).map(({ itemId, state }) => [itemId, state]));

const fault = (input: Omit<FaultInput, "target">) =>
  app.context.estate.addFault(app.worldId, { target: { itemId: "app" }, ...input });

const outcomeOf = ({ execution }: ExecutionView, itemId: string): ItemOutcome | undefined =>
  "outcomes" in execution ? execution.outcomes.find((outcome) => outcome.itemId === itemId) : undefined;

test("P13 a failback without recovery points is committed, even if its old machine still exists", async () => {
  await open("vmware-to-azure");
  for (const verb of ["planned-failover", "commit"] as const) await attempt(verb);
  await attempt("reprotect", REPROTECT);
  await attempt("failback");
  await fault({ operation: "remove-old-machine", mode: "refuse" });
  const ended = await attempt("commit");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "committed" });
  expect(await app.states()).toEqual(["committed"]);
  const [machine] = await app.context.hypervisor.describeItems(app.worldId, ["app"]);
  expect(machine?.leftBehind).not.toEqual([]);
});

/** Loses the answer to the first commit of an item, and cancels the execution at that moment. */
async function cancelledCommit(durations: "zero" | "realistic"): Promise<ExecutionView> {
  await open("azure-to-azure", { durations });
  const { hypervisor } = app.context;
  const runOnItem = hypervisor.runOnItem.bind(hypervisor);
  const executionId = await app.start("full-run", { acknowledgeNoTest: true });
  let lost = false;
  hypervisor.runOnItem = async (task) => {
    const reply = await runOnItem(task);
    if (lost || task.operation !== "delete-recovery-points") return reply;
    lost = true;
    await cancelExecution(app.context, executionId, { behaviour: "as-documented", by: "owner", reason: undefined });
    throw new Error("the answer was lost");
  };
  await app.validate(executionId);
  return app.ended(executionId);
}

test.each(["zero", "realistic"] as const)(
  "P6 a full run that is cancelled during its commit (%s durations) reports for each item whether it is committed",
  async (durations) => {
    const { execution } = await cancelledCommit(durations);
    expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
    await app.pass(3_600_000);
    for (const { itemId, state } of await app.items()) {
      const { points } = await app.context.hypervisor.recoveryPoints(app.worldId, itemId);
      expect([itemId, state]).toEqual([itemId, points.length > 0 ? "failed-over" : "committed"]);
    }
  },
);

test("P6 a commit that ends past its limit is given up, and deletes nothing afterwards", async () => {
  await open();
  await attempt("planned-failover");
  Object.assign(app.context.settings, { stepLimitMs: 10 * 60_000 });
  await fault({ operation: "delete-recovery-points", mode: "slow", factor: 1_000 });
  const ended = await attempt("commit");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "failed-over" });
  await app.pass(24 * 3_600_000);
  expect((await app.context.hypervisor.recoveryPoints(app.worldId, "app")).points).not.toEqual([]);
  expect((await app.attemptOn("app", "cancel-failover")).execution.status).toBe("succeeded");
});

test("P7 a cancel leaves an item alone whose commit was not recorded, and reports it", async () => {
  await open("azure-to-azure", { durations: "zero" });
  await attempt("planned-failover");
  // The state after an execution whose host and history were lost.
  const { worldId } = app;
  const on = { worldId, executionId: "lost", key: "lost/delete-recovery-points/app", itemId: "app", params: {} };
  await app.context.hypervisor.runOnItem({ ...on, operation: "delete-recovery-points" });
  const ended = await attempt("cancel-failover");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", failure: { code: "verb-not-allowed" } });
  expect((await app.items()).map(({ itemId, state }) => [itemId, state])).toEqual([
    ["app", "committed"],
    ["db", "protected"],
    ["web", "protected"],
  ]);
  const [machine] = await app.context.hypervisor.describeItems(worldId, ["app"]);
  expect(machine?.replica.power).toBe("on");
});

test("a clean-up that leaves a copy reports it for the item, and the other items are protected again", async () => {
  await open();
  await attempt("test-failover");
  const { faultId } = await fault({ operation: "remove-test-copy", mode: "refuse" });
  const ended = await attempt("test-clean-up");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(["app", "db", "web"].map((itemId) => outcomeOf(ended, itemId))).toMatchObject([
    { outcome: "failed", state: "test-failed-over" },
    { outcome: "succeeded", state: "protected" },
    { outcome: "succeeded", state: "protected" },
  ]);
  expect(await statesByItem()).toEqual({ app: "test-failed-over", db: "protected", web: "protected" });

  await app.context.estate.clearFaults(app.worldId, faultId);
  expect((await attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], 0]);
});

test("a clean-up that leaves the network reports it for every item of the test", async () => {
  await open();
  await attempt("test-failover");
  const target = { siteId: "away" };
  const refused = { target, operation: "remove-test-network", mode: "refuse" } as const;
  const { faultId } = await app.context.estate.addFault(app.worldId, refused);
  const ended = await attempt("test-clean-up");
  expect(ended.execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect(await app.states()).toEqual(["test-failed-over"]);

  await app.context.estate.clearFaults(app.worldId, faultId);
  expect((await attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], 0]);
});

test("a clean-up and a promotion do not touch the networks of other tests at the same site", async () => {
  await open();
  for (const itemId of ["app", "db", "web"]) await app.attemptOn(itemId, "test-failover");
  expect((await app.attemptOn("app", "test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([["db", "web"], 2]);
  expect((await app.attemptOn("db", "promote-test")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([["web"], 1]);
});

test("a test network is removed with its last copy", async () => {
  await open();
  await attempt("test-failover");
  for (const [itemId, left] of [
    ["app", 1],
    ["web", 1],
    ["db", 0],
  ] as const) {
    expect((await app.attemptOn(itemId, "test-clean-up")).execution.status).toBe("succeeded");
    expect((await leftovers())[1]).toBe(left);
  }
  expect(await app.states()).toEqual(["protected"]);
});

/** Runs a promotion that cannot remove its network, and returns a function that clears the fault. */
async function promotedButForItsNetwork(): Promise<() => Promise<void>> {
  await open();
  await attempt("test-failover");
  const refused = { target: { siteId: "away" }, operation: "remove-test-network", mode: "refuse" } as const;
  const { faultId } = await app.context.estate.addFault(app.worldId, refused);
  const ended = await attempt("promote-test");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  for (const itemId of ["app", "db", "web"]) {
    const note = expect.stringMatching(/^the network of test .* at away was not removed/);
    expect(outcomeOf(ended, itemId)).toMatchObject({ outcome: "succeeded", state: "failed-over", note });
  }
  return async () => {
    await app.context.estate.clearFaults(app.worldId, faultId);
  };
}

test.each(["commit", "cancel-failover"] as const)(
  "a network that a promotion had to leave is removed by the %s",
  async (verb) => {
    const clear = await promotedButForItsNetwork();
    await clear();
    expect((await attempt(verb)).execution.status).toBe("succeeded");
    expect(await leftovers()).toEqual([[], 0]);
  },
);

test("a commit that cannot remove the network of a test reports it and still succeeds", async () => {
  await promotedButForItsNetwork();
  const ended = await attempt("commit");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(outcomeOf(ended, "app")?.note).toMatch(/at away was not removed/);
  expect([await app.states(), await leftovers()]).toEqual([["committed"], [[], 1]]);
});

test("a promotion that fails for every item reports the remaining network for each, and a cancel removes it", async () => {
  await open();
  await attempt("test-failover");
  const { faultId } = await app.context.estate.addFault(app.worldId, {
    target: { siteId: "away" },
    mode: "refuse",
  });
  const ended = await attempt("promote-test");
  const note = expect.stringMatching(/at away was not removed/);
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "failover-failed", note });
  await app.context.estate.clearFaults(app.worldId, faultId);
  expect((await attempt("cancel-failover")).execution.status).toBe("succeeded");
  expect([await app.states(), await leftovers()]).toEqual([["protected"], [[], 0]]);
});

test("a promotion that is cancelled and can't remove its network names it", async () => {
  await open();
  await attempt("test-failover");
  const refused = { target: { siteId: "away" }, operation: "remove-test-network", mode: "refuse" } as const;
  await app.context.estate.addFault(app.worldId, refused);
  const executionId = await app.start("promote-test");
  await app.pass(60_000);
  const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
  await cancelExecution(app.context, executionId, asked);
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
  expect("failure" in execution && execution.failure.message).toMatch(/the network of test .* at away was not removed/);
  expect([await app.states(), await leftovers()]).toEqual([["protected"], [[], 1]]);
});

test("a failover of an item whose promotion had failed removes its test copy", async () => {
  await open();
  await attempt("test-failover");
  const { faultId } = await fault({ operation: "promote-test-copy", mode: "refuse" });
  await attempt("promote-test");
  expect([await statesByItem(), await leftovers()]).toEqual([
    { app: "failover-failed", db: "failed-over", web: "failed-over" },
    [["app"], 0],
  ]);
  await app.context.estate.clearFaults(app.worldId, faultId);
  for (const verb of ["unplanned-failover", "commit"] as const) {
    expect((await app.attemptOn("app", verb)).execution.status).toBe("succeeded");
  }
  expect([(await app.item("app")).state, await leftovers()]).toEqual(["committed", [[], 0]]);
});

test.each(["as-documented", "restore-protection"] as const)(
  "a promotion of a test that is cancelled %s leaves no network",
  async (behaviour) => {
    await open();
    await attempt("test-failover");
    const executionId = await app.start("promote-test");
    await app.pass(60_000);
    await cancelExecution(app.context, executionId, { behaviour, by: "owner", reason: undefined });
    expect((await app.ended(executionId)).execution.status).toBe("cancelled");
    expect((await leftovers())[1]).toBe(0);
    if (behaviour === "as-documented") expect((await attempt("cancel-failover")).execution.status).toBe("succeeded");
    expect([await app.states(), await leftovers()]).toEqual([["protected"], [[], 0]]);
  },
);

test("a machine that is removed during an execution that has nothing to do for it still has an outcome", async () => {
  app = await VirtualApp.open();
  await app.load(estateOf("vmware-to-azure"));
  await app.attemptOn("db", "test-failover");
  await app.attemptOn("web", "disable-replication");
  const executionId = await app.start("test-clean-up");
  await app.until(executionId, ({ steps }) => steps.length > 0);
  await removeItem(app.context, app.worldId, "web");
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("succeeded");
  const outcomes = "outcomes" in execution ? execution.outcomes : [];
  expect(outcomes.map(({ itemId, outcome, state }) => [itemId, outcome, state]).sort()).toEqual([
    ["app", "not-applicable", "protected"],
    ["db", "succeeded", "protected"],
    ["web", "not-applicable", "unprotected"],
  ]);
});
