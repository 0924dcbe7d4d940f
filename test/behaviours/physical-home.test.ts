import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { all, type Change, datastore, masterTargets, site } from "../support/estate-changes.js";
import { PROCESS_SERVER, REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, reversalsOf, stepsNamed } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "physical-to-azure", change);

describe.concurrent("failback of physical servers", { timeout: 120_000 }, () => {
  test("P9 without a process server in Azure a reprotect is refused; after a deployment it succeeds", async () => {
    const plan = await load(site("away", { processServers: [] }));
    await plan.failOverAndCommit();
    const refused = await plan.refused("reprotect", REPROTECT);
    expect(refused.detail).toContain("away has no process server");
    const params = { worldId: plan.worldId, siteId: "away", processServerId: "ps-new" };
    await app.client.call(ROUTES.deployProcessServer, { params, body: PROCESS_SERVER });
    await plan.run("reprotect", REPROTECT);
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("P9 over ExpressRoute the process server at home serves, with a warning that it is for tests", async () => {
    const none = site("away", { processServers: [] });
    const plan = await load(all(none, ({ links = [] }) => Object.assign(links[0] ?? {}, { kind: "expressroute" })));
    await plan.failOverAndCommit();
    const found = await plan.unmet("reprotect", { datastoreId: "ssd", waitForAgent: "true" });
    expect(found).toMatchObject({ ready: true, errors: [] });
    expect(found.warnings).toContain("process-server-place");
    const vpn = await load(none);
    await vpn.failOverAndCommit();
    const byVpn = await vpn.unmet("reprotect", { datastoreId: "ssd", waitForAgent: "true" });
    expect(byVpn).toMatchObject({ ready: false, errors: expect.arrayContaining(["process-server"]) });
  });

  const misplaced = [
    ["datastore-reach", all(datastore("slow"), masterTargets({ datastoreIds: ["slow"] }))],
    ["master-target-vmotion", masterTargets({ storageVMotion: true })],
    ["hosts-discovered", site("home", { configurationServer: { id: "config", hostsDiscovered: false } })],
  ] as const;

  test.for(misplaced)("P10 an unmet %s prevents the reprotect", async ([code, spoil]) => {
    const plan = await load(spoil);
    await plan.failOverAndCommit();
    const { ready, errors } = await plan.unmet("reprotect", { datastoreId: "ssd", waitForAgent: "true" });
    expect({ ready, errors }).toEqual({ ready: false, errors: [code] }); // everything else is met
    expect((await plan.refused("reprotect", REPROTECT)).code).toBe("prerequisites-failed");
  });

  test("P10 for an unmanaged ESXi host or an alternate location, a new VM is created on the master target's host", async () => {
    const unmanaged = await HttpPlan.load(app, "vmware-to-azure", ({ sites: [home] }) => {
      Object.assign(home?.hosts?.[1] ?? {}, { managed: false });
    });
    const elsewhere = await HttpPlan.load(app, "vmware-to-azure");
    await Promise.all([unmanaged.failOverAndCommit(), elsewhere.failOverAndCommit()]);
    expect((await elsewhere.item("db")).live.machine.hostId).toBe("esx-2");
    const turned = await unmanaged.run("reprotect", REPROTECT);
    const moved = await elsewhere.run("reprotect", { reprotect: { ...REPROTECT.reprotect, location: "alternate" } });
    expect([reversalsOf(turned), reversalsOf(moved)]).toEqual([Array(3).fill("full"), Array(3).fill("full")]);
    for (const { live } of [...(await unmanaged.items()), ...(await elsewhere.items())]) {
      expect(live.machine.hostId).toBe("esx-1");
    }
  });

  test("P11 a reprotect uses the given resources and refuses missing ones", async () => {
    const plan = await load();
    await plan.failOverAndCommit();
    const asked = { ...REPROTECT.reprotect, masterTargetId: "mt-windows", processServerId: "ps-away" };
    const says = async (reprotect: Record<string, unknown>) =>
      (await refusalOf(plan.attemptOn("db", "reprotect", { reprotect: { ...asked, ...reprotect } }))).detail;
    expect(await says({ masterTargetId: "mt-gone" })).toContain("mt-gone");
    expect(await says({ processServerId: "ps-gone" })).toContain("ps-gone");
    expect(await says({ datastoreId: "gone" })).toContain("gone");
    expect(await says({ datastoreId: undefined })).toContain("must name a datastore");
    expect(await says({ retentionDrive: "Z:" })).toContain("not Z:");
    expect((await plan.attemptOn("db", "reprotect", { reprotect: { ...asked, retentionDrive: "R:" } })).status).toBe(
      "succeeded",
    );
    expect((await plan.item("db")).live.machine.datastoreId).toBe("ssd");
  });

  test("P11 a missing datastore is reported before anything starts", async () => {
    const plan = await load();
    await plan.failOverAndCommit();
    const { ready, errors } = await plan.unmet("reprotect", { waitForAgent: "true" });
    expect({ ready, errors }).toEqual({ ready: false, errors: ["datastore"] });
    expect((await plan.unmet("reprotect", { waitForAgent: "true", datastoreId: "ssd" })).ready).toBe(true);
  });

  test("P11 a datastore must be named, although it is ignored where the disks still exist", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.failOverAndCommit();
    const { errors, findings } = await plan.unmet("reprotect", { waitForAgent: "true" });
    expect(errors).toEqual(["datastore"]);
    const [first] = findings.filter(({ code }) => code === "datastore");
    expect(first?.found).toBe(
      "the options name no datastore of home (it has ssd); one must be named, although the disks of db still exist",
    );
    expect(first?.fix).toContain("datastoreId");
    expect((await plan.unmet("reprotect", { waitForAgent: "true", datastoreId: "gone" })).errors).toEqual([
      "datastore",
    ]);
    expect((await plan.unmet("reprotect", { waitForAgent: "true", datastoreId: "ssd" })).ready).toBe(true);
  });

  test("P11 where several master targets would do, one must be named; the preview shows it with its retention drive", async () => {
    const second = { id: "mt-second", osFamily: "windows", hostId: "esx-2", retentionDrive: "S:" } as const;
    const plan = await load(({ sites: [home] }) => home?.masterTargets?.push(second));
    await plan.failOverAndCommit();
    const { errors, findings } = await plan.unmet("reprotect", { waitForAgent: "true", datastoreId: "ssd" });
    expect(errors).toEqual(["master-target-choice"]);
    expect(findings.filter(({ code }) => code === "master-target-choice").map(({ itemId }) => itemId)).toEqual([
      "db",
      "app",
    ]); // there is one for Linux
    const query = { datastoreId: "ssd", masterTargetId: "mt-second,mt-linux", retentionDrive: "S:,/mnt/retention" };
    expect((await plan.unmet("reprotect", { waitForAgent: "true", ...query })).errors).toEqual([]);
    const { items } = (await app.client.call(ROUTES.planReprotect, { params: { planId: plan.planId }, query })).body;
    const servers = ({
      processServerId,
      masterTargetId,
      retentionDrive,
      hostId,
      datastoreId,
      policyId,
    }: (typeof items)[0]) => [processServerId, masterTargetId, retentionDrive, hostId, datastoreId, policyId].join(" ");
    expect(items.map(servers)).toEqual([
      "ps-away mt-second S: esx-2 ssd policy-failback",
      "ps-away mt-second S: esx-2 ssd policy-failback",
      "ps-away mt-linux /mnt/retention esx-1 ssd policy-failback",
    ]);
    const masterTargetId = ["mt-second", "mt-linux"];
    await plan.run("reprotect", { reprotect: { datastoreId: "ssd", masterTargetId, waitForAgent: true } });
    expect((await plan.item("db")).live.machine).toMatchObject({ hostId: "esx-2", datastoreId: "ssd" });
  });

  test("P11 the given datastore is ignored where the disks still exist", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure", datastore("slow"));
    await plan.failOverAndCommit();
    await plan.run("reprotect", { reprotect: { waitForAgent: true, datastoreId: "slow" } });
    expect((await plan.items()).map(({ live }) => live.machine.datastoreId)).toEqual(Array(3).fill("ssd"));
  });

  test("P12 the failback policy is the same whatever the replication policy says", async () => {
    const own = { rpoThresholdSeconds: 300, appConsistentMinutes: 240, retentionDays: 7 } as const;
    const plan = await load((world) => {
      world.policies = [{ id: "policy", ...own }];
    });
    const made = {
      rpoThresholdSeconds: 900,
      retentionDays: 1,
      appConsistentMinutes: 60,
      configurationServerId: "config",
    };
    const before = (await plan.item("db")).live;
    expect(before).toMatchObject({ policy: own, failbackPolicy: made });
    await plan.failOverAndReprotect();
    const { policy, failbackPolicy } = (await plan.item("db")).live;
    const { configurationServerId: _bound, ...inForce } = made;
    expect({ policy, failbackPolicy }).toMatchObject({ policy: inForce, failbackPolicy: made });
  });

  test("P13 a failback shuts the Azure machines down, and its commit removes them", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    expect((await refusalOf(plan.attempt("planned-failover"))).code).toBe("verb-not-allowed");
    const back = await plan.run("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await plan.item("db")).live.leftBehind).toEqual(["machine", "disks"]);
    await plan.run("commit");
    for (const { live } of await plan.items()) expect(live.leftBehind).toEqual([]);
  });

  test("P14 the chosen process server protects the machines from home again, and they can fail over again", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    await plan.run("failback");
    await plan.run("commit");
    const refused = await plan.refused("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-away" } });
    expect(refused.detail).toContain("ps-away"); // in this direction it is at home
    await plan.run("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-home" } });
    expect((await plan.item("db")).live.replication.state).toBe("replicating");
    await plan.run("planned-failover");
    expect(await plan.positions()).toEqual(["failed-over, primary-to-recovery, at away"]);
  });
});
