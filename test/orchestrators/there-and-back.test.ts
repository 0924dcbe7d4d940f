import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ExecutionOptions, ItemOutcome } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { Scenario, type Verb } from "../../src/domain/vocabulary.js";
import { type Estate, estateOf, mixedEstate } from "../worlds/there-and-back.js";
import { Stage } from "./support/stage.js";

const outcomesOf = ({ execution }: ExecutionView): ItemOutcome[] => ("outcomes" in execution ? execution.outcomes : []);

let stage: Stage;
afterEach(() => stage.close());

/** Runs a verb of the plan to its end, accepting what it brings up. */
async function run(verb: Verb, options: Partial<ExecutionOptions> = {}): Promise<ExecutionView> {
  const executionId = await stage.start(verb, options);
  const view = await stage.until(
    executionId,
    ({ awaits, execution }) => isEnded(execution.status) || awaits.length > 0,
  );
  if (!isEnded(view.execution.status)) await stage.validate(executionId);
  const ended = await stage.ended(executionId);
  expect(ended.execution, JSON.stringify(ended.execution)).toMatchObject({ verb, status: "succeeded" });
  return ended;
}

const HOME: Partial<ExecutionOptions> = {
  reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
};

describe.each(Scenario.options)("%s, there and back", (scenario) => {
  test.each(["normal", "every-step"] as const)("%s replay", async (replay) => {
    stage = await Stage.open({ replay });
    await stage.load(estateOf(scenario));
    const where = async () => {
      const items = await stage.items();
      return [...new Set(items.map(({ state, direction, activeSiteId }) => `${state} ${direction} ${activeSiteId}`))];
    };

    await run("test-failover");
    await run("test-clean-up");
    const there = await run("planned-failover");
    expect(outcomesOf(there).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over primary-to-recovery away"]);
    await run("commit");
    await run("reprotect", HOME);
    expect(await where()).toEqual(["protected recovery-to-primary away"]);

    const back = await run("failback");
    expect(outcomesOf(back).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over recovery-to-primary home"]);
    await run("commit");
    await run("reprotect", HOME);
    expect(await where()).toEqual(["protected primary-to-recovery home"]);

    for (const { itemId, epoch } of await stage.items()) {
      const truth = await stage.context.estate.groundTruth(stage.worldId, itemId);
      expect([truth.source.power, truth.source.writable, truth.replica.power]).toEqual(["on", true, "off"]);
      expect([epoch, truth.epoch]).toEqual([2, 2]);
    }
  });
});

test("one plan over four scenarios goes there and back in one order", async () => {
  stage = await Stage.open();
  await stage.load(mixedEstate(Scenario.options));
  const states = async () => new Set((await stage.items()).map(({ state, direction }) => `${state} ${direction}`));
  const reprotect = { location: "original", waitForAgent: true, datastoreId: "phy-ssd" } as const;

  await run("planned-failover", { acknowledgeNoTest: true });
  await run("commit");
  const turned = outcomesOf(await run("reprotect", { reprotect }));
  expect(turned.map(({ itemId, replicated }) => `${itemId} ${replicated?.caughtUpBy}`)).toEqual([
    "vmw-db deltas",
    "phy-db full",
    "hyp-db already-set",
    "azu-db deltas",
    ...["vmw-app deltas", "vmw-web deltas"],
    ...["phy-app full", "phy-web full"],
    ...["hyp-app already-set", "hyp-web already-set"],
    ...["azu-app deltas", "azu-web deltas"],
  ]);
  expect(await states()).toEqual(new Set(["protected recovery-to-primary"]));
  await run("failback");
  await run("commit");
  await run("reprotect", { reprotect });
  expect(await states()).toEqual(new Set(["protected primary-to-recovery"]));
});

test("a plan of two minds says so, and a reprotect names the items that it passes over", async () => {
  stage = await Stage.open();
  await stage.load(estateOf("hyperv-to-hyperv"));
  const on = (itemId: string) => ({ kind: "item", worldId: stage.worldId, itemId }) as const;
  const runOn = async (itemId: string, verb: Verb) => stage.ended(await stage.start(verb, {}, on(itemId)));
  for (const verb of ["planned-failover", "commit"] as const) await runOn("db", verb);
  const turned = await run("reprotect");
  expect(turned.execution.direction).toBe("recovery-to-primary");
  const note = "it is protected primary-to-recovery and has no failover to reverse";
  expect(outcomesOf(turned).map(({ itemId, outcome, note }) => [itemId, outcome, note])).toEqual([
    ["db", "succeeded", undefined],
    ["app", "not-applicable", note],
    ["web", "not-applicable", note],
  ]);
  expect(turned.steps.find(({ id }) => id === "items")?.detail).toContain(`not applicable to app: ${note}`);

  await runOn("app", "planned-failover");
  await runOn("db", "planned-failback");
  await runOn("web", "planned-failover");
  expect((await run("commit")).execution.direction).toBe("mixed");
  expect((await run("reprotect")).execution.direction).toBe("mixed");
  expect((await stage.items()).map(({ itemId, direction }) => [itemId, direction])).toEqual([
    ["app", "recovery-to-primary"],
    ["db", "primary-to-recovery"],
    ["web", "recovery-to-primary"],
  ]);
});

/** The estate there and committed, with nothing else done. */
async function committedThere(scenario: Scenario, change: (estate: Estate) => void = () => undefined): Promise<void> {
  const estate = estateOf(scenario);
  change(estate);
  stage = await Stage.open();
  await stage.load(estate);
  await run("planned-failover", { acknowledgeNoTest: true });
  await run("commit");
}

const refusalOf = async (executionId: string): Promise<string> => {
  const { execution } = await stage.ended(executionId);
  if (execution.status !== "failed") throw new Error(`it ended ${execution.status}`);
  return execution.failure.message;
};

describe("reprotect", () => {
  test("F7: refuses while the agent is not installed, and the same again works after 15 minutes", async () => {
    await committedThere("vmware-to-azure");
    // Virtual time: hardly a minute has passed since the last group was started.
    expect(await refusalOf(await stage.start("reprotect"))).toContain("agent not installed");
    expect((await stage.item("web")).state).toBe("committed");
    await stage.pass(15 * 60_000);
    await run("reprotect");
  });

  test("F7: waits for the agent and goes on when asked to", async () => {
    await committedThere("vmware-to-azure");
    const { steps } = await run("reprotect", HOME);
    const agents = steps.flatMap(({ children = [] }) => children).flatMap(({ children = [] }) => children);
    const waited = agents.filter(({ id }) => id.endsWith("await-agent"));
    expect(waited).toHaveLength(3);
  });

  test("V1: a replication group turns round only as a whole, by the plan", async () => {
    await committedThere("vmware-to-azure", ({ world }) => {
      world.replicationGroups = [{ id: "orders", name: "Orders" }];
      for (const item of world.items?.slice(1) ?? []) item.replicationGroupId = "orders";
    });
    const alone = stage.start("reprotect", HOME, { kind: "item", worldId: stage.worldId, itemId: "app" });
    await expect(alone).rejects.toMatchObject({ code: "verb-not-allowed" });
    await run("reprotect", HOME);
    await stage.pass(15 * 60_000);
    const options = { recoveryPoint: { kind: "latest-crash-consistent" } } as const;
    const outcomes = outcomesOf(await run("failback", options));
    const points = outcomes.filter(({ itemId }) => itemId !== "db").map(({ recoveryPoint }) => recoveryPoint?.id);
    expect(new Set(points).size).toBe(1); // F4: the latest common point
  });

  test("one item that cannot be turned round does not keep the others, and may be tried again", async () => {
    await committedThere("azure-to-azure");
    const { faultId } = await stage.context.estate.addFault(stage.worldId, {
      target: { itemId: "app" },
      operation: "reverse-replication",
      mode: "refuse",
    });
    const { execution } = await stage.ended(await stage.start("reprotect"));
    expect(execution.status).toBe("succeeded-with-failures");
    expect([(await stage.item("app")).state, (await stage.item("web")).state]).toEqual(["committed", "protected"]);
    await stage.context.estate.clearFaults(stage.worldId, faultId);
    await run("reprotect");
  });
});

test("P14: without a process server at home, the configuration server passes the data on, as its prerequisites say", async () => {
  await committedThere("vmware-to-azure", ({ world }) => {
    for (const site of world.sites) if (site.id === "home") site.processServers = [];
  });
  await run("reprotect", HOME);
  await run("failback");
  await run("commit");
  await run("reprotect", HOME);
  expect(await stage.states()).toEqual(["protected"]);
});

describe("failback", () => {
  test("a failback that fails can be cancelled: the workload runs at the recovery site, protected as before", async () => {
    await committedThere("hyperv-to-hyperv");
    await run("reprotect");
    await stage.context.estate.addFault(stage.worldId, {
      target: { itemId: "db" },
      operation: "start-replica",
      mode: "refuse",
      times: 1,
    });
    const failed = await stage.ended(await stage.start("failback", { sourceShutdown: "skip" }));
    expect(failed.execution.status).not.toBe("succeeded");
    await stage.ended(await stage.start("cancel-failover"));
    for (const { itemId, state, direction, activeSiteId } of await stage.items()) {
      expect([itemId, state, direction, activeSiteId]).toEqual([itemId, "protected", "recovery-to-primary", "away"]);
      const truth = await stage.context.estate.groundTruth(stage.worldId, itemId);
      expect([truth.source.writable, truth.replica.power]).toEqual([true, "off"]);
    }
  });

  test("a planned one loses nothing, and where a machine cannot be shut down it brings none home", async () => {
    await committedThere("vmware-to-azure");
    await run("reprotect", HOME);
    const fault = { target: { itemId: "app" }, operation: "shut-down-source", mode: "refuse", times: 1 } as const;
    await stage.context.estate.addFault(stage.worldId, fault);
    const refused = await stage.ended(await stage.start("planned-failback"));
    expect(refused.execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    for (const item of await stage.items()) {
      expect(item).toMatchObject({ state: "protected", direction: "recovery-to-primary", activeSiteId: "away" });
    }
    await stage.context.estate.addFault(stage.worldId, fault);
    await run("failback"); // the other goes on
    await stage.ended(await stage.start("cancel-failover"));
    const home = await run("planned-failback");
    expect(outcomesOf(home).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
  });

  test("a full run that is rejected takes the failover back, since nothing was committed yet", async () => {
    stage = await Stage.open();
    await stage.load(estateOf("vmware-to-azure"));
    const executionId = await stage.start("full-run");
    await stage.validate(executionId, "reject");
    const { execution } = await stage.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
    expect(await stage.states()).toEqual(["protected"]);
  });
});
