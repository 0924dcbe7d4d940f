import { describe, expect, test } from "vitest";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { HttpPlan } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");

const unmanaged = (world: WorldInput): void => {
  for (const item of world.items ?? []) item.target = { ...item.target, managedDisks: false };
};

/** Fails over, back, and commits both. */
async function thereAndHome(plan: HttpPlan): Promise<void> {
  await plan.run("unplanned-failover", { acknowledgeNoTest: true });
  await plan.run("commit");
  await plan.run("reprotect");
  await plan.run("failback", { acknowledgeNoTest: true });
  await plan.run("commit");
}

describe.concurrent("Azure machines fail over to the other region and back", () => {
  test("A1 A2 A6 A8: tested, failed over, committed, reprotected, failed back, protected again", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure");

    await plan.run("test-failover");
    await plan.run("test-clean-up");
    await plan.run("unplanned-failover");
    await plan.run("commit");
    const turned = await plan.run("reprotect");
    expect(turned.outcomes?.[0]?.replicated).toMatchObject({
      caughtUpBy: "deltas",
      created: ["cache storage account at away"],
    });
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
    await plan.run("test-failover"); // the failback can be tested too
    await plan.run("test-clean-up");
    await plan.run("failback");
    await plan.run("commit");
    await plan.run("reprotect");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("A3: a failover that was never tested has to be acknowledged", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure");
    const refused = await plan.refused("unplanned-failover");
    expect(refused.detail).toContain("has never been tested");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
    await plan.run("unplanned-failover", { acknowledgeNoTest: true });
  });

  test("A3: a tested way out does not make the way home tested", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure");
    for (const verb of ["test-failover", "test-clean-up", "unplanned-failover", "commit", "reprotect"] as const) {
      await plan.run(verb);
    }
    const item = await plan.item("db");
    expect([item.lastTestFailoverAt === null, item.lastTestFailbackAt]).toEqual([false, null]);
    const refused = await plan.refused("failback");
    expect(refused.detail).toContain("the failback of db has never been tested");
    for (const verb of ["test-failover", "test-clean-up", "failback"] as const) await plan.run(verb);
    expect((await plan.item("db")).lastTestFailbackAt).toMatch(/^\d{4}-.*Z$/);
  });

  test("A9: with managed disks, the machines of the other region are removed when all items are protected from home again", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure");
    await thereAndHome(plan);
    expect((await plan.item("db")).live.leftBehind).toEqual(["machine", "disks"]);
    const turned = await plan.run("reprotect");
    expect(turned.outcomes?.[0]?.replicated?.removed).toEqual(["db and its interfaces"]);
    expect((await plan.item("db")).live.leftBehind).toEqual([]);
  });

  test("A9 A10: with unmanaged disks they stay, until replication is disabled", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure", unmanaged);
    await thereAndHome(plan);
    await plan.run("reprotect");
    expect((await plan.item("db")).live.leftBehind).toEqual(["machine", "disks"]);
    await plan.run("disable-replication");
    expect(await plan.positions()).toEqual(["unprotected, primary-to-recovery, at home"]);
    expect((await plan.item("db")).live.leftBehind).toEqual([]);
    await plan.run("enable-replication");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("a test failover can be promoted to a real one", async () => {
    const plan = await HttpPlan.load(app, "azure-to-azure");
    await plan.run("test-failover");
    await plan.run("promote-test");
    expect(await plan.positions()).toEqual(["failed-over, primary-to-recovery, at away"]);
    await plan.run("cancel-failover");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
