import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import {
  cancelledAtValidation,
  pointsOf,
  preview,
  REPROTECT,
  refusalOf,
  refuse,
  site,
  stepsNamed,
  targets,
  there,
  thereAndProtected,
  unmet,
} from "../support/estate-changes.js";
import { running } from "../support/running.js";

const { product, begin } = running("physical-to-azure");

describe.concurrent("physical servers to Azure", { timeout: 120_000 }, () => {
  test("P1 over to Azure, protected there, home again, protected at home", async () => {
    const journey = await begin();
    const seen: string[][] = [];
    for (const verb of ["unplanned-failover", "commit", "reprotect", "failback", "commit", "reprotect"] as const) {
      await journey.does(verb, verb === "reprotect" ? REPROTECT : {});
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

  test("P2 a server comes home as a VMware VM", async () => {
    const journey = await begin();
    expect((await journey.item("db")).standing.machine).toEqual({ form: "physical" });
    await thereAndProtected(journey);
    await journey.does("failback");
    for (const { standing } of await journey.items()) {
      expect(standing.machine).toEqual({ form: "vm", hostId: "esx-1", datastoreId: "ssd" });
    }
  });

  test("P2 without VMware infrastructure at the site it is refused and changes nothing", async () => {
    const journey = await begin((world) => {
      site("home", { hosts: [], datastores: [], masterTargets: [] })(world);
      delete world.sites[0]?.vCenter;
    });
    await there(journey);
    const refused = await journey.run("reprotect", REPROTECT);
    expect(refused.failure).toMatchObject({ code: "prerequisites-failed" });
    expect(refused.failure?.message).toContain("no ESXi host");
    expect(await journey.where()).toEqual(["committed, primary-to-recovery, at away"]);
  });

  const broken = [
    ["machine-name", targets({ name: "far-too-long-for-windows" })],
    ["machine-size", targets({ size: "M128" })],
    ["resource-group", targets({ resourceGroup: "rg-gone" })],
    ["availability-set", targets({ availabilitySet: "as-gone" })],
    ["target-network", targets({ networkId: "vnet-gone" })],
    ["target-subnet", targets({ subnet: "gone" })],
    ["target-address", targets({ ip: "10.99.0.4" })],
    ["operating-system", ({ machines: [db] }: World) => Object.assign(db ?? {}, { os: "OS/2 Warp" })],
    ["os-disk-size", ({ machines: [db] }: World) => Object.assign(db?.disks[0] ?? {}, { sizeGb: 5_000 })],
    ["data-disk-size", ({ machines: [db] }: World) => Object.assign(db?.disks[1] ?? {}, { sizeGb: 40_000 })],
  ] as const;
  type World = Parameters<ReturnType<typeof targets>>[0];

  test.for(broken)("P3 %s is found before the failover, which then touches nothing", async ([code, spoil]) => {
    const journey = await begin(spoil);
    const { ready, errors } = await unmet(journey, "planned-failover");
    expect({ ready, found: errors.includes(code) }).toEqual({ ready: false, found: true });
    const refused = await journey.run("planned-failover");
    expect(refused).toMatchObject({ status: "failed", failure: { code: "prerequisites-failed" } });
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("P3 network, subnet and address are shown", async () => {
    const journey = await begin(({ items = [] }) => {
      for (const item of items) if (item.id === "db") item.target = { ...item.target, ip: "10.2.0.77" };
    });
    const { body } = await product().client.call(ROUTES.planNetworks, { params: { planId: journey.planId } });
    expect(body.items[0]).toMatchObject({
      itemId: "db",
      networkId: "vnet-away",
      subnet: "data",
      address: "10.2.0.77",
      how: "asked",
    });
  });

  test("P3 settings are shown with what is wrong with them, and mended before the failover", async () => {
    const journey = await begin(targets({ name: "far-too-long-for-windows" }));
    const params = { worldId: journey.worldId, itemId: "db" };
    const { body: shown } = await product().client.call(ROUTES.getTarget, { params });
    expect(shown.target).toMatchObject({ networkId: "vnet-away", resourceGroup: "rg-away", managedDisks: true });
    expect(shown.findings.map(({ code }) => code)).toContain("machine-name");
    const headers = { "if-match": shown.etag };
    const body = { name: "db-azure", size: "D4", subnet: "data", ip: "10.2.0.77" };
    const { body: mended } = await product().client.call(ROUTES.changeTarget, { params, headers, body });
    expect(mended.target).toMatchObject(body);
    expect(mended.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect((await journey.runOn("db", "unplanned-failover")).status).toBe("succeeded");
    const late = product().client.call(ROUTES.changeTarget, { params, headers: { "if-match": mended.etag }, body });
    expect((await refusalOf(late)).code).toBe("target-settled");
  });

  test("P4 latest processes what is pending first and loses least", async () => {
    const journey = await begin();
    const latest = await preview(journey, { kind: "latest" });
    const processed = await preview(journey, { kind: "latest-processed" });
    expect(latest.items.map(({ answer }) => answer)).toEqual(Array(3).fill("made-at-start"));
    expect(processed.items.map(({ answer }) => answer)).toEqual(Array(3).fill("found"));
    expect(latest.worstLossSeconds).toBeLessThan(processed.worstLossSeconds ?? 0);

    const before = (await pointsOf(journey, "db")).points.map(({ id }) => id);
    const moved = await journey.runOn("db", "unplanned-failover", {
      sourceShutdown: "skip",
      recoveryPoint: { kind: "latest" },
    });
    expect(before).not.toContain(moved.outcomes?.[0]?.recoveryPoint?.id); // made of the pending data
  });

  test("P4 latest processed, latest app-consistent and a named point are taken as asked", async () => {
    const journey = await begin();
    const skip = { sourceShutdown: "skip" } as const;
    const named = (await pointsOf(journey, "web")).points[0];
    const custom = await journey.runOn("web", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "custom", pointId: named?.id ?? "" },
    });
    const processed = await journey.runOn("db", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "latest-processed" },
    });
    const consistent = await journey.runOn("app", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "latest-app-consistent" },
    });
    expect(processed.outcomes?.[0]?.recoveryPoint?.id).toMatch(/^(crash|app)-/); // of the schedule: nothing was processed
    expect(consistent.outcomes?.[0]?.recoveryPoint?.consistency).toBe("app-consistent");
    expect(custom.outcomes?.[0]?.recoveryPoint).toEqual(named);
  });

  test("P5 the shutdown is tried, the failover goes on without it, and the jobs show how far it is", async () => {
    const journey = await begin();
    await refuse(journey, "db", "shut-down-source");
    const moved = await journey.does("unplanned-failover");
    const shutdown = moved.steps.find(({ id }) => id === "shutdown");
    expect(shutdown?.detail).toMatch(/^went on without: db /);
    expect(stepsNamed(moved, "shut-down-source").map(({ itemId, status }) => [itemId, status])).toEqual(
      expect.arrayContaining([
        ["db", "failed"],
        ["app", "succeeded"],
        ["web", "succeeded"],
      ]),
    );
    const jobs = (await product().client.call(ROUTES.listExecutions, { params: {}, query: { limit: 100 } })).body
      .entries;
    expect(jobs.find(({ executionId }) => executionId === moved.executionId)?.status).toBe("succeeded");
  });

  test("P6 a commit deletes every recovery point, and no other can be chosen after it", async () => {
    const journey = await begin();
    await journey.does("unplanned-failover");
    expect((await pointsOf(journey, "db")).points.length).toBeGreaterThan(10);
    await journey.does("commit");
    for (const itemId of ["db", "app", "web"]) expect((await pointsOf(journey, itemId)).points).toEqual([]);
    const { code } = await refusalOf(journey.runOn("db", "change-recovery-point"));
    expect(code).toBe("verb-not-allowed");
  });

  test("P7 cancelled as documented, a machine does not replicate again", async () => {
    const journey = await begin();
    const cancelled = await cancelledAtValidation(journey, "unplanned-failover", "as-documented");
    expect(cancelled).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
    const { state, standing } = await journey.item("db");
    expect(state).not.toBe("protected");
    expect(standing.replication).toMatchObject({ state: "stopped", reversed: false });
  });

  test("P7 cancelled by default, protection is restored and proved", async () => {
    const journey = await begin();
    const cancelled = await cancelledAtValidation(journey, "unplanned-failover", "restore-protection");
    expect(cancelled.steps.at(-1)).toMatchObject({ id: "undo", status: "succeeded" });
    expect((await journey.item("db")).standing.replication.state).toBe("replicating");
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
