import { afterEach, describe, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { findStep } from "../../src/domain/steps.js";
import type { FaultInput, ItemOperation } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const MINUTE_MS = 60_000;
const groupOf = (itemId: string) => ({ id: `g-${itemId}`, name: itemId, items: [{ id: itemId }] });
/** One group for each machine, in this order. */
const GROUPS = ["db", "app", "web"].map(groupOf);

async function open(
  fault: FaultInput,
  { plan = {}, replay = "normal" }: { plan?: Partial<PlanInput>; replay?: "normal" | "every-step" } = {},
): Promise<void> {
  app = await VirtualApp.open({ replay });
  const { world, plan: own } = estateOf("vmware-to-azure");
  await app.load({ world, plan: { ...own, groups: GROUPS, validation: { required: false }, ...plan } });
  await app.context.estate.addFault(app.worldId, fault);
}

const hangs = (itemId: string, operation: ItemOperation): FaultInput => ({
  target: { itemId },
  operation,
  mode: "hang",
});
const groupStarted = (id: string) => (view: ExecutionView) => {
  if (isEnded(view.status)) throw new Error(`it ended: ${JSON.stringify(view.execution)}`);
  return findStep(view.steps, `groups/${id}`)?.status === "succeeded";
};
const cancel = (executionId: string) =>
  cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "owner", reason: undefined });
const outcomesOf = ({ execution }: ExecutionView) => ("outcomes" in execution ? execution.outcomes : []);

describe.each(["normal", "every-step"] as const)("%s replay", (replay) => {
  test("D2 a guest that hangs in the last group delays no other group", async () => {
    await open(hangs("web", "shut-down-source"), { replay });
    const executionId = await app.start("unplanned-failover");
    const startedMs = app.clock.now();
    const view = await app.until(executionId, groupStarted("g-app"));
    expect(app.clock.now() - startedMs).toBeLessThan(15 * MINUTE_MS);
    expect(view.steps.find(({ id }) => id === "shutdown")?.status).toBe("running");
    const ended = await app.ended(executionId);
    expect(ended.status).toBe("succeeded");
    expect(ended.steps.find(({ id }) => id === "shutdown")).toMatchObject({
      status: "succeeded",
      detail:
        "continued without: web (the step did not end within its limit of 15 minutes: the hypervisor reported that it hung)",
    });
  });

  test("D2 a guest that hangs in the first group is given up after 15 minutes", async () => {
    await open(hangs("db", "shut-down-source"), { replay });
    const executionId = await app.start("unplanned-failover");
    const startedMs = app.clock.now();
    await app.until(executionId, ({ steps }) => findStep(steps, "groups/g-db")?.status === "running");
    const waitedMs = app.clock.now() - startedMs;
    expect(waitedMs).toBeGreaterThanOrEqual(15 * MINUTE_MS);
    expect(waitedMs).toBeLessThan(20 * MINUTE_MS);
    expect((await app.ended(executionId)).status).toBe("succeeded");
  });

  test("D3 a cancel while a shutdown hangs beside a started group restores all of them", async () => {
    await open(hangs("web", "shut-down-source"), { replay });
    const executionId = await app.start("unplanned-failover");
    await app.until(executionId, groupStarted("g-db"));
    const askedMs = app.clock.now();
    await cancel(executionId);
    const ended = await app.ended(executionId);
    expect(ended.status).toBe("cancelled");
    expect(app.clock.now() - askedMs).toBeLessThan(15 * MINUTE_MS);
    expect(await app.states()).toEqual(["protected"]);
    expect(ended.steps.find(({ id }) => id === "shutdown")?.status).toBe("cancelled");
  });

  test("D3 after a cancel, a shutdown that is blocked is named until it can go on", async () => {
    await open(hangs("db", "shut-down-source"), { replay });
    const executionId = await app.start("unplanned-failover");
    await app.until(executionId, ({ steps }) => steps.some(({ id }) => id === "shutdown"));
    const blockedId = `${executionId}:shutdown-g-web`;
    await app.hub.suspend(blockedId, "somebody looks at it");
    await cancel(executionId);
    await app.pass(10 * MINUTE_MS);
    const { status, blockedReasons, steps } = await viewExecution(app.context, executionId);
    expect([status, blockedReasons]).toEqual(["paused", [`${blockedId}: somebody looks at it`]]);
    expect(steps.find(({ id }) => id === "shutdown")?.status).toBe("running");
    await app.hub.resume(blockedId, null);
    const ended = await app.ended(executionId);
    expect(ended.steps.find(({ id }) => id === "shutdown")?.status).toBe("cancelled");
    expect([ended.status, await app.states()]).toEqual(["cancelled", ["protected"]]);
  });

  test("D3 a plan that stops waits for the shutdowns that are under way, then ends", async () => {
    const failurePolicy = { "unplanned-failover": { onItemFailure: "stop", onActionFailure: "stop" } } as const;
    await open(hangs("web", "shut-down-source"), { replay, plan: { failurePolicy } });
    const refused = { target: { itemId: "db" }, operation: "start-replica", mode: "refuse" } as const;
    await app.context.estate.addFault(app.worldId, refused);
    const ended = await app.ended(await app.start("unplanned-failover"));
    expect(ended.execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
    expect((await app.items()).filter(({ heldBy }) => heldBy !== null)).toEqual([]);
  });

  test("actions after the shutdown wait for all sources, which are shut down side by side", async () => {
    const after: NonNullable<NonNullable<PlanInput["shutdown"]>["after"]>[number] = {
      id: "look",
      name: "Look",
      kind: "manual",
      instructions: "Look.",
      failoverTypes: ["unplanned"],
    };
    await open(hangs("web", "shut-down-source"), { replay, plan: { shutdown: { after: [after] } } });
    const executionId = await app.start("unplanned-failover");
    const startedMs = app.clock.now();
    const view = await app.awaiting(executionId, "confirm");
    expect(app.clock.now() - startedMs).toBeLessThan(20 * MINUTE_MS);
    expect(view.steps.some(({ id }) => id === "groups/g-db" && findStep(view.steps, id)?.startedAt)).toBe(false);
    await app.decide(executionId, { kind: "confirm", ask: 1, actionId: "look", done: true });
    expect((await app.ended(executionId)).status).toBe("succeeded");
  });
});

test("a plan that shuts down in reverse order does so, and each hanging source costs its own limit", async () => {
  await open(
    { target: { siteId: "home" }, operation: "shut-down-source", mode: "hang" },
    { plan: { shutdown: { order: "reverse-group-order" } } },
  );
  const executionId = await app.start("unplanned-failover");
  const startedMs = app.clock.now();
  const ended = await app.ended(executionId);
  expect(ended.status).toBe("succeeded");
  expect(app.clock.now() - startedMs).toBeGreaterThanOrEqual(45 * MINUTE_MS);
});

test("four groups whose data hang while they are processed stay within short histories", async () => {
  const groups = ["a", "b", "c", "d"].map((id) => ({ id, name: id, items: [{ id: `${id}-1` }] }));
  app = await VirtualApp.open();
  const { world, plan } = estateOf("vmware-to-azure");
  const [item, machine] = [world.items?.[0], world.machines[0]];
  if (item === undefined || machine === undefined) throw new Error("the estate has no item");
  const ids = groups.map(({ id }) => `${id}-1`);
  await app.load({
    world: {
      ...world,
      machines: ids.map((id) => ({
        ...machine,
        id: `vm-${id}`,
        name: id,
        nics: machine.nics.map(({ ip: _ip, assignment: _static, ...nic }) => nic),
      })),
      items: ids.map((id) => ({ ...item, id, machineId: `vm-${id}`, target: { ...item.target, name: id } })),
    },
    plan: {
      ...plan,
      groups,
      validation: { required: false },
      stepLimitMinutes: { "unplanned-failover": { "process-pending-data": 24 * 60 } },
    },
  });
  await app.context.estate.addFault(app.worldId, {
    target: { siteId: "away" },
    operation: "process-pending-data",
    mode: "hang",
  });
  const executionId = await app.start("unplanned-failover");
  const ended = await app.ended(executionId);
  expect(outcomesOf(ended).map(({ failure }) => failure?.code)).toEqual(ids.map(() => "time-limit"));
  for (const id of [executionId, ...groups.map((group) => `${executionId}:points-${group.id}`)]) {
    const history = await app.hub.history(id);
    expect(history?.length).toBeGreaterThan(10);
    expect(history?.length).toBeLessThan(1_000);
  }
});

describe("P7 a cancel does not wait for a site that does not answer", () => {
  test("what can be undone is undone, what the site keeps is named, and the execution ends", async () => {
    await open({ target: { siteId: "home" }, mode: "hang" });
    const executionId = await app.start("unplanned-failover");
    await app.until(executionId, ({ awaits }) => awaits.length === 3);
    const askedMs = app.clock.now();
    await cancel(executionId);
    const ended = await app.ended(executionId);
    expect(app.clock.now() - askedMs).toBeLessThan(20 * MINUTE_MS);
    expect(ended.execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
    for (const { failure, state } of outcomesOf(ended)) {
      expect(state).toBe("failover-failed");
      expect(failure?.message).toMatch(
        /the hypervisor reported that it hung\. Not done: start the source again, restore replication, /,
      );
    }
    await app.context.estate.clearFaults(app.worldId);
    expect((await app.attempt("cancel-failover")).status).toBe("succeeded");
    expect(await app.states()).toEqual(["protected"]);
  });

  test.each(["create-test-network", "create-test-copy", "process-pending-data"] as const)(
    "a test failover that hangs at %s is left at once",
    async (operation) => {
      await open({ target: { siteId: "away" }, operation, mode: "hang" });
      const executionId = await app.start("test-failover");
      await app.pass(12 * MINUTE_MS);
      const askedMs = app.clock.now();
      await cancel(executionId);
      const ended = await app.ended(executionId);
      expect(ended.status).toBe("cancelled");
      expect(app.clock.now() - askedMs).toBeLessThan(5 * MINUTE_MS);
      expect(await app.states()).toEqual(["protected"]);
    },
  );

  test("a reprotect that hangs is left at once, and the machines stay committed", async () => {
    await open({ target: { siteId: "away" }, operation: "reverse-replication", mode: "hang" });
    await app.run("planned-failover");
    await app.run("commit");
    const executionId = await app.start("reprotect", {
      reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
    });
    await app.pass(60 * MINUTE_MS);
    const askedMs = app.clock.now();
    await cancel(executionId);
    expect((await app.ended(executionId)).status).toBe("cancelled");
    expect(app.clock.now() - askedMs).toBeLessThan(5 * MINUTE_MS);
    expect(await app.states()).toEqual(["committed"]);
  });

  test("a step that takes unusually long is left at once too", async () => {
    await open({ target: { itemId: "db" }, operation: "promote-replica", mode: "slow", factor: 1_000 });
    const executionId = await app.start("unplanned-failover");
    await app.until(executionId, ({ awaits }) => awaits.length === 1);
    const askedMs = app.clock.now();
    await cancel(executionId);
    expect((await app.ended(executionId)).status).toBe("cancelled");
    expect(app.clock.now() - askedMs).toBeLessThan(15 * MINUTE_MS);
    expect(await app.states()).toEqual(["protected"]);
  });
});
