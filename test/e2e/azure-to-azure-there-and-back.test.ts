import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { Journey } from "../support/http-plan.js";
import { Product } from "../support/running-app.js";

let product: Product;
beforeAll(async () => {
  product = await Product.start();
});
afterAll(() => product.stop());

const unmanaged = (world: WorldInput): void => {
  for (const item of world.items ?? []) item.target = { ...item.target, managedDisks: false };
};

/** To the other region, home again, and committed there. */
async function thereAndHome(journey: Journey): Promise<void> {
  await journey.does("unplanned-failover", { acknowledgeNoTest: true });
  await journey.does("commit");
  await journey.does("reprotect");
  await journey.does("failback");
  await journey.does("commit");
}

describe("Azure machines go to the other region and come back", () => {
  test("A1 A2 A6 A8: tested, failed over, committed, reprotected, failed back, protected again", async () => {
    const journey = await Journey.begin(product, "azure-to-azure");

    await journey.does("test-failover");
    await journey.does("test-clean-up");
    await journey.does("unplanned-failover");
    await journey.does("commit");
    const turned = await journey.does("reprotect");
    expect(turned.outcomes?.[0]?.replicated).toMatchObject({
      caughtUpBy: "deltas",
      created: ["cache storage account at away"],
    });
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
    await journey.does("test-failover"); // the way home can be tested too
    await journey.does("test-clean-up");
    await journey.does("failback");
    await journey.does("commit");
    await journey.does("reprotect");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("A3: a failover that was never tested has to be acknowledged", async () => {
    const journey = await Journey.begin(product, "azure-to-azure");
    const refused = await journey.run("unplanned-failover");
    expect(refused.failure?.message).toContain("has never been tested");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
    await journey.does("unplanned-failover", { acknowledgeNoTest: true });
  });

  test("A9: with managed disks, machines of the other region go once all is protected from home again", async () => {
    const journey = await Journey.begin(product, "azure-to-azure");
    await thereAndHome(journey);
    expect((await journey.item("db")).standing.leftBehind).toEqual(["machine", "disks"]);
    const turned = await journey.does("reprotect");
    expect(turned.outcomes?.[0]?.replicated?.removed).toHaveLength(2);
    expect((await journey.item("db")).standing.leftBehind).toEqual([]);
  });

  test("A9 A10: with unmanaged disks they stay, until replication is disabled", async () => {
    const journey = await Journey.begin(product, "azure-to-azure", unmanaged);
    await thereAndHome(journey);
    await journey.does("reprotect");
    expect((await journey.item("db")).standing.leftBehind).toEqual(["machine", "disks"]);
    await journey.does("disable-replication");
    expect(await journey.where()).toEqual(["unprotected, primary-to-recovery, at home"]);
    expect((await journey.item("db")).standing.leftBehind).toEqual([]);
    await journey.does("enable-replication");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("a test failover may become the real one", async () => {
    const journey = await Journey.begin(product, "azure-to-azure");
    await journey.does("test-failover");
    await journey.does("promote-test");
    expect(await journey.where()).toEqual(["failed-over, primary-to-recovery, at away"]);
    await journey.does("cancel");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
