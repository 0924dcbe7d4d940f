import { afterEach, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ExecutionOptions, ItemOutcome } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { Stage, type StageOptions } from "../support/virtual-app.js";

let stage: Stage;
afterEach(() => stage.close());

async function open(scenario: Scenario = "azure-to-azure", options: StageOptions = {}): Promise<void> {
  stage = await Stage.open(options);
  await stage.load(estateOf(scenario));
}

/** Runs a verb to its end, accepting what it brings up. */
async function run(verb: Verb, options: Partial<ExecutionOptions> = {}): Promise<ExecutionView> {
  const executionId = await stage.start(verb, { acknowledgeNoTest: true, ...options });
  const { execution } = await stage.until(
    executionId,
    (view) => isEnded(view.execution.status) || view.awaits.length > 0,
  );
  if (!isEnded(execution.status)) await stage.validate(executionId);
  return stage.ended(executionId);
}

const itemOf = (itemId: string) => ({ kind: "item", worldId: stage.worldId, itemId }) as const;
const runOn = async (itemId: string, verb: Verb) => stage.ended(await stage.start(verb, {}, itemOf(itemId)));

/** What tests left: copies by item, and how many networks. */
async function leftovers(): Promise<[string[], number]> {
  const items = ["app", "db", "web"];
  const { testCopies, testNetworks } = await stage.context.hypervisor.leftovers(stage.worldId, items, null);
  return [testCopies.map(({ itemId }) => itemId), testNetworks.length];
}

const statesByItem = async () => Object.fromEntries((await stage.items()).map(({ itemId, state }) => [itemId, state]));

const fault = (input: Omit<FaultInput, "target">) =>
  stage.context.estate.addFault(stage.worldId, { target: { itemId: "app" }, ...input });

const outcomeOf = ({ execution }: ExecutionView, itemId: string): ItemOutcome | undefined =>
  "outcomes" in execution ? execution.outcomes.find((outcome) => outcome.itemId === itemId) : undefined;

const HOME = { reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" } } as const;

test("P13 a failback whose points are gone is committed, also when its old machine is still there", async () => {
  await open("vmware-to-azure");
  for (const verb of ["planned-failover", "commit"] as const) await run(verb);
  await run("reprotect", HOME);
  await run("failback");
  await fault({ operation: "remove-old-machine", mode: "refuse" });
  const ended = await run("commit");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "committed" });
  expect(await stage.states()).toEqual(["committed"]);
  const [app] = await stage.context.hypervisor.describeItems(stage.worldId, ["app"]);
  expect(app?.leftBehind).not.toEqual([]);
});

/** The answer to the first commit of an item is lost, and at that moment its execution is cancelled. */
async function cancelledCommit(durations: "zero" | "realistic"): Promise<ExecutionView> {
  await open("azure-to-azure", { durations });
  const { hypervisor } = stage.context;
  const runOnItem = hypervisor.runOnItem.bind(hypervisor);
  const executionId = await stage.start("full-run", { acknowledgeNoTest: true });
  let lost = false;
  hypervisor.runOnItem = async (task) => {
    const reply = await runOnItem(task);
    if (lost || task.operation !== "delete-recovery-points") return reply;
    lost = true;
    await cancelExecution(stage.context, executionId, { behaviour: "as-documented", by: "owner", reason: undefined });
    throw new Error("the answer was lost");
  };
  await stage.validate(executionId);
  return stage.ended(executionId);
}

test.each(["zero", "realistic"] as const)(
  "P6 a full run cancelled while it commits, which takes %s time, says of each item whether it is committed",
  async (durations) => {
    const { execution } = await cancelledCommit(durations);
    expect(execution).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
    await stage.pass(3_600_000);
    for (const { itemId, state } of await stage.items()) {
      const { points } = await stage.context.hypervisor.recoveryPoints(stage.worldId, itemId);
      expect([itemId, state]).toEqual([itemId, points.length > 0 ? "failed-over" : "committed"]);
    }
  },
);

test("P6 a commit that ends past its limit is given up, and deletes nothing afterwards", async () => {
  await open();
  await run("planned-failover");
  Object.assign(stage.context.settings, { stepLimitMs: 10 * 60_000 });
  await fault({ operation: "delete-recovery-points", mode: "slow", factor: 1_000 });
  const ended = await run("commit");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "failed-over" });
  await stage.pass(24 * 3_600_000);
  expect((await stage.context.hypervisor.recoveryPoints(stage.worldId, "app")).points).not.toEqual([]);
  expect((await runOn("app", "cancel")).execution.status).toBe("succeeded");
});

test("P7 a cancel leaves what was committed without being recorded so, and says that it is", async () => {
  await open("azure-to-azure", { durations: "zero" });
  await run("planned-failover");
  // As an execution whose host and history were lost would leave it.
  const { worldId } = stage;
  const on = { worldId, executionId: "lost", key: "lost/delete-recovery-points/app", itemId: "app", params: {} };
  await stage.context.hypervisor.runOnItem({ ...on, operation: "delete-recovery-points" });
  const ended = await run("cancel");
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", failure: { code: "verb-not-allowed" } });
  expect((await stage.items()).map(({ itemId, state }) => [itemId, state])).toEqual([
    ["app", "committed"],
    ["db", "protected"],
    ["web", "protected"],
  ]);
  const [app] = await stage.context.hypervisor.describeItems(worldId, ["app"]);
  expect(app?.replica.power).toBe("on");
});

test("a clean-up that leaves a copy says so of its item, and the others are protected again", async () => {
  await open();
  await run("test-failover");
  const { faultId } = await fault({ operation: "remove-test-copy", mode: "refuse" });
  const ended = await run("test-clean-up");
  expect(ended.execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect(["app", "db", "web"].map((itemId) => outcomeOf(ended, itemId))).toMatchObject([
    { outcome: "failed", state: "test-failed-over" },
    { outcome: "succeeded", state: "protected" },
    { outcome: "succeeded", state: "protected" },
  ]);
  expect(await statesByItem()).toEqual({ app: "test-failed-over", db: "protected", web: "protected" });

  await stage.context.estate.clearFaults(stage.worldId, faultId);
  expect((await run("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], 0]);
});

test("a clean-up that leaves the network says so of every item of the test", async () => {
  await open();
  await run("test-failover");
  const target = { siteId: "away" };
  const refused = { target, operation: "remove-test-network", mode: "refuse" } as const;
  const { faultId } = await stage.context.estate.addFault(stage.worldId, refused);
  const ended = await run("test-clean-up");
  expect(ended.execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect(await stage.states()).toEqual(["test-failed-over"]);

  await stage.context.estate.clearFaults(stage.worldId, faultId);
  expect((await run("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], 0]);
});

test("a clean-up and a promotion leave the networks of other tests at the same site alone", async () => {
  await open();
  for (const itemId of ["app", "db", "web"]) await runOn(itemId, "test-failover");
  expect((await runOn("app", "test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([["db", "web"], 2]);
  expect((await runOn("db", "promote-test")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([["web"], 1]);
});

test("a network goes with the last copy that is on it", async () => {
  await open();
  await run("test-failover");
  for (const [itemId, left] of [
    ["app", 1],
    ["web", 1],
    ["db", 0],
  ] as const) {
    expect((await runOn(itemId, "test-clean-up")).execution.status).toBe("succeeded");
    expect((await leftovers())[1]).toBe(left);
  }
  expect(await stage.states()).toEqual(["protected"]);
});

/** The estate, and its first machine protected to a site of its own. */
function withTwoTargets(): ReturnType<typeof estateOf> {
  const { world, plan } = estateOf("azure-to-azure");
  const sites = world.sites.flatMap((site) => (site.id === "away" ? [site, { ...site, id: "elsewhere" }] : [site]));
  const links = (world.links ?? []).flatMap((link) => [
    link,
    { ...link, id: `${link.id}-2`, between: ["home", "elsewhere"] as [string, string] },
  ]);
  const items = world.items?.map((item) => (item.id === "app" ? { ...item, targetSiteId: "elsewhere" } : item)) ?? [];
  return { world: { ...world, sites, links, items }, plan };
}

test("the networks of a test that has several sites go each with the last copy at its site", async () => {
  stage = await Stage.open();
  await stage.load(withTwoTargets());
  await run("test-failover");
  expect(await leftovers()).toEqual([["app", "db", "web"], 2]);
  for (const [itemId, left] of [
    ["app", 1],
    ["web", 1],
    ["db", 0],
  ] as const) {
    expect((await runOn(itemId, "test-clean-up")).execution.status).toBe("succeeded");
    expect((await leftovers())[1]).toBe(left);
  }
});

/** A promotion that goes through but for its network; gives back what clears the fault. */
async function promotedButForItsNetwork(): Promise<() => Promise<void>> {
  await open();
  await run("test-failover");
  const refused = { target: { siteId: "away" }, operation: "remove-test-network", mode: "refuse" } as const;
  const { faultId } = await stage.context.estate.addFault(stage.worldId, refused);
  const ended = await run("promote-test");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  for (const itemId of ["app", "db", "web"]) {
    const note = expect.stringMatching(/^the network of test .* at away was not removed/);
    expect(outcomeOf(ended, itemId)).toMatchObject({ outcome: "succeeded", state: "failed-over", note });
  }
  return async () => {
    await stage.context.estate.clearFaults(stage.worldId, faultId);
  };
}

test.each(["commit", "cancel"] as const)("a network that a promotion had to leave goes with the %s", async (verb) => {
  const clear = await promotedButForItsNetwork();
  await clear();
  expect((await run(verb)).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], 0]);
});

test("a commit that leaves the network of a test too says so, and is done all the same", async () => {
  await promotedButForItsNetwork();
  const ended = await run("commit");
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(outcomeOf(ended, "app")?.note).toMatch(/at away was not removed/);
  expect([await stage.states(), await leftovers()]).toEqual([["committed"], [[], 1]]);
});

test("a promotion that no item comes through says of each that its network is left, and a cancel takes it along", async () => {
  await open();
  await run("test-failover");
  const { faultId } = await stage.context.estate.addFault(stage.worldId, {
    target: { siteId: "away" },
    mode: "refuse",
  });
  const ended = await run("promote-test");
  const note = expect.stringMatching(/at away was not removed/);
  expect(outcomeOf(ended, "app")).toMatchObject({ outcome: "failed", state: "failover-failed", note });
  await stage.context.estate.clearFaults(stage.worldId, faultId);
  expect((await run("cancel")).execution.status).toBe("succeeded");
  expect([await stage.states(), await leftovers()]).toEqual([["protected"], [[], 0]]);
});

test("a promotion that is cancelled and can't remove its network names it", async () => {
  await open();
  await run("test-failover");
  const refused = { target: { siteId: "away" }, operation: "remove-test-network", mode: "refuse" } as const;
  await stage.context.estate.addFault(stage.worldId, refused);
  const executionId = await stage.start("promote-test");
  await stage.pass(60_000);
  const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
  await cancelExecution(stage.context, executionId, asked);
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
  expect("failure" in execution && execution.failure.message).toMatch(/the network of test .* at away was not removed/);
  expect([await stage.states(), await leftovers()]).toEqual([["protected"], [[], 1]]);
});

test("a failover of an item whose promotion had failed removes its test copy", async () => {
  await open();
  await run("test-failover");
  const { faultId } = await fault({ operation: "promote-test-copy", mode: "refuse" });
  await run("promote-test");
  expect([await statesByItem(), await leftovers()]).toEqual([
    { app: "failover-failed", db: "failed-over", web: "failed-over" },
    [["app"], 0],
  ]);
  await stage.context.estate.clearFaults(stage.worldId, faultId);
  for (const verb of ["unplanned-failover", "commit"] as const) {
    expect((await runOn("app", verb)).execution.status).toBe("succeeded");
  }
  expect([(await stage.item("app")).state, await leftovers()]).toEqual(["committed", [[], 0]]);
});

test.each(["as-documented", "restore-protection"] as const)(
  "a promotion of a test that is cancelled %s leaves no network",
  async (behaviour) => {
    await open();
    await run("test-failover");
    const executionId = await stage.start("promote-test");
    await stage.pass(60_000);
    await cancelExecution(stage.context, executionId, { behaviour, by: "owner", reason: undefined });
    expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
    expect((await leftovers())[1]).toBe(0);
    if (behaviour === "as-documented") expect((await run("cancel")).execution.status).toBe("succeeded");
    expect([await stage.states(), await leftovers()]).toEqual([["protected"], [[], 0]]);
  },
);
