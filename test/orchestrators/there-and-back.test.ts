import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ItemOutcome } from "../../src/domain/execution.js";
import { Scenario } from "../../src/domain/vocabulary.js";
import { type Estate, estateOf, mixedEstate, REPROTECT } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

const outcomesOf = ({ execution }: ExecutionView): ItemOutcome[] => ("outcomes" in execution ? execution.outcomes : []);

let app: VirtualApp;
afterEach(() => app.close());

describe.each(Scenario.options)("%s, there and back", (scenario) => {
  test.each(["normal", "every-step"] as const)("%s replay", async (replay) => {
    app = await VirtualApp.open({ replay });
    await app.load(estateOf(scenario));
    const where = async () => {
      const items = await app.items();
      return [...new Set(items.map(({ state, direction, activeSiteId }) => `${state} ${direction} ${activeSiteId}`))];
    };

    await app.run("test-failover");
    await app.run("test-clean-up");
    const there = await app.run("planned-failover");
    expect(outcomesOf(there).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over primary-to-recovery away"]);
    await app.run("commit");
    await app.run("reprotect", REPROTECT);
    expect(await where()).toEqual(["protected recovery-to-primary away"]);

    const back = await app.run("failback", { acknowledgeNoTest: true });
    expect(outcomesOf(back).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over recovery-to-primary home"]);
    await app.run("commit");
    await app.run("reprotect", REPROTECT);
    expect(await where()).toEqual(["protected primary-to-recovery home"]);

    for (const { itemId, epoch } of await app.items()) {
      const truth = await app.context.estate.groundTruth(app.worldId, itemId);
      expect([truth.source.power, truth.source.writable, truth.replica.power]).toEqual(["on", true, "off"]);
      expect([epoch, truth.epoch]).toEqual([2, 2]);
    }
  });
});

test("one plan over four scenarios fails over and back in one order", async () => {
  app = await VirtualApp.open();
  await app.load(mixedEstate(Scenario.options));
  const states = async () => new Set((await app.items()).map(({ state, direction }) => `${state} ${direction}`));
  const reprotect = { location: "original" as const, waitForAgent: true, datastoreId: ["vmw-ssd", "phy-ssd"] };

  await app.run("planned-failover", { acknowledgeNoTest: true });
  await app.run("commit");
  const turned = outcomesOf(await app.run("reprotect", { reprotect }));
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
  await app.run("failback", { acknowledgeNoTest: true });
  await app.run("commit");
  await app.run("reprotect", { reprotect });
  expect(await states()).toEqual(new Set(["protected primary-to-recovery"]));
});

test("a plan with items in both directions says so, and a reprotect names the items that it skips", async () => {
  app = await VirtualApp.open();
  await app.load(estateOf("hyperv-to-hyperv"));
  for (const verb of ["planned-failover", "commit"] as const) await app.attemptOn("db", verb);
  const turned = await app.run("reprotect");
  expect(turned.execution.direction).toBe("recovery-to-primary");
  const note = "it has no failover to reverse";
  expect(outcomesOf(turned).map(({ itemId, outcome, note }) => [itemId, outcome, note])).toEqual([
    ["db", "succeeded", undefined],
    ["app", "not-applicable", note],
    ["web", "not-applicable", note],
  ]);
  expect(turned.steps.find(({ id }) => id === "items")?.detail).toContain(`not applicable to app: ${note}`);

  await app.attemptOn("app", "planned-failover");
  await app.attemptOn("db", "planned-failback");
  await app.attemptOn("web", "planned-failover");
  expect((await app.run("commit")).execution.direction).toBe("mixed");
  expect((await app.run("reprotect")).execution.direction).toBe("mixed");
  expect((await app.items()).map(({ itemId, direction }) => [itemId, direction])).toEqual([
    ["app", "recovery-to-primary"],
    ["db", "primary-to-recovery"],
    ["web", "recovery-to-primary"],
  ]);
});

/** Opens an estate that has failed over and is committed. */
async function committedThere(scenario: Scenario, change: (estate: Estate) => void = () => undefined): Promise<void> {
  const estate = estateOf(scenario);
  change(estate);
  app = await VirtualApp.open();
  await app.load(estate);
  await app.run("planned-failover", { acknowledgeNoTest: true });
  await app.run("commit");
}

describe("reprotect", () => {
  test("F7: is refused while the agent is not installed, and succeeds 15 minutes later", async () => {
    await committedThere("vmware-to-azure");
    // In virtual time only a minute has passed since the last group started.
    const atOnce = { reprotect: { ...REPROTECT.reprotect, waitForAgent: false } };
    const alone = app.start("reprotect", atOnce, { kind: "item", worldId: app.worldId, itemId: "web" });
    await expect(alone).rejects.toThrow("agent not installed");
    const { execution } = await app.attempt("reprotect", atOnce);
    expect(execution.status).toBe("succeeded-with-failures");
    expect("outcomes" in execution && execution.outcomes.find(({ itemId }) => itemId === "web")).toMatchObject({
      outcome: "left-out",
      state: "committed",
      failure: { message: expect.stringContaining("agent not installed") },
    });
    await app.pass(15 * 60_000);
    await app.run("reprotect", atOnce);
    expect(await app.states()).toEqual(["protected"]);
  });

  test("F7: waits for the agent with waitForAgent", async () => {
    await committedThere("vmware-to-azure");
    const { steps } = await app.run("reprotect", REPROTECT);
    const agents = steps.flatMap(({ children = [] }) => children).flatMap(({ children = [] }) => children);
    const waited = agents.filter(({ id }) => id.endsWith("await-agent"));
    expect(waited).toHaveLength(3);
  });

  test("V1: a replication group can only be reprotected as a whole, by the plan", async () => {
    await committedThere("vmware-to-azure", ({ world }) => {
      world.replicationGroups = [{ id: "orders", name: "Orders" }];
      for (const item of world.items?.slice(1) ?? []) item.replicationGroupId = "orders";
    });
    const alone = app.start("reprotect", REPROTECT, { kind: "item", worldId: app.worldId, itemId: "app" });
    await expect(alone).rejects.toMatchObject({ code: "replication-group" });
    await app.run("reprotect", REPROTECT);
    await app.pass(15 * 60_000);
    const options = { recoveryPoint: { kind: "latest-crash-consistent" } } as const;
    const outcomes = outcomesOf(await app.run("failback", options));
    const points = outcomes.filter(({ itemId }) => itemId !== "db").map(({ recoveryPoint }) => recoveryPoint?.id);
    expect(new Set(points).size).toBe(1); // F4: the latest common point
  });

  test("an item that cannot be reprotected does not stop the others, and can be retried", async () => {
    await committedThere("azure-to-azure");
    const { faultId } = await app.context.estate.addFault(app.worldId, {
      target: { itemId: "app" },
      operation: "reverse-replication",
      mode: "refuse",
    });
    const { execution } = await app.ended(await app.start("reprotect"));
    expect(execution.status).toBe("succeeded-with-failures");
    expect([(await app.item("app")).state, (await app.item("web")).state]).toEqual(["committed", "protected"]);
    await app.context.estate.clearFaults(app.worldId, faultId);
    await app.run("reprotect");
  });
});

test("P14: without a process server at home the configuration server forwards the data, as its prerequisites say", async () => {
  await committedThere("vmware-to-azure", ({ world }) => {
    for (const site of world.sites) if (site.id === "home") site.processServers = [];
  });
  await app.run("reprotect", REPROTECT);
  await app.run("failback");
  await app.run("commit");
  await app.run("reprotect", REPROTECT);
  expect(await app.states()).toEqual(["protected"]);
});

describe("failback", () => {
  test("a failback that fails can be cancelled: the workload runs at the recovery site, protected as before", async () => {
    await committedThere("hyperv-to-hyperv");
    await app.run("reprotect");
    await app.context.estate.addFault(app.worldId, {
      target: { itemId: "db" },
      operation: "start-replica",
      mode: "refuse",
      times: 1,
    });
    const failed = await app.ended(await app.start("failback", { sourceShutdown: "skip" }));
    expect(failed.execution.status).not.toBe("succeeded");
    await app.ended(await app.start("cancel-failover"));
    for (const { itemId, state, direction, activeSiteId } of await app.items()) {
      expect([itemId, state, direction, activeSiteId]).toEqual([itemId, "protected", "recovery-to-primary", "away"]);
      const truth = await app.context.estate.groundTruth(app.worldId, itemId);
      expect([truth.source.writable, truth.replica.power]).toEqual([true, "off"]);
    }
  });

  test("a planned failback loses nothing, and moves no machine when one cannot be shut down", async () => {
    await committedThere("vmware-to-azure");
    await app.run("reprotect", REPROTECT);
    const fault = { target: { itemId: "app" }, operation: "shut-down-source", mode: "refuse", times: 1 } as const;
    await app.context.estate.addFault(app.worldId, fault);
    const refused = await app.ended(await app.start("planned-failback"));
    expect(refused.execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    for (const item of await app.items()) {
      expect(item).toMatchObject({ state: "protected", direction: "recovery-to-primary", activeSiteId: "away" });
    }
    await app.context.estate.addFault(app.worldId, fault);
    await app.run("failback"); // the other one continues
    await app.ended(await app.start("cancel-failover"));
    const home = await app.run("planned-failback");
    expect(outcomesOf(home).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
  });

  test("a rejected full run undoes the failover, because nothing was committed yet", async () => {
    app = await VirtualApp.open();
    await app.load(estateOf("vmware-to-azure"));
    const executionId = await app.start("full-run", REPROTECT);
    await app.validate(executionId, "reject");
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
    expect(await app.states()).toEqual(["protected"]);
  });
});
