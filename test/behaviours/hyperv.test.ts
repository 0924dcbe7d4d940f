import { describe, expect, test } from "vitest";
import { type Change, site } from "../support/estate-changes.js";
import { HttpPlan, lossesOf, refusalOf, reversalsOf, stepsNamed } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "hyperv-to-hyperv", change);

describe.concurrent("Hyper-V machines between two VMM clouds", { timeout: 120_000 }, () => {
  test("H1 machines fail over to the secondary cloud and back, and replicate again", async () => {
    const plan = await load();
    const seen: string[][] = [];
    for (const verb of ["planned-failover", "commit", "reprotect", "failback", "commit", "reprotect"] as const) {
      await plan.run(verb);
      seen.push(await plan.positions());
    }
    expect(seen).toEqual([
      ["failed-over, primary-to-recovery, at away"],
      ["committed, primary-to-recovery, at away"],
      ["protected, recovery-to-primary, at away"],
      ["failed-over, recovery-to-primary, at home"],
      ["committed, recovery-to-primary, at home"],
      ["protected, primary-to-recovery, at home"],
    ]);
  });

  test("H2 a planned failover shuts down, synchronises and then promotes, and loses no write", async () => {
    const plan = await load();
    const moved = await plan.run("planned-failover");
    expect(lossesOf(moved)).toEqual([0, 0, 0]);
    const ends = (name: string) => stepsNamed(moved, name).map(({ endedAt }) => Date.parse(endedAt ?? ""));
    const starts = (name: string) => stepsNamed(moved, name).map(({ startedAt }) => Date.parse(startedAt ?? ""));
    expect(ends("shut-down-source")).toHaveLength(3);
    expect(Math.max(...ends("final-synchronise"))).toBeLessThanOrEqual(Math.min(...starts("promote-replica")));
  });

  test("H2 a planned failover moves nothing when a source cannot be shut down", async () => {
    const plan = await load();
    await plan.refuseShutdown("db");
    const { failure } = await plan.attempt("planned-failover");
    expect(failure?.code).toBe("shutdown-failed");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("H3 an unplanned failover continues when a source cannot be shut down, and loses its pending writes", async () => {
    const plan = await load();
    await plan.refuseShutdown("db");
    const moved = await plan.run("unplanned-failover");
    const [db, ...others] = lossesOf(moved);
    expect(db).toBeGreaterThan(0);
    expect(others).toEqual([0, 0]); // these could be shut down and synchronised
    const loss = moved.outcomes?.[0]?.dataLoss;
    const written = (loss?.writes ?? 0) * 65_536;
    expect(loss?.bytes).toBeGreaterThan(0.99 * written); // few blocks were written twice
    expect(loss?.bytes).toBeLessThanOrEqual(written);
    await plan.run("commit");
    expect(reversalsOf(await plan.run("reprotect"))).toEqual(["deltas", "deltas", "deltas"]); // not set beforehand
  });

  test("H4 a missing test failover gives a warning, and no warning after one", async () => {
    const plan = await load();
    expect((await plan.unmet("planned-failover")).warnings).toContain("untested");
    await plan.run("test-failover");
    await plan.run("test-clean-up");
    expect((await plan.unmet("planned-failover")).warnings).not.toContain("untested");
  });

  test("H4 a reprotect is refused while a VMM server is not connected", async () => {
    const plan = await load(site("home", { vmmServer: { id: "vmm-home", connected: false } }));
    await plan.failOverAndCommit(); // an unplanned failover does not need it
    const { ready, errors } = await plan.unmet("reprotect");
    expect({ ready, errors }).toEqual({ ready: false, errors: ["vmm-connected"] });
    expect(await plan.refused("reprotect")).toMatchObject({
      code: "prerequisites-failed",
      detail: expect.stringContaining("vmm-home is not connected"),
    });
  });

  test("H5 the replica runs in the secondary cloud, and the commit deletes its recovery points", async () => {
    const plan = await load();
    await plan.run("planned-failover");
    const { activeSiteId, state } = await plan.item("db");
    expect({ activeSiteId, state }).toEqual({ activeSiteId: "away", state: "failed-over" });
    expect((await plan.pointsOf("db")).points.length).toBeGreaterThan(0);
    await plan.run("commit");
    expect((await plan.pointsOf("db")).points).toEqual([]);
  });

  test("H6 after a planned failover reverse replication is already set; failback and reprotect complete the round trip", async () => {
    const plan = await load();
    await plan.run("planned-failover");
    expect((await plan.item("db")).live.replication.reversed).toBe(true);
    await plan.run("commit");
    expect(reversalsOf(await plan.run("reprotect"))).toEqual(Array(3).fill("already-set"));
    const back = await plan.run("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect((await plan.items()).map(({ activeSiteId }) => activeSiteId)).toEqual(Array(3).fill("home"));
    await plan.run("commit");
    const again = await plan.run("reprotect");
    expect(again.direction).toBe("primary-to-recovery");
    expect((await plan.item("db")).live.replication.state).toBe("replicating");
  });

  test("H6 the opposite direction is refused", async () => {
    const plan = await load();
    expect((await refusalOf(plan.attempt("failback"))).code).toBe("verb-not-allowed");
    await plan.failOverAndReprotect();
    expect((await refusalOf(plan.attempt("planned-failover"))).code).toBe("verb-not-allowed");
  });

  test("H7 after a cancel as documented a machine does not replicate; by default it does", async () => {
    const [stopped, restored] = [await load(), await load()];
    await stopped.cancelAtValidation("unplanned-failover", "as-documented");
    await restored.cancelAtValidation("unplanned-failover", "restore-protection");
    expect((await stopped.item("db")).live.replication.state).toBe("stopped");
    expect((await restored.item("db")).live.replication.state).toBe("replicating");
    expect(await restored.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
