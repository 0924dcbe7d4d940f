import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import {
  items,
  pointsOf,
  preview,
  QUICK,
  refusalOf,
  refuse,
  site,
  stepsNamed,
  targets,
  there,
  thereAndProtected,
  unmet,
  until,
} from "../support/estate-changes.js";
import { type Journey, turnsOf } from "../support/http-plan.js";
import { running } from "../support/running.js";

const { product, begin } = running("azure-to-azure", { ...QUICK, ALLOW_PRIVATE_WEBHOOKS: "true" });
const untested = { acknowledgeNoTest: true } as const;

/** To the other region and home again, committed there. */
async function thereAndHome(journey: Journey): Promise<void> {
  await thereAndProtected(journey);
  await journey.does("failback");
  await journey.does("commit");
}

const leftBehind = async (journey: Journey) => (await journey.items()).map(({ standing }) => standing.leftBehind);

describe.concurrent("Azure machines from region to region", { timeout: 120_000 }, () => {
  test("A1 a machine that has not been failed over and reprotected does not come back", async () => {
    const journey = await begin();
    expect((await refusalOf(journey.run("failback"))).code).toBe("verb-not-allowed");
    await there(journey);
    expect((await refusalOf(journey.run("failback"))).detail).toContain("reprotect");
    await journey.does("reprotect");
    await journey.does("failback");
    expect(await journey.where()).toEqual(["failed-over, recovery-to-primary, at home"]);
  });

  test("A1 the home region must be reachable", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    const { worldId } = journey;
    const body = { target: { siteId: "home" }, mode: "fail-before" } as const;
    await product().client.call(ROUTES.addFault, { params: { worldId }, body });
    expect((await unmet(journey, "failback")).errors).toEqual(["target-site"]);
    expect((await journey.run("failback")).failure?.code).toBe("prerequisites-failed");
    await product().client.call(ROUTES.clearFaults, { params: { worldId } });
    await journey.does("failback");
  });

  test("A1 the home region must have room for the machines", async () => {
    const journey = await begin(site("home", { quota: { cores: 8, coresUsed: 5 } }));
    await thereAndProtected(journey);
    const { ready, errors } = await unmet(journey, "failback");
    expect({ ready, errors }).toEqual({ ready: false, errors: ["core-quota"] });
  });

  test("A2 only a protected machine that replicates fails over", async () => {
    const journey = await begin();
    expect((await journey.item("db")).standing.replication.state).toBe("replicating");
    await journey.runOn("db", "disable-replication");
    expect((await journey.item("db")).state).toBe("unprotected");
    const refused = await refusalOf(journey.runOn("db", "unplanned-failover", untested));
    expect(refused).toMatchObject({ code: "verb-not-allowed", detail: expect.stringContaining("enable-replication") });
    await journey.runOn("db", "enable-replication");
    expect((await journey.runOn("db", "unplanned-failover", untested)).status).toBe("succeeded");
  });

  test("A3 without a test failover before it, a failover must be acknowledged", async () => {
    const journey = await begin();
    const refused = await journey.run("unplanned-failover");
    expect(refused.failure?.code).toBe("prerequisites-failed");
    expect(refused.failure?.message).toContain("has never been tested");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
    expect((await journey.runOn("db", "unplanned-failover", untested)).status).toBe("succeeded");
    for (const verb of ["test-failover", "test-clean-up", "unplanned-failover"] as const) {
      expect((await journey.runOn("web", verb)).status).toBe("succeeded");
    }
  });

  test("A4 a named point is for a single machine, never for a plan", async () => {
    const journey = await begin();
    const [named] = (await pointsOf(journey, "db")).points;
    const recoveryPoint = { kind: "custom", pointId: named?.id ?? "" } as const;
    const refused = await refusalOf(journey.run("unplanned-failover", { ...untested, recoveryPoint }));
    expect(refused).toMatchObject({ status: 422, code: "custom-point-for-one-item" });
    const moved = await journey.runOn("db", "unplanned-failover", { ...untested, recoveryPoint });
    expect(moved.outcomes?.[0]?.recoveryPoint).toEqual(named);
  });

  test("A4 for a plan: latest, latest processed, latest app-consistent", async () => {
    const journey = await begin();
    const worst = async (kind: "latest" | "latest-processed" | "latest-app-consistent") =>
      (await preview(journey, { kind })).worstLossSeconds ?? Number.NaN;
    expect(await worst("latest")).toBeLessThan(await worst("latest-processed"));
    const consistent = await preview(journey, { kind: "latest-app-consistent" });
    expect(consistent.items.every(({ point }) => point?.consistency === "app-consistent")).toBe(true);
    const recoveryPoint = { kind: "latest-app-consistent" } as const;
    const moved = await journey.does("unplanned-failover", { ...untested, recoveryPoint });
    expect(moved.outcomes?.every(({ recoveryPoint: its }) => its?.consistency === "app-consistent")).toBe(true);
  });

  test("A5 points of a machine that got another disk hold 1 of 2 disks", async () => {
    const journey = await begin(items({ protectedDisks: ["system"] }));
    expect((await pointsOf(journey, "db")).disks).toEqual({ held: 1, of: 2, missing: ["data"] });
    const { warnings, findings } = await unmet(journey, "unplanned-failover");
    expect(warnings).toContain("disks-covered");
    expect(findings.find(({ code }) => code === "disks-covered")?.found).toContain("1 of 2 disks");
    expect((await pointsOf(await begin(), "db")).disks).toBeNull();
  });

  test("A6 the machine is shut down first; where that fails, the failover goes on", async () => {
    const journey = await begin();
    await refuse(journey, "db", "shut-down-source");
    const moved = await journey.does("unplanned-failover", untested);
    const tried = stepsNamed(moved, "shut-down-source").map(({ itemId, status }) => `${itemId} ${status}`);
    expect(tried.sort()).toEqual(["app succeeded", "db failed", "web succeeded"]);
    expect(moved.outcomes?.map(({ outcome }) => outcome)).toEqual(Array(3).fill("succeeded"));
  });

  test("A7 progress grows while it runs, and success is told when it ends", async () => {
    const journey = await begin();
    const executionId = await product().start(journey.planId, { verb: "unplanned-failover", options: untested });
    const waiting = await product().until(executionId, ({ awaits }) => awaits.length > 0);
    expect(waiting.progress).toBeGreaterThan(0);
    expect(waiting.progress).toBeLessThan(100);
    expect(waiting.steps.filter(({ status }) => status === "succeeded").length).toBeGreaterThan(2);
    await product().validate(executionId, { verdict: "accept" });
    const ended = await product().ended(executionId);
    expect(ended).toMatchObject({ status: "succeeded", progress: 100 });
    expect(ended.endedAt).toBeDefined();
  });

  test("A7 an address of the plan is told of start, progress and success, and holds nothing up when it fails", async () => {
    const told: { event: string; status?: string; reached?: number }[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        told.push(JSON.parse(body));
        response.writeHead(told.length === 1 ? 500 : 204).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`;
    const journey = await begin();
    const params = { planId: journey.planId };
    const { plan, etag } = (await product().client.call(ROUTES.getPlan, { params })).body;
    const body = { ...plan, notifications: [{ url }] };
    await product().client.call(ROUTES.savePlan, { params, headers: { "if-match": etag }, body });
    await journey.does("unplanned-failover", untested);
    await until(
      async () => told.length,
      (count) => count >= 4,
    );
    server.close();
    expect(told.map(({ event, reached, status }) => [event, reached ?? status])).toEqual([
      ["started", undefined],
      ["progress", 1],
      ["progress", 2],
      ["ended", "succeeded"],
    ]);
  });

  test("A8 a reprotect names what it creates, takes over what differs, and changes follow", async () => {
    const journey = await begin();
    const look = { params: { planId: journey.planId } };
    const early = (await product().client.call(ROUTES.planReprotect, look)).body.items;
    expect(early.map(({ resources }) => resources)).toEqual([[], [], []]);
    expect(early[0]?.because).toContain("it is protected");
    await there(journey);
    expect(await unmet(journey, "reprotect")).toMatchObject({ ready: true, errors: [] });
    const foreseen = (await product().client.call(ROUTES.planReprotect, look)).body.items;
    const db = foreseen.find(({ itemId }) => itemId === "db");
    expect(db).toMatchObject({ direction: "recovery-to-primary", siteId: "home", settings: null, because: null });
    expect(db?.resources).toContainEqual({ name: "machine db", new: false });
    const item = { params: { worldId: journey.worldId, itemId: "db" } };
    expect((await product().client.call(ROUTES.itemReprotect, item)).body.items).toEqual([db]);
    const turned = await journey.does("reprotect");
    const marked = foreseen.map(({ itemId, resources }) => [
      itemId,
      resources.filter((resource) => resource.new).map(({ name }) => name),
    ]);
    const created = (turned.outcomes ?? []).map(({ itemId, replicated }) => [itemId, replicated?.created]);
    expect(Object.fromEntries(marked)).toEqual(Object.fromEntries(created));
    expect(turnsOf(turned)).toEqual(Array(3).fill("deltas"));
    for (const { replicated } of turned.outcomes ?? []) {
      expect(replicated?.created).toEqual(["cache storage account at away"]);
      expect(replicated?.bytes).toBeGreaterThan(0);
    }
    expect((await journey.item("db")).standing.replication.state).toBe("replicating");
  });

  test("A9 with managed disks, machines and interfaces in the other region are cleaned up by the last reprotect", async () => {
    const journey = await begin();
    await thereAndHome(journey);
    expect(await leftBehind(journey)).toEqual(Array(3).fill(["machine", "disks"]));
    const turned = await journey.does("reprotect");
    expect(turned.outcomes?.[0]?.replicated?.removed).toContain("db and its interfaces");
    expect(await leftBehind(journey)).toEqual(Array(3).fill([]));
  });

  test("A9 A10 with unmanaged disks they stay until replication is disabled, which removes the disks too", async () => {
    const journey = await begin(targets({ managedDisks: false }));
    await thereAndHome(journey);
    await journey.does("reprotect");
    expect(await leftBehind(journey)).toEqual(Array(3).fill(["machine", "disks"]));
    await journey.does("disable-replication");
    expect(await leftBehind(journey)).toEqual(Array(3).fill([]));
    expect(await journey.where()).toEqual(["unprotected, primary-to-recovery, at home"]);
  });

  test("A10 replication disabled right after the way back cleans up as well", async () => {
    const journey = await begin();
    await thereAndHome(journey);
    await journey.does("disable-replication");
    expect(await leftBehind(journey)).toEqual(Array(3).fill([]));
    expect(await journey.where()).toEqual(["unprotected, primary-to-recovery, at home"]);
  });
});
