import { describe, expect, test } from "vitest";
import {
  cancelledAtValidation,
  pointsOf,
  refusalOf,
  refuse,
  site,
  stepsNamed,
  there,
  thereAndProtected,
  unmet,
} from "../support/estate-changes.js";
import { lossesOf, turnsOf } from "../support/http-plan.js";
import { running } from "../support/running.js";

const { begin } = running("hyperv-to-hyperv");

describe.concurrent("Hyper-V machines between two VMM clouds", { timeout: 120_000 }, () => {
  test("H1 over to the secondary cloud, back, and replicated again", async () => {
    const journey = await begin();
    const seen: string[][] = [];
    for (const verb of ["planned-failover", "commit", "reprotect", "failback", "commit", "reprotect"] as const) {
      await journey.does(verb);
      seen.push(await journey.where());
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

  test("H2 planned: shut down, then synchronised, then promoted, and no write is lost", async () => {
    const journey = await begin();
    const moved = await journey.does("planned-failover");
    expect(lossesOf(moved)).toEqual([0, 0, 0]);
    const ends = (name: string) => stepsNamed(moved, name).map(({ endedAt }) => Date.parse(endedAt ?? ""));
    const starts = (name: string) => stepsNamed(moved, name).map(({ startedAt }) => Date.parse(startedAt ?? ""));
    expect(ends("shut-down-source")).toHaveLength(3);
    expect(Math.max(...ends("final-synchronise"))).toBeLessThanOrEqual(Math.min(...starts("promote-replica")));
  });

  test("H2 planned: where a source cannot be shut down, nothing is failed over", async () => {
    const journey = await begin();
    await refuse(journey, "db", "shut-down-source");
    const { failure } = await journey.run("planned-failover");
    expect(failure?.code).toBe("shutdown-failed");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("H3 unplanned: where a source cannot be shut down it goes on, and loses what was pending", async () => {
    const journey = await begin();
    await refuse(journey, "db", "shut-down-source");
    const moved = await journey.does("unplanned-failover");
    const [db, ...others] = lossesOf(moved);
    expect(db).toBeGreaterThan(0);
    expect(others).toEqual([0, 0]); // these could be shut down and synchronised
    const loss = moved.outcomes?.[0]?.dataLoss;
    expect(loss?.bytes).toBe((loss?.writes ?? 0) * 65_536);
    await journey.does("commit");
    expect(turnsOf(await journey.does("reprotect"))).toEqual(["deltas", "deltas", "deltas"]); // not set beforehand
  });

  test("H4 that no drill was run is told, and told no more after one", async () => {
    const journey = await begin();
    expect((await unmet(journey, "planned-failover")).warnings).toContain("untested");
    await journey.does("test-failover");
    await journey.does("test-clean-up");
    expect((await unmet(journey, "planned-failover")).warnings).not.toContain("untested");
  });

  test("H4 with a VMM server that is not connected there is no way back", async () => {
    const journey = await begin(site("home", { vmmServer: { id: "vmm-home", connected: false } }));
    await there(journey); // an unplanned failover does not need it
    const { ready, errors } = await unmet(journey, "reprotect");
    expect({ ready, errors }).toEqual({ ready: false, errors: ["vmm-connected"] });
    const refused = await journey.run("reprotect");
    expect(refused.failure).toMatchObject({
      code: "prerequisites-failed",
      message: expect.stringContaining("vmm-home is not connected"),
    });
  });

  test("H5 the replica runs in the secondary cloud, and the commit deletes its points", async () => {
    const journey = await begin();
    await journey.does("planned-failover");
    const { activeSiteId, state } = await journey.item("db");
    expect({ activeSiteId, state }).toEqual({ activeSiteId: "away", state: "failed-over" });
    expect((await pointsOf(journey, "db")).points.length).toBeGreaterThan(0);
    await journey.does("commit");
    expect((await pointsOf(journey, "db")).points).toEqual([]);
  });

  test("H6 set for reverse replication after a planned failover; home, checked, and the same again", async () => {
    const journey = await begin();
    await journey.does("planned-failover");
    expect((await journey.item("db")).standing.replication.reversed).toBe(true);
    await journey.does("commit");
    expect(turnsOf(await journey.does("reprotect"))).toEqual(Array(3).fill("already-set"));
    const back = await journey.does("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect((await journey.items()).map(({ activeSiteId }) => activeSiteId)).toEqual(Array(3).fill("home"));
    await journey.does("commit");
    const again = await journey.does("reprotect");
    expect(again.direction).toBe("primary-to-recovery");
    expect((await journey.item("db")).standing.replication.state).toBe("replicating");
  });

  test("H6 the other way round is refused", async () => {
    const journey = await begin();
    expect((await refusalOf(journey.run("failback"))).code).toBe("verb-not-allowed");
    await thereAndProtected(journey);
    expect((await refusalOf(journey.run("planned-failover"))).code).toBe("verb-not-allowed");
  });

  test("H7 cancelled as documented, a machine does not replicate again; by default it does", async () => {
    const [stopped, restored] = [await begin(), await begin()];
    await cancelledAtValidation(stopped, "unplanned-failover", "as-documented");
    await cancelledAtValidation(restored, "unplanned-failover", "restore-protection");
    expect((await stopped.item("db")).standing.replication.state).toBe("stopped");
    expect((await restored.item("db")).standing.replication.state).toBe("replicating");
    expect(await restored.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
