import { describe, expect, test } from "vitest";
import { type Change, grouped, link, site } from "../support/estate-changes.js";
import { REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, stepsNamed } from "../support/http-plan.js";
import { poll, RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "vmware-to-azure", change);
const asked = { datastoreId: "ssd", waitForAgent: "true" } as const;

/** Waits until every item has an app-consistent point for its failback. */
const appConsistentPoints = (plan: HttpPlan) =>
  poll(
    () => Promise.all(["db", "app", "web"].map((itemId) => plan.pointsOf(itemId))),
    (answers) => answers.every(({ points }) => points.some(({ consistency }) => consistency === "app-consistent")),
  );

async function reprotectAllButWeb(plan: HttpPlan): Promise<void> {
  await plan.failOverAndCommit();
  for (const itemId of ["db", "app"]) await plan.attemptOn(itemId, "reprotect", REPROTECT);
}

describe.concurrent("failback of VMware machines and physical servers", { timeout: 120_000 }, () => {
  const missing = [
    ["process-server", site("away", { processServers: [] })],
    ["master-target", site("home", { masterTargets: [] })],
    ["failback-link", link({ kind: "internet" })],
  ] as const;

  test.for(missing)("F1 without %s a reprotect is refused", async ([code, spoil]) => {
    const plan = await load(spoil);
    await plan.failOverAndCommit();
    const { ready, errors } = await plan.unmet("reprotect", asked);
    expect({ ready, errors }).toEqual({ ready: false, errors: [code] });
    expect((await plan.refused("reprotect", REPROTECT)).code).toBe("prerequisites-failed");
    expect(await plan.positions()).toEqual(["committed, primary-to-recovery, at away"]);
  });

  test("F2 every machine of a plan that stops at a failure must have been reprotected and have a recovery point", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure", (_world, changed) => {
      changed.failurePolicy = { failback: { onItemFailure: "stop", onActionFailure: "stop" } };
    });
    await reprotectAllButWeb(plan);
    const refused = await plan.refused("failback");
    expect(refused).toMatchObject({ status: 409, code: "verb-not-allowed" });
    expect(refused.detail).toContain("item web");
    expect((await refusalOf(plan.attemptOn("web", "failback"))).detail).toContain("reprotect");
    expect((await plan.pointsOf("db")).points.length).toBeGreaterThan(0);
    await plan.run("reprotect", REPROTECT);
    await plan.run("failback");
    expect(await plan.positions()).toEqual(["failed-over, recovery-to-primary, at home"]);
  });

  test("F2 a plan that goes on after a failure leaves a machine out that was not reprotected, and names it", async () => {
    const plan = await load();
    await reprotectAllButWeb(plan);
    const back = await plan.attempt("failback");
    expect(back.status).toBe("succeeded-with-failures");
    expect(back.outcomes?.map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded", "left-out"]);
    expect(back.outcomes?.at(-1)?.failure).toMatchObject({ code: "verb-not-allowed" });
    expect(await plan.item("web")).toMatchObject({ state: "committed", activeSiteId: "away" });
  });

  test("F3 the latest point is the default; the app-consistent point is older and loses more", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    await appConsistentPoints(plan);
    const latest = await plan.previewPoints();
    const consistent = await plan.previewPoints({ kind: "latest-app-consistent" });
    expect(latest.choice.kind).toBe("latest");
    expect(consistent.items.map(({ point }) => point?.consistency)).toEqual(Array(3).fill("app-consistent"));
    expect(consistent.worstLossSeconds).toBeGreaterThan(latest.worstLossSeconds ?? Number.POSITIVE_INFINITY);
    const options = { sourceShutdown: "skip", recoveryPoint: { kind: "latest-app-consistent" } } as const;
    const back = await plan.run("failback", options);
    expect(back.outcomes?.map(({ recoveryPoint }) => recoveryPoint?.consistency)).toEqual(
      Array(3).fill("app-consistent"),
    );
    const losses = back.outcomes?.map(({ dataLoss }) => dataLoss?.writes ?? 0) ?? [0];
    expect(losses).toHaveLength(3);
    expect(Math.min(...losses)).toBeGreaterThan(0);
  });

  test("F4 in a group, latest is a point of each machine and app-consistent is one common point", async () => {
    const plan = await load(grouped);
    await plan.failOverAndReprotect();
    await appConsistentPoints(plan);
    const latest = await plan.previewPoints({ kind: "latest" });
    expect(latest.items.map(({ answer }) => answer)).toEqual(Array(3).fill("made-at-start")); // each from its own data
    const back = await plan.run("failback", { recoveryPoint: { kind: "latest-app-consistent" } });
    const [, app, web] = back.outcomes?.map(({ recoveryPoint }) => recoveryPoint) ?? [];
    expect(app).toEqual(web);
    expect(app).toMatchObject({ replicationGroupId: "front", consistency: "app-consistent" });
  });

  test("F5 a failback shuts the Azure machines down, and the commit removes them", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    const back = await plan.run("failback");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await plan.items()).map(({ live }) => live.leftBehind)).toEqual(Array(3).fill(["machine", "disks"]));
    const committed = await plan.run("commit");
    expect(stepsNamed(committed, "remove-old-machine").map(({ detail }) => detail)).toContainEqual(
      "removed db and its interfaces, disks of db",
    );
    expect((await plan.items()).map(({ live }) => live.leftBehind)).toEqual(Array(3).fill([]));
  });

  test("F6 VMware tools of Windows machines are disabled in Azure and run again after the failback", async () => {
    const plan = await load();
    const toolsOf = async () => (await plan.items()).map(({ itemId, live }) => [itemId, live.tools]);
    await plan.failOverAndCommit();
    expect(await toolsOf()).toEqual(
      expect.arrayContaining([
        ["db", "disabled"],
        ["app", "disabled"],
      ]),
    );
    await plan.run("reprotect", REPROTECT);
    await plan.run("failback");
    expect(await toolsOf()).toEqual(
      expect.arrayContaining([
        ["db", "running"],
        ["app", "running"],
      ]),
    );
  });
});
