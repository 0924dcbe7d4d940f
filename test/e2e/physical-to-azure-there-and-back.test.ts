import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Journey, lossesOf, turnsOf } from "../support/http-plan.js";
import { Product } from "../support/running-app.js";

let product: Product;
beforeAll(async () => {
  product = await Product.start();
});
afterAll(() => product.stop());

describe("physical servers go to Azure and come home as VMware machines", () => {
  test("P1 P2 V2 P10 P11: there and back, always as a new machine by a full copy", async () => {
    const journey = await Journey.begin(product, "physical-to-azure");

    await journey.does("test-failover");
    await journey.does("test-clean-up");
    await journey.does("unplanned-failover");
    await journey.does("commit");
    const reprotect = { waitForAgent: true, datastoreId: "ssd", masterTargetId: "mt-windows" };

    const turned = await journey.run("reprotect", { reprotect: { ...reprotect, masterTargetId: "mt-linux" } });
    expect(turned.failure?.message).toContain("master target"); // the Windows servers need a Windows master target
    const alone = await journey.runOn("db", "reprotect", { reprotect });
    expect(turnsOf(alone)).toEqual(["full"]);
    expect(alone.outcomes?.[0]?.replicated?.bytes).toBe(200_000_000_000);
    const others = await journey.does("reprotect", { reprotect: { waitForAgent: true, datastoreId: "ssd" } });
    expect(others.outcomes?.map(({ outcome }) => outcome)).toEqual(["already-done", "succeeded", "succeeded"]);
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);

    const back = await journey.does("failback");
    expect(lossesOf(back)).toEqual([0, 0, 0]);
    await journey.does("commit");
    for (const { standing } of await journey.items()) {
      expect(standing.machine).toEqual({ form: "vm", hostId: "esx-1", datastoreId: "ssd" });
    }
    const again = await journey.does("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-home" } });
    expect(turnsOf(again)).toEqual(["deltas", "deltas", "deltas"]);
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("P2: without VMware infrastructure at the site they do not come home", async () => {
    const journey = await Journey.begin(product, "physical-to-azure", (world) => {
      const [home] = world.sites;
      if (home === undefined) throw new Error("no home");
      Object.assign(home, { hosts: [], datastores: [], masterTargets: [], vCenter: undefined });
    });
    await journey.does("planned-failover");
    await journey.does("commit");
    const { status, failure } = await journey.run("reprotect", {
      reprotect: { waitForAgent: true, datastoreId: "ssd" },
    });
    expect(status).toBe("failed");
    expect(failure?.message).toContain("home has no ESXi host");
    expect(await journey.where()).toEqual(["committed, primary-to-recovery, at away"]);
  });
});
