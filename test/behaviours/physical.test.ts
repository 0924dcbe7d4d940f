import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { type Change, items, site, targets } from "../support/estate-changes.js";
import { REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, stepsNamed } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "physical-to-azure", change);

describe.concurrent("physical servers to Azure", { timeout: 120_000 }, () => {
  test("P1 machines fail over to Azure, are protected there, fail back and are protected at home", async () => {
    const plan = await load();
    const seen: string[][] = [];
    for (const verb of ["unplanned-failover", "commit", "reprotect", "failback", "commit", "reprotect"] as const) {
      await plan.run(verb, verb === "reprotect" ? REPROTECT : {});
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

  test("P2 a server fails back as a VMware VM", async () => {
    const plan = await load();
    expect((await plan.item("db")).live.machine).toEqual({ form: "physical" });
    await plan.failOverAndReprotect();
    await plan.run("failback");
    for (const { live } of await plan.items()) {
      expect(live.machine).toEqual({ form: "vm", hostId: "esx-1", datastoreId: "ssd" });
    }
  });

  test("P2 without VMware infrastructure at the site the reprotect is refused and changes nothing", async () => {
    const plan = await load((world) => {
      site("home", { hosts: [], datastores: [], masterTargets: [] })(world);
      delete world.sites[0]?.vCenter;
    });
    await plan.failOverAndCommit();
    const refused = await plan.refused("reprotect", REPROTECT);
    expect(refused).toMatchObject({ code: "prerequisites-failed", detail: expect.stringContaining("no ESXi host") });
    expect(await plan.positions()).toEqual(["committed, primary-to-recovery, at away"]);
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

  test.for(broken)("P3 an unmet %s is found before the failover, which then changes nothing", async ([code, spoil]) => {
    const plan = await load(spoil);
    const { ready, errors } = await plan.unmet("planned-failover");
    expect({ ready, found: errors.includes(code) }).toEqual({ ready: false, found: true });
    expect(await plan.refused("planned-failover")).toMatchObject({ status: 409, code: "prerequisites-failed" });
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("P3 network, subnet and address are shown", async () => {
    const plan = await load(({ items = [] }) => {
      for (const item of items) if (item.id === "db") item.target = { ...item.target, ip: "10.2.0.77" };
    });
    const { body } = await app.client.call(ROUTES.planNetworks, { params: { planId: plan.planId } });
    expect(body.items[0]).toMatchObject({
      itemId: "db",
      networkId: "vnet-away",
      subnet: "data",
      address: "10.2.0.77",
      how: "asked",
    });
  });

  test("P3 an item shows its machine with disks, CPU, memory and interfaces, together with its settings in Azure", async () => {
    const plan = await load(items({ protectedDisks: ["system"] }));
    const { machine, target, effective } = await plan.detail("web");
    expect(machine).toEqual({
      ...{ id: "vm-web", name: "web", form: "physical", osFamily: "linux", os: "Ubuntu 24.04" },
      ...{ cpus: 2, memoryMb: 8_192, boot: "uefi", hostId: null, datastoreId: null },
      disks: [
        { name: "system", sizeGb: 80, role: "os", protected: true },
        { name: "data", sizeGb: 120, role: "data", protected: false },
      ],
      nics: [{ name: "nic", networkId: "lan", subnet: "data", assignment: "static", ip: "10.1.0.13" }],
    });
    expect(target).toEqual({ networkId: "vnet-away", resourceGroup: "rg-away", managedDisks: true });
    expect(effective).toEqual({ ...target, name: "web", size: "D4", subnet: "data" });
  });

  test("P3 settings are shown with their problems, and can be fixed before the failover", async () => {
    const plan = await load(targets({ name: "far-too-long-for-windows" }));
    const params = { worldId: plan.worldId, itemId: "db" };
    const { body: shown } = await app.client.call(ROUTES.getTarget, { params });
    expect(shown.target).toMatchObject({ networkId: "vnet-away", resourceGroup: "rg-away", managedDisks: true });
    expect(shown.findings.map(({ code }) => code)).toContain("machine-name");
    const headers = { "if-match": shown.etag };
    const body = { name: "db-azure", size: "D4", subnet: "data", ip: "10.2.0.77" };
    const { body: mended } = await app.client.call(ROUTES.changeTarget, { params, headers, body });
    expect(mended.target).toMatchObject(body);
    expect(mended.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect((await plan.attemptOn("db", "unplanned-failover")).status).toBe("succeeded");
    const late = app.client.call(ROUTES.changeTarget, { params, headers: { "if-match": mended.etag }, body });
    expect((await refusalOf(late)).code).toBe("target-locked");
  });

  test("P4 the latest point processes pending data first and loses least", async () => {
    const plan = await load();
    const latest = await plan.previewPoints({ kind: "latest" });
    const processed = await plan.previewPoints({ kind: "latest-processed" });
    expect(latest.items.map(({ answer }) => answer)).toEqual(Array(3).fill("made-at-start"));
    expect(processed.items.map(({ answer }) => answer)).toEqual(Array(3).fill("found"));
    expect(latest.worstLossSeconds).toBeLessThan(processed.worstLossSeconds ?? 0);

    const before = (await plan.pointsOf("db")).points.map(({ id }) => id);
    const moved = await plan.attemptOn("db", "unplanned-failover", {
      sourceShutdown: "skip",
      recoveryPoint: { kind: "latest" },
    });
    expect(before).not.toContain(moved.outcomes?.[0]?.recoveryPoint?.id); // created from the pending data
  });

  test("P4 latest processed, latest app-consistent and a named point can be chosen", async () => {
    const plan = await load();
    const skip = { sourceShutdown: "skip" } as const;
    const named = (await plan.pointsOf("web")).points[0];
    const custom = await plan.attemptOn("web", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "custom", pointId: named?.id ?? "" },
    });
    const processed = await plan.attemptOn("db", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "latest-processed" },
    });
    const consistent = await plan.attemptOn("app", "unplanned-failover", {
      ...skip,
      recoveryPoint: { kind: "latest-app-consistent" },
    });
    expect(processed.outcomes?.[0]?.recoveryPoint?.id).toMatch(/^(crash|app)-/); // a scheduled point: nothing was processed
    expect(consistent.outcomes?.[0]?.recoveryPoint?.consistency).toBe("app-consistent");
    expect(custom.outcomes?.[0]?.recoveryPoint).toEqual(named);
  });

  test("P5 the failover tries the shutdown, continues without it, and shows its progress", async () => {
    const plan = await load();
    await plan.refuseShutdown("db");
    const moved = await plan.run("unplanned-failover");
    const shutdown = moved.steps.find(({ id }) => id === "shutdown");
    expect(shutdown?.detail).toMatch(/^continued without: db /);
    expect(stepsNamed(moved, "shut-down-source").map(({ itemId, status }) => [itemId, status])).toEqual(
      expect.arrayContaining([
        ["db", "failed"],
        ["app", "succeeded"],
        ["web", "succeeded"],
      ]),
    );
    const jobs = (await app.client.call(ROUTES.listExecutions, { params: {}, query: { limit: 100 } })).body.entries;
    expect(jobs.find(({ executionId }) => executionId === moved.executionId)?.status).toBe("succeeded");
  });

  test("P6 a commit deletes every recovery point, so no other point can be chosen afterwards", async () => {
    const plan = await load();
    await plan.run("unplanned-failover");
    expect((await plan.pointsOf("db")).points.length).toBeGreaterThan(10);
    await plan.run("commit");
    for (const itemId of ["db", "app", "web"]) expect((await plan.pointsOf(itemId)).points).toEqual([]);
    const { code } = await refusalOf(plan.attemptOn("db", "change-recovery-point"));
    expect(code).toBe("verb-not-allowed");
  });

  test("P7 after a cancel as documented a machine does not replicate", async () => {
    const plan = await load();
    const cancelled = await plan.cancelAtValidation("unplanned-failover", "as-documented");
    expect(cancelled).toMatchObject({ status: "cancelled", failure: { code: "cancelled" } });
    const { state, live } = await plan.item("db");
    expect(state).not.toBe("protected");
    expect(live.replication).toMatchObject({ state: "stopped", reversed: false });
  });

  test("P7 a default cancel restores protection and proves it", async () => {
    const plan = await load();
    const cancelled = await plan.cancelAtValidation("unplanned-failover", "restore-protection");
    expect(cancelled.steps.at(-1)).toMatchObject({ id: "undo", status: "succeeded" });
    expect((await plan.item("db")).live.replication.state).toBe("replicating");
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });
});
