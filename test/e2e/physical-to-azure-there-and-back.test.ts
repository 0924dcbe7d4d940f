import { describe, expect, test } from "vitest";
import { HttpPlan, lossesOf, refusalOf, reversalsOf } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");

describe.concurrent("physical servers fail over to Azure and fail back as VMware machines", () => {
  test("P1 P2 V2 P10 P11: to Azure and back, always as a new machine by a full copy", async () => {
    const plan = await HttpPlan.load(app, "physical-to-azure");

    await plan.run("test-failover");
    await plan.run("test-clean-up");
    await plan.run("unplanned-failover");
    await plan.run("commit");
    const reprotect = { waitForAgent: true, datastoreId: "ssd", masterTargetId: "mt-windows" };

    const unfit = { reprotect: { ...reprotect, masterTargetId: "mt-linux" } };
    const refused = await refusalOf(plan.attemptOn("db", "reprotect", unfit));
    expect(refused.detail).toContain("master target"); // a Windows server needs a Windows master target
    const alone = await plan.attemptOn("db", "reprotect", { reprotect });
    expect(reversalsOf(alone)).toEqual(["full"]);
    expect(alone.outcomes?.[0]?.replicated?.bytes).toBe(200_000_000_000);
    const others = await plan.run("reprotect", { reprotect: { waitForAgent: true, datastoreId: "ssd" } });
    expect(others.outcomes?.map(({ outcome }) => outcome)).toEqual(["not-applicable", "succeeded", "succeeded"]);
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);

    const back = await plan.run("failback");
    expect(lossesOf(back)).toEqual([0, 0, 0]);
    await plan.run("commit");
    for (const { live } of await plan.items()) {
      expect(live.machine).toEqual({ form: "vm", hostId: "esx-1", datastoreId: "ssd" });
    }
    const again = await plan.run("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-home" } });
    expect(reversalsOf(again)).toEqual(["deltas", "deltas", "deltas"]);
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("P2: without VMware infrastructure at the site they cannot fail back", async () => {
    const plan = await HttpPlan.load(app, "physical-to-azure", (world) => {
      const [home] = world.sites;
      if (home === undefined) throw new Error("no home");
      Object.assign(home, { hosts: [], datastores: [], masterTargets: [], vCenter: undefined });
    });
    await plan.run("planned-failover");
    await plan.run("commit");
    const { detail } = await plan.refused("reprotect", { reprotect: { waitForAgent: true, datastoreId: "ssd" } });
    expect(detail).toContain("home has no ESXi host");
    expect(await plan.positions()).toEqual(["committed, primary-to-recovery, at away"]);
  });
});
