import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { PROCESS_SERVER, REPROTECT } from "../support/estates.js";
import { HttpPlan, lossesOf, reversalsOf } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

describe.concurrent("VMware machines fail over to Azure and fail back", () => {
  test("P1 P13 P14 V1 F2: protected, tested, failed over, reprotected, failed back, protected again", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");

    await plan.run("test-failover");
    await plan.run("test-clean-up");
    const there = await plan.run("planned-failover");
    expect(lossesOf(there)).toEqual([0, 0, 0]);
    expect(await plan.positions()).toEqual(["failed-over, primary-to-recovery, at away"]);
    expect((await plan.item("db")).live.tools).toBe("disabled"); // F6
    await plan.run("commit");

    const turned = await plan.run("reprotect", REPROTECT);
    expect(reversalsOf(turned)).toEqual(["deltas", "deltas", "deltas"]); // V2: the originals are still there
    const sent = turned.outcomes?.map(({ replicated }) => replicated?.bytes ?? Number.POSITIVE_INFINITY) ?? [];
    expect(Math.max(...sent)).toBeLessThan(200_000_000_000); // its disks: what changed depends on how long it took
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
    expect((await plan.item("db")).live.policy).toMatchObject({
      rpoThresholdSeconds: 900, // P12
      retentionDays: 1,
      appConsistentMinutes: 60,
    });

    const back = await plan.run("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect(await plan.positions()).toEqual(["failed-over, recovery-to-primary, at home"]);
    expect((await plan.item("db")).live).toMatchObject({ tools: "running", leftBehind: ["machine", "disks"] });
    await plan.run("commit");
    expect((await plan.item("db")).live.leftBehind).toEqual([]); // P13: the Azure machines are gone

    await plan.run("reprotect", REPROTECT);
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
    await plan.run("planned-failover"); // P14: and it may go again
  });

  test("F1 V4: without a process server in Azure a reprotect is refused, until one has been deployed", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure", ({ sites }) => {
      for (const site of sites) if (site.id === "away") site.processServers = [];
    });
    await plan.run("planned-failover");
    await plan.run("commit");
    const refused = await plan.refused("reprotect", REPROTECT);
    expect(refused.detail).toContain("process server");

    const params = { worldId: plan.worldId, siteId: "away", processServerId: "ps-new" };
    const begun = await app.client.call(ROUTES.deployProcessServer, { params, body: PROCESS_SERVER });
    expect(begun.body).toMatchObject({ state: "deploying", server: null });
    const deployed = await plan.deployProcessServer("away", "ps-new");
    expect(deployed).toMatchObject({ id: "ps-new", openPorts: [443, 9443] });
    await plan.run("reprotect", { reprotect: { ...REPROTECT.reprotect, processServerId: "ps-new" } });
  });

  test("V8: a static address is DHCP after the failback, until somebody sets it", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.run("full-run", REPROTECT);
    await plan.run("failback");
    const found = (await plan.item("web")).conditions.map(({ type }) => type);
    expect(found).toEqual(["address-is-dhcp"]);
    const mended = await app.client.call(ROUTES.resolveCondition, {
      params: { worldId: plan.worldId, itemId: "web", type: "address-is-dhcp" },
    });
    expect(mended.body.conditions).toEqual([]);
  });

  test("a full run fails over, commits and reprotects in one execution, and back in another one", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    const there = await plan.run("full-run", REPROTECT);
    expect(lossesOf(there)).toEqual([0, 0, 0]);
    expect(there.steps.map(({ id }) => id)).toEqual(expect.arrayContaining(["validation", "commit", "reprotect"]));
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
    await plan.run("full-run", REPROTECT);
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("a cancelled failback leaves the item protected where it ran", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.run("full-run", REPROTECT);
    await plan.run("failback");
    await plan.run("cancel-failover");
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("a source that comes back after an unplanned failover is fenced from writes and reported as split-brain", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.run("unplanned-failover");
    const { body } = await app.client.call(ROUTES.simulateSourceReturn, {
      params: { worldId: plan.worldId, itemId: "db" },
    });
    expect(body.conditions).toEqual([
      expect.objectContaining({ type: "split-brain", whatToDo: expect.stringContaining("takes no writes") }),
    ]);
    await app.client.call(ROUTES.resolveCondition, {
      params: { worldId: plan.worldId, itemId: "db", type: "split-brain" },
    });
    expect((await plan.item("db")).conditions).toEqual([]);
  });
});
