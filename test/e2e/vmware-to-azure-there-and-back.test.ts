import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { Journey, lossesOf, turnsOf } from "../support/http-plan.js";
import { Product } from "../support/running-app.js";

let product: Product;
beforeAll(async () => {
  product = await Product.start();
});
afterAll(() => product.stop());

describe("VMware machines go to Azure and come home", () => {
  test("P1 P13 P14 V1 F2: protected, tested, failed over, reprotected, failed back, protected again", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");

    await journey.does("test-failover");
    await journey.does("test-clean-up");
    const there = await journey.does("planned-failover");
    expect(lossesOf(there)).toEqual([0, 0, 0]);
    expect(await journey.where()).toEqual(["failed-over, primary-to-recovery, at away"]);
    expect((await journey.item("db")).standing.tools).toBe("disabled"); // F6
    await journey.does("commit");

    const turned = await journey.does("reprotect", { reprotect: { waitForAgent: true } });
    expect(turnsOf(turned)).toEqual(["deltas", "deltas", "deltas"]); // V2: the originals are still there
    expect(turned.outcomes?.every(({ replicated }) => (replicated?.bytes ?? 0) < 50_000_000_000)).toBe(true);
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
    expect((await journey.item("db")).standing.policy).toMatchObject({
      rpoThresholdSeconds: 900, // P12
      retentionDays: 1,
      appConsistentMinutes: 60,
    });

    const back = await journey.does("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect(await journey.where()).toEqual(["failed-over, recovery-to-primary, at home"]);
    expect((await journey.item("db")).standing).toMatchObject({ tools: "running", leftBehind: ["machine", "disks"] });
    await journey.does("commit");
    expect((await journey.item("db")).standing.leftBehind).toEqual([]); // P13: the Azure machines are gone

    await journey.does("reprotect", { reprotect: { waitForAgent: true } });
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
    await journey.does("planned-failover"); // P14: and it may go again
  });

  test("F1 V4: without a process server in Azure there is no way home, until one has been deployed", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure", ({ sites }) => {
      for (const site of sites) if (site.id === "away") site.processServers = [];
    });
    await journey.does("planned-failover");
    await journey.does("commit");
    const refused = await journey.run("reprotect", { reprotect: { waitForAgent: true } });
    expect(refused.failure?.message).toContain("process server");

    const params = { worldId: journey.worldId, siteId: "away", processServerId: "ps-new" };
    const begun = await product.client.call(ROUTES.deployProcessServer, { params });
    expect(begun.body).toMatchObject({ state: "deploying", server: null });
    const deployed = await journey.untilDeployed(params);
    expect(deployed).toMatchObject({ id: "ps-new", openPorts: [443, 9443] });
    await journey.does("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-new" } });
  });

  test("V8: a static address is DHCP after the way home, and stays so until somebody sets it", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    await journey.does("full-run");
    await journey.does("failback");
    const found = (await journey.item("web")).conditions.map(({ type }) => type);
    expect(found).toEqual(["address-is-dhcp"]);
    const mended = await product.client.call(ROUTES.mendCondition, {
      params: { worldId: journey.worldId, itemId: "web", type: "address-is-dhcp" },
    });
    expect(mended.body.conditions).toEqual([]);
  });

  test("a full run fails over, commits and reprotects in one execution, and home again in another", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    const there = await journey.does("full-run");
    expect(lossesOf(there)).toEqual([0, 0, 0]);
    expect(there.steps.map(({ id }) => id)).toEqual(expect.arrayContaining(["validation", "commit", "reprotect"]));
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
    await journey.does("full-run");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("a failback that is cancelled leaves the item protected where it ran", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    await journey.does("full-run");
    await journey.does("failback");
    await journey.does("cancel");
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("a source that comes back after an unplanned failover is held off writes and shown as split-brain", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    await journey.does("unplanned-failover");
    const { body } = await product.client.call(ROUTES.sourceComesBack, {
      params: { worldId: journey.worldId, itemId: "db" },
    });
    expect(body.conditions).toEqual([
      expect.objectContaining({ type: "split-brain", whatToDo: expect.stringContaining("held off writes") }),
    ]);
    await product.client.call(ROUTES.mendCondition, {
      params: { worldId: journey.worldId, itemId: "db", type: "split-brain" },
    });
    expect((await journey.item("db")).conditions).toEqual([]);
  });
});
