import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { type Change, items, site, targets } from "../support/estate-changes.js";
import { HttpPlan, refusalOf, reversalsOf, stepsNamed } from "../support/http-plan.js";
import { Receiver } from "../support/receiver.js";
import { poll, RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "azure-to-azure", change);
const untested = { acknowledgeNoTest: true } as const;

/** Fails over, back, and commits both. */
async function thereAndHome(plan: HttpPlan): Promise<void> {
  await plan.failOverAndReprotect();
  await plan.run("failback", untested);
  await plan.run("commit");
}

const leftBehind = async (plan: HttpPlan) => (await plan.items()).map(({ live }) => live.leftBehind);

describe.concurrent("Azure machines between regions", { timeout: 120_000 }, () => {
  test("A1 a machine that was not failed over and reprotected cannot fail back", async () => {
    const plan = await load();
    expect((await refusalOf(plan.attempt("failback"))).code).toBe("verb-not-allowed");
    await plan.failOverAndCommit();
    expect((await refusalOf(plan.attempt("failback"))).detail).toContain("reprotect");
    await plan.run("reprotect");
    await plan.run("failback", untested);
    expect(await plan.positions()).toEqual(["failed-over, recovery-to-primary, at home"]);
  });

  test("A1 the home region must be reachable", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    const { worldId } = plan;
    const body = { target: { siteId: "home" }, mode: "fail-before" } as const;
    await app.client.call(ROUTES.addFault, { params: { worldId }, body });
    expect((await plan.unmet("failback", { acknowledgeNoTest: "true" })).errors).toEqual(["target-site"]);
    expect((await plan.refused("failback", untested)).code).toBe("prerequisites-failed");
    await app.client.call(ROUTES.clearFaults, { params: { worldId } });
    await plan.run("failback", untested);
  });

  test("A1 the home region must have room for the machines", async () => {
    const plan = await load(site("home", { quota: { cores: 8, coresUsed: 5 } }));
    await plan.failOverAndReprotect();
    // An unplanned failback takes those that fit, and names the others.
    const { errors, findings } = await plan.unmet("failback", { acknowledgeNoTest: "true" });
    expect(errors).toEqual(["core-quota"]);
    expect(findings.find(({ code }) => code === "core-quota")?.found).toContain("3 are free");
    expect((await plan.refused("planned-failback", untested)).code).toBe("prerequisites-failed");
  });

  test("A2 only a protected machine that replicates fails over", async () => {
    const plan = await load();
    expect((await plan.item("db")).live.replication.state).toBe("replicating");
    await plan.attemptOn("db", "disable-replication");
    expect((await plan.item("db")).state).toBe("unprotected");
    const refused = await refusalOf(plan.attemptOn("db", "unplanned-failover", untested));
    expect(refused).toMatchObject({ code: "verb-not-allowed", detail: expect.stringContaining("enable-replication") });
    await plan.attemptOn("db", "enable-replication");
    expect((await plan.attemptOn("db", "unplanned-failover", untested)).status).toBe("succeeded");
  });

  test("A3 without a test failover before it, a failover must be acknowledged", async () => {
    const plan = await load();
    const refused = await plan.refused("unplanned-failover");
    expect(refused.code).toBe("prerequisites-failed");
    expect(refused.detail).toContain("has never been tested");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
    expect((await plan.attemptOn("db", "unplanned-failover", untested)).status).toBe("succeeded");
    for (const verb of ["test-failover", "test-clean-up", "unplanned-failover"] as const) {
      expect((await plan.attemptOn("web", verb)).status).toBe("succeeded");
    }
  });

  test("A3 without a test of the way home, a failback must be acknowledged, whatever was tested on the way out", async () => {
    const plan = await load();
    for (const verb of ["test-failover", "test-clean-up"] as const) await plan.run(verb);
    await plan.run("unplanned-failover");
    await plan.run("commit");
    await plan.run("reprotect");
    const { ready, findings } = await plan.unmet("failback");
    expect(ready).toBe(false);
    expect(findings.map(({ code, fixedBy }) => `${code} ${fixedBy}`)).toEqual(
      Array(3).fill("untested-home-acknowledged test-failover"),
    );
    expect((await plan.refused("planned-failback")).detail).toContain("the failback of db has never been tested");
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
    expect((await plan.attemptOn("db", "failback", untested)).status).toBe("succeeded");
    for (const verb of ["test-failover", "test-clean-up", "failback"] as const) {
      expect((await plan.attemptOn("web", verb)).status).toBe("succeeded");
    }
  });

  test("A4 a named point can be chosen for a single machine, not for a plan", async () => {
    const plan = await load();
    const [named] = (await plan.pointsOf("db")).points;
    const recoveryPoint = { kind: "custom", pointId: named?.id ?? "" } as const;
    const refused = await refusalOf(plan.attempt("unplanned-failover", { ...untested, recoveryPoint }));
    expect(refused).toMatchObject({ status: 422, code: "custom-point-for-one-item" });
    const moved = await plan.attemptOn("db", "unplanned-failover", { ...untested, recoveryPoint });
    expect(moved.outcomes?.[0]?.recoveryPoint).toEqual(named);
  });

  test("A4 for a plan: latest, latest processed, latest app-consistent", async () => {
    const plan = await load();
    const worst = async (kind: "latest" | "latest-processed" | "latest-app-consistent") =>
      (await plan.previewPoints({ kind })).worstLossSeconds ?? Number.NaN;
    expect(await worst("latest")).toBeLessThan(await worst("latest-processed"));
    const consistent = await plan.previewPoints({ kind: "latest-app-consistent" });
    expect(consistent.items.map(({ point }) => point?.consistency)).toEqual(Array(3).fill("app-consistent"));
    const recoveryPoint = { kind: "latest-app-consistent" } as const;
    const moved = await plan.run("unplanned-failover", { ...untested, recoveryPoint });
    expect(moved.outcomes?.map(({ recoveryPoint: its }) => its?.consistency)).toEqual(Array(3).fill("app-consistent"));
  });

  test("A5 points of a machine that got another disk hold 1 of 2 disks", async () => {
    const plan = await load(items({ protectedDisks: ["system"] }));
    expect((await plan.pointsOf("db")).disks).toEqual({ held: 1, of: 2, missing: ["data"] });
    const { warnings, findings } = await plan.unmet("unplanned-failover", { acknowledgeNoTest: "true" });
    expect(warnings).toContain("disks-covered");
    expect(findings.find(({ code }) => code === "disks-covered")?.found).toContain("1 of 2 disks");
    expect((await (await load()).pointsOf("db")).disks).toBeNull();
  });

  test("A6 the machine is shut down first; where that fails, the failover goes on", async () => {
    const plan = await load();
    await plan.refuseShutdown("db");
    const moved = await plan.run("unplanned-failover", untested);
    const tried = stepsNamed(moved, "shut-down-source").map(({ itemId, status }) => `${itemId} ${status}`);
    expect(tried.sort()).toEqual(["app succeeded", "db failed", "web succeeded"]);
    expect(moved.outcomes?.map(({ outcome }) => outcome)).toEqual(Array(3).fill("succeeded"));
  });

  test("A7 progress grows during the run, and the end reports success", async () => {
    const plan = await load();
    const executionId = await app.start(plan.planId, { verb: "unplanned-failover", options: untested });
    const waiting = await app.until(executionId, ({ awaits }) => awaits.length > 0);
    expect(waiting.progress).toBeGreaterThan(0);
    expect(waiting.progress).toBeLessThan(100);
    expect(waiting.steps.filter(({ status }) => status === "succeeded").length).toBeGreaterThan(2);
    await app.validate(executionId, { verdict: "accept" });
    const ended = await app.ended(executionId);
    expect(ended).toMatchObject({ status: "succeeded", progress: 100 });
    expect(Date.parse(ended.endedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(ended.requestedAt));
  });

  test("A7 a notification address gets start, progress and success, and its failures delay nothing", async () => {
    const receiver = await Receiver.listen((call) => (call === 1 ? 500 : 204));
    const { received, url } = receiver;
    const plan = await load();
    const params = { planId: plan.planId };
    const saved = (await app.client.call(ROUTES.getPlan, { params })).body;
    const { etag } = saved;
    const body = { ...saved.plan, notifications: [{ url }] };
    await app.client.call(ROUTES.savePlan, { params, headers: { "if-match": etag }, body });
    await plan.run("unplanned-failover", untested);
    await poll(
      async () => received.filter(({ body }) => body["event"] === "started" || body["event"] === "ended").length,
      (count) => count >= 3,
    );
    receiver.close();
    const first = received.filter(({ headers }) => headers["webhook-attempt"] === "1");
    expect(first.map(({ body: { event, reached, status } }) => [event, reached ?? status])).toEqual([
      ["started", undefined],
      ["progress", 1],
      ["progress", 2],
      ["awaiting-input", undefined],
      ["ended", "succeeded"],
    ]);
    const again = received.filter(({ headers }) => headers["webhook-attempt"] === "2");
    expect(again.map(({ body }) => body["event"])).toEqual(["started"]);
  });

  test("A8 a reprotect lists what it creates, copies what differs, and later changes follow", async () => {
    const plan = await load();
    const look = { params: { planId: plan.planId } };
    const early = (await app.client.call(ROUTES.planReprotect, look)).body.items;
    expect(early.map(({ resources }) => resources)).toEqual([[], [], []]);
    expect(early[0]?.because).toContain("it is protected");
    await plan.failOverAndCommit();
    expect(await plan.unmet("reprotect")).toMatchObject({ ready: true, errors: [] });
    const foreseen = (await app.client.call(ROUTES.planReprotect, look)).body.items;
    const db = foreseen.find(({ itemId }) => itemId === "db");
    expect(db).toMatchObject({ direction: "recovery-to-primary", fromSiteId: "away", siteId: "home", because: null });
    expect(db?.resources).toContainEqual({ name: "machine db", new: false });
    const item = { params: { worldId: plan.worldId, itemId: "db" } };
    expect((await app.client.call(ROUTES.itemReprotect, item)).body.items).toEqual([db]);
    const turned = await plan.run("reprotect");
    const marked = foreseen.map(({ itemId, resources }) => [
      itemId,
      resources.filter((resource) => resource.new).map(({ name }) => name),
    ]);
    const created = (turned.outcomes ?? []).map(({ itemId, replicated }) => [itemId, replicated?.created]);
    expect(Object.fromEntries(marked)).toEqual(Object.fromEntries(created));
    expect(reversalsOf(turned)).toEqual(Array(3).fill("deltas"));
    for (const { replicated } of turned.outcomes ?? []) {
      expect(replicated?.created).toEqual(["cache storage account at away"]);
      expect(replicated?.bytes).toBeGreaterThan(0);
    }
    expect((await plan.item("db")).live.replication.state).toBe("replicating");
  });

  test("A8 the target settings are reviewed in both directions, and can be changed before the machines go out again", async () => {
    const plan = await load();
    const params = { worldId: plan.worldId, itemId: "db" };
    const settingsOf = async () => (await app.client.call(ROUTES.itemReprotect, { params })).body.items[0];
    await plan.failOverAndCommit();
    const home = await settingsOf();
    expect(home?.settings).toEqual({
      name: "db",
      resourceGroup: "rg-home",
      size: "D4",
      managedDisks: true,
      networkId: "vnet-home",
      subnet: "data",
      ip: "10.1.0.11",
    });
    expect(home?.locked).toContain("comes home");
    await plan.run("reprotect");
    await plan.run("failback", untested);
    await plan.run("commit");
    const away = await settingsOf();
    expect(away).toMatchObject({ direction: "primary-to-recovery", siteId: "away", locked: null, policyId: "policy" });
    expect(away?.settings).toMatchObject({ name: "db", resourceGroup: "rg-away", size: "D4", networkId: "vnet-away" });
    expect(away?.resources).toContainEqual({ name: "cache storage account at home", new: true });
    expect(away?.resources).toContainEqual({ name: "network vnet-away", new: false });

    const { etag } = (await app.client.call(ROUTES.getTarget, { params })).body;
    const body = { name: "db-away", ip: "10.2.0.88" };
    await app.client.call(ROUTES.changeTarget, { params, headers: { "if-match": etag }, body });
    expect((await settingsOf())?.settings).toMatchObject(body);
    const turned = await plan.run("reprotect");
    expect(turned.outcomes?.[0]?.replicated).toMatchObject({
      caughtUpBy: "deltas",
      created: ["cache storage account at home"],
    });
    expect((await plan.detail("db")).effective).toMatchObject(body);
  });

  test("A9 with managed disks, machines and interfaces in the other region are cleaned up by the last reprotect", async () => {
    const plan = await load();
    await thereAndHome(plan);
    expect(await leftBehind(plan)).toEqual(Array(3).fill(["machine", "disks"]));
    const turned = await plan.run("reprotect");
    expect(turned.outcomes?.[0]?.replicated?.removed).toEqual(["db and its interfaces"]);
    expect(await leftBehind(plan)).toEqual(Array(3).fill([]));
  });

  test("A9 A10 with unmanaged disks they stay until replication is disabled, which removes the disks too", async () => {
    const plan = await load(targets({ managedDisks: false }));
    await thereAndHome(plan);
    await plan.run("reprotect");
    expect(await leftBehind(plan)).toEqual(Array(3).fill(["machine", "disks"]));
    await plan.run("disable-replication");
    expect(await leftBehind(plan)).toEqual(Array(3).fill([]));
    expect(await plan.positions()).toEqual(["unprotected, primary-to-recovery, at home"]);
  });

  test("A10 replication disabled right after the way back cleans up as well", async () => {
    const plan = await load();
    await thereAndHome(plan);
    await plan.run("disable-replication");
    expect(await leftBehind(plan)).toEqual(Array(3).fill([]));
    expect(await plan.positions()).toEqual(["unprotected, primary-to-recovery, at home"]);
  });
});
