import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Journey, lossesOf, turnsOf } from "../support/http-plan.js";
import { Product } from "../support/running-app.js";

let product: Product;
beforeAll(async () => {
  product = await Product.start();
});
afterAll(() => product.stop());

describe("Hyper-V machines go to the other VMM cloud and come back", () => {
  test("H1 H2 H5 H6: planned, committed, reverse replicated, failed back, reverse replicated again", async () => {
    const journey = await Journey.begin(product, "hyperv-to-hyperv");

    await journey.does("test-failover");
    await journey.does("test-clean-up");
    const there = await journey.does("planned-failover");
    expect(lossesOf(there)).toEqual([0, 0, 0]); // H2: counted in writes
    expect(there.measures?.plan).toMatchObject({ dataLossSeconds: 0, rpoMet: true, rtoMet: true });
    expect((await journey.item("db")).standing.replication.reversed).toBe(true); // set for reverse replication already
    await journey.does("commit");
    expect(turnsOf(await journey.does("reprotect"))).toEqual(["already-set", "already-set", "already-set"]);
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);

    await journey.does("failback");
    expect(await journey.where()).toEqual(["failed-over, recovery-to-primary, at home"]);
    await journey.does("commit");
    await journey.does("reprotect");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("H3: after an unplanned failover without the source, data is lost and reverse replication is not set", async () => {
    const journey = await Journey.begin(product, "hyperv-to-hyperv");
    const there = await journey.does("unplanned-failover", {
      sourceShutdown: "skip",
      recoveryPoint: { kind: "latest-processed" },
    });
    expect(lossesOf(there).every((writes) => (writes ?? 0) > 0)).toBe(true);
    expect((await journey.item("db")).standing.replication.reversed).toBe(false);
    await journey.does("commit");
    expect(turnsOf(await journey.does("reprotect"))).toEqual(["deltas", "deltas", "deltas"]);
  });
});
