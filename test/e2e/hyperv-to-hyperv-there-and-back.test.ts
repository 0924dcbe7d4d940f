import { describe, expect, test } from "vitest";
import { HttpPlan, lossesOf, reversalsOf } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");

describe.concurrent("Hyper-V machines fail over to the other VMM cloud and back", () => {
  test("H1 H2 H5 H6: planned, committed, reverse replicated, failed back, reverse replicated again", async () => {
    const plan = await HttpPlan.load(app, "hyperv-to-hyperv");

    await plan.run("test-failover");
    await plan.run("test-clean-up");
    const there = await plan.run("planned-failover");
    expect(lossesOf(there)).toEqual([0, 0, 0]); // H2: counted in writes
    expect(there.measures?.plan).toMatchObject({ dataLossSeconds: 0, rpoMet: true, rtoMet: true });
    expect((await plan.item("db")).live.replication.reversed).toBe(true); // set for reverse replication already
    await plan.run("commit");
    expect(reversalsOf(await plan.run("reprotect"))).toEqual(["already-set", "already-set", "already-set"]);
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);

    await plan.run("failback");
    expect(await plan.positions()).toEqual(["failed-over, recovery-to-primary, at home"]);
    await plan.run("commit");
    await plan.run("reprotect");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("H3: after an unplanned failover without the source, data is lost and reverse replication is not set", async () => {
    const plan = await HttpPlan.load(app, "hyperv-to-hyperv");
    const there = await plan.run("unplanned-failover", {
      sourceShutdown: "skip",
      recoveryPoint: { kind: "latest-processed" },
    });
    expect(lossesOf(there)).toHaveLength(3);
    expect(Math.min(...lossesOf(there).map((writes) => writes ?? 0))).toBeGreaterThan(0);
    expect((await plan.item("db")).live.replication.reversed).toBe(false);
    await plan.run("commit");
    expect(reversalsOf(await plan.run("reprotect"))).toEqual(["deltas", "deltas", "deltas"]);
  });
});
