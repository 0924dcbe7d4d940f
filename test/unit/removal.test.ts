import { beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { importWorld } from "../../src/commands/import-world.js";
import { viewOf } from "../../src/commands/plan-view.js";
import { getPlan, listPlans, removePlan, savePlan } from "../../src/commands/plans.js";
import { removeItem, removeWorld } from "../../src/commands/worlds.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { HOLDER, openSmallWorld, rowsIn } from "../support/small-services.js";
import { smallPlan, smallWorld } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const refusal = (code: string, ...details: string[]) =>
  expect.objectContaining({
    code,
    details: expect.arrayContaining(details.map((text) => expect.stringContaining(text))),
  });

let world: Awaited<ReturnType<typeof openSmallWorld>>;
let services: Context;
beforeEach(async () => {
  world = await openSmallWorld();
  services = world.services;
});

const keyOf = (row: string): string => row.split(" ", 2).join(" ");

describe("a removal", () => {
  const save = (plan = smallPlan(["item-1", "item-2"])) => savePlan(services, plan, null, "planner");
  const start = (status: "running" | "succeeded") => {
    const subject = { kind: "plan", planId: "plan", planVersion: 1 } as const;
    const common = {
      executionId: HOLDER,
      idempotencyKey: "key",
      worldId: "small",
      subject,
      verb: "planned-failover",
      planHash: "hash",
    } as const;
    const record = {
      ...common,
      direction: "primary-to-recovery",
      itemIds: ["item-1"],
      options: ExecutionOptions.parse({}),
    } as const;
    const asked = { ...record, itemIds: ["item-1"], requestedBy: "tester", requestedAt: AT };
    const ended = { ...asked, status: "succeeded", endedAt: AT, outcomes: [] } as const;
    return services.store.createExecution(status === "running" ? { ...asked, status } : { ...ended, outcomes: [] });
  };

  test("of a world leaves no row but the evidence of its executions, and may be repeated", async () => {
    await save();
    await start("succeeded");
    await expect(removeWorld(services, "small", { plans: false })).rejects.toEqual(refusal("world-has-plans", "plan"));
    await removeWorld(services, "small", { plans: true });
    await removeWorld(services, "small", { plans: true });
    const left = await rowsIn(world.tables);
    expect(left.filter((row) => !row.startsWith("Executions")).map(keyOf)).toEqual([
      "Plans plan-plan/0000000001",
      "Plans plans/plan",
    ]);
    expect((await services.store.getExecution(HOLDER))?.value.worldId).toBe("small");
    expect((await services.store.getPlanVersion("plan", 1))?.plan.name).toBe("Plan");
    expect((await importWorld(services, smallWorld(3))).import.mode).toBe("first");
  });

  test("of a world is refused while an execution holds an item or has not ended", async () => {
    await world.take("item-1");
    await expect(removeWorld(services, "small", { plans: true })).rejects.toEqual(
      refusal("world-in-use", `item-1 by ${HOLDER}`),
    );
    await services.store.releaseItems("small", HOLDER, ["item-1"]);
    await start("running");
    await expect(removeWorld(services, "small", { plans: true })).rejects.toEqual(refusal("world-in-use", HOLDER));
  });

  test("of a plan is refused while an execution of it is under way or another version was seen", async () => {
    const { etag } = await save();
    await start("running");
    await expect(removePlan(services, "plan", etag)).rejects.toEqual(refusal("plan-in-use", HOLDER));
    const known = await services.store.getExecution(HOLDER);
    if (known)
      await services.store.updateExecution(
        { ...known.value, status: "succeeded", endedAt: AT, outcomes: [] },
        known.etag,
      );
    await expect(removePlan(services, "plan", 'W/"old"')).rejects.toEqual(refusal("etag-mismatch"));
    await removePlan(services, "plan", etag);
    await removePlan(services, "plan", etag);
    await expect(getPlan(services, "plan")).rejects.toEqual(refusal("plan-not-found"));
  });

  test.each([
    [{ state: "protected" }, "do first: disable-replication"],
    [{ state: "test-failed-over" }, "do first: test-clean-up, then disable-replication"],
    [
      { state: "failed-over" },
      "do first: commit, then reprotect, then planned-failback, then commit, then disable-replication",
    ],
    [{ state: "committed" }, "do first: reprotect, then planned-failback, then commit, then disable-replication"],
  ] as const)("of an item in %o is refused, and says what leads there", async (change, advice) => {
    await world.bring("item-1", change);
    await expect(removeItem(services, "small", "item-1")).rejects.toThrow(advice);
    expect(await world.states()).toHaveLength(3);
  });

  test("of an item is refused while an execution holds it", async () => {
    await world.take("item-1");
    await expect(removeItem(services, "small", "item-1")).rejects.toEqual(refusal("item-held", HOLDER));
  });

  test("of an item leaves its machine at its site, and may be repeated", async () => {
    await world.bring("item-1", { state: "unprotected" });
    await removeItem(services, "small", "item-1");
    await removeItem(services, "small", "item-1");
    expect(await world.states()).toEqual(["item-2 protected", "item-3 protected"]);
    expect((await rowsIn(world.tables)).map(keyOf).filter((row) => row.includes("item-1"))).toEqual([]);
    expect((await services.hypervisor.describeSite("small", "home")).machineNames).toContain("vm-1");
  });
});

describe("a plan", () => {
  test("warns of each member that is gone, unprotected, failed, held elsewhere or not replicating", async () => {
    await importWorld(services, smallWorld(6), "merge");
    await savePlan(services, smallPlan(["item-1", "item-2", "item-3", "item-4", "item-5", "item-6"]), null, "planner");
    await world.bring("item-1", { state: "unprotected" });
    await removeItem(services, "small", "item-1");
    await world.bring("item-2", { state: "unprotected" });
    await world.bring("item-3", { state: "failover-failed", reason: "the site is full" });
    await world.take("item-4");
    const stop = { worldId: "small", itemId: "item-5", executionId: HOLDER, key: `${HOLDER}/stop/item-5`, params: {} };
    await services.hypervisor.runOnItem({ ...stop, operation: "disable-replication" });

    const { warnings } = await viewOf(services, await getPlan(services, "plan"));
    const expected = [
      "item item-1 is gone from world small; save the plan without it, or import the item again with mode=merge",
      "item item-2 is unprotected; enable its replication, or save the plan without it",
      "item item-3 is failover-failed (the site is full); fail it over again, or cancel the failover",
      `item item-4 is held by execution ${HOLDER} (planned-failover)`,
    ];
    expect(warnings).toEqual([...expected, "item item-5 does not replicate, so it gets no new recovery points"]);
    expect((await listPlans(services, { limit: 10 })).entries).toMatchObject([{ warnings: expected }]);
  });

  test("whose member is gone can be saved anew without it, and one whose world is gone can be read", async () => {
    const { etag } = await savePlan(services, smallPlan(["item-1", "item-2"]), null, "planner");
    await world.bring("item-1", { state: "unprotected" });
    await removeItem(services, "small", "item-1");
    await expect(savePlan(services, smallPlan(["item-1"]), etag, "planner")).rejects.toEqual(
      refusal("plan-invalid", "item item-1 is not in world small"),
    );
    const saved = await savePlan(services, smallPlan(["item-2"]), etag, "planner");
    expect((await viewOf(services, saved)).warnings).toEqual([]);
    await services.store.removeWorld("small");
    expect((await viewOf(services, await getPlan(services, "plan"))).warnings).toContain(
      "world small is gone; import it again, or remove the plan",
    );
  });
});
