import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import {
  all,
  datastore,
  masterTargets,
  REPROTECT,
  refusalOf,
  site,
  stepsNamed,
  there,
  thereAndProtected,
  unmet,
} from "../support/estate-changes.js";
import { Journey, turnsOf } from "../support/http-plan.js";
import { running } from "../support/running.js";

const { product, begin } = running("physical-to-azure");

describe.concurrent("physical servers on their way home", { timeout: 120_000 }, () => {
  test("P9 without a process server in Azure nothing goes home; once one is deployed, it does", async () => {
    const journey = await begin(site("away", { processServers: [] }));
    await there(journey);
    const refused = await journey.run("reprotect", REPROTECT);
    expect(refused.failure?.message).toContain("away has no process server");
    const params = { worldId: journey.worldId, siteId: "away", processServerId: "ps-new" };
    await product().client.call(ROUTES.deployProcessServer, { params });
    await journey.does("reprotect", REPROTECT);
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("P9 over ExpressRoute the one at home serves, with a warning that it is for tests", async () => {
    const none = site("away", { processServers: [] });
    const journey = await begin(all(none, ({ links = [] }) => Object.assign(links[0] ?? {}, { kind: "expressroute" })));
    await there(journey);
    const found = await unmet(journey, "reprotect", { datastoreId: "ssd", waitForAgent: "true" });
    expect(found).toMatchObject({ ready: true, errors: [] });
    expect(found.warnings).toContain("process-server-place");
    const byVpn = await unmet(await begin(none), "reprotect", { datastoreId: "ssd" });
    expect(byVpn).toMatchObject({ ready: false, errors: expect.arrayContaining(["process-server"]) });
  });

  const misplaced = [
    ["datastore-reach", all(datastore("slow"), masterTargets({ datastoreIds: ["slow"] }))],
    ["master-target-vmotion", masterTargets({ storageVMotion: true })],
    ["hosts-discovered", site("home", { configurationServer: { id: "config", hostsDiscovered: false } })],
  ] as const;

  test.for(misplaced)("P10 %s keeps the machines from being reprotected", async ([code, spoil]) => {
    const journey = await begin(spoil);
    await there(journey);
    const { ready, errors } = await unmet(journey, "reprotect", { datastoreId: "ssd", waitForAgent: "true" });
    expect({ ready, errors }).toEqual({ ready: false, errors: [code] }); // all else is well
    expect((await journey.run("reprotect", REPROTECT)).failure?.code).toBe("prerequisites-failed");
  });

  test("P10 from an unmanaged ESXi host, and to another location, a new VM is made at the master target's host", async () => {
    const unmanaged = await Journey.begin(product(), "vmware-to-azure", ({ sites: [home] }) => {
      Object.assign(home?.hosts?.[1] ?? {}, { managed: false });
    });
    const elsewhere = await Journey.begin(product(), "vmware-to-azure");
    await Promise.all([there(unmanaged), there(elsewhere)]);
    expect((await elsewhere.item("db")).standing.machine.hostId).toBe("esx-2");
    const turned = await unmanaged.does("reprotect", REPROTECT);
    const moved = await elsewhere.does("reprotect", { reprotect: { ...REPROTECT.reprotect, location: "alternate" } });
    expect([turnsOf(turned), turnsOf(moved)]).toEqual([Array(3).fill("full"), Array(3).fill("full")]);
    for (const { standing } of [...(await unmanaged.items()), ...(await elsewhere.items())]) {
      expect(standing.machine.hostId).toBe("esx-1");
    }
  });

  test("P11 what a reprotect is told is used, and what is not there is refused", async () => {
    const journey = await begin();
    await there(journey);
    const asked = { ...REPROTECT.reprotect, masterTargetId: "mt-windows", processServerId: "ps-away" };
    const says = async (reprotect: Record<string, unknown>) => {
      const { failure, outcomes } = await journey.runOn("db", "reprotect", { reprotect: { ...asked, ...reprotect } });
      return `${failure?.message} ${outcomes?.[0]?.failure?.message}`;
    };
    expect(await says({ masterTargetId: "mt-gone" })).toContain("mt-gone");
    expect(await says({ processServerId: "ps-gone" })).toContain("ps-gone");
    expect(await says({ datastoreId: "gone" })).toContain("gone");
    expect(await says({ datastoreId: undefined })).toContain("datastore must be given");
    expect(await says({ retentionDrive: "Z:" })).toContain("not Z:");
    expect((await journey.runOn("db", "reprotect", { reprotect: { ...asked, retentionDrive: "R:" } })).status).toBe(
      "succeeded",
    );
    expect((await journey.item("db")).standing.machine.datastoreId).toBe("ssd");
  });

  test("P11 that a datastore must be given is told before anything starts", async () => {
    const journey = await begin();
    await there(journey);
    const { ready, errors } = await unmet(journey, "reprotect", { waitForAgent: "true" });
    expect({ ready, errors }).toEqual({ ready: false, errors: ["datastore"] });
    expect((await unmet(journey, "reprotect", { waitForAgent: "true", datastoreId: "ssd" })).ready).toBe(true);
  });

  test("P11 where the disks still exist, the datastore named is ignored", async () => {
    const journey = await Journey.begin(product(), "vmware-to-azure", datastore("slow"));
    await there(journey);
    await journey.does("reprotect", { reprotect: { waitForAgent: true, datastoreId: "slow" } });
    expect((await journey.items()).map(({ standing }) => standing.machine.datastoreId)).toEqual(Array(3).fill("ssd"));
  });

  test("P12 the failback policy is the same whatever the replication policy says", async () => {
    const own = { rpoThresholdSeconds: 300, appConsistentMinutes: 240, retentionDays: 7 } as const;
    const journey = await begin((world) => {
      world.policies = [{ id: "policy", ...own }];
    });
    const made = {
      rpoThresholdSeconds: 900,
      retentionDays: 1,
      appConsistentMinutes: 60,
      configurationServerId: "config",
    };
    const before = (await journey.item("db")).standing;
    expect(before).toMatchObject({ policy: own, failbackPolicy: made });
    await thereAndProtected(journey);
    const { policy, failbackPolicy } = (await journey.item("db")).standing;
    const { configurationServerId: _bound, ...inForce } = made;
    expect({ policy, failbackPolicy }).toMatchObject({ policy: inForce, failbackPolicy: made });
  });

  test("P13 home by an unplanned failover from Azure, whose machines are shut down, and removed by the commit", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    expect((await refusalOf(journey.run("planned-failover"))).code).toBe("verb-not-allowed");
    const back = await journey.does("failback");
    expect(back.direction).toBe("recovery-to-primary");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await journey.item("db")).standing.leftBehind).toEqual(["machine", "disks"]);
    await journey.does("commit");
    for (const { standing } of await journey.items()) expect(standing.leftBehind).toEqual([]);
  });

  test("P14 protected from home again by the process server chosen, and able to fail over again", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    await journey.does("failback");
    await journey.does("commit");
    const refused = await journey.run("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-away" } });
    expect(refused.failure?.message).toContain("ps-away"); // on this way it stands at home
    await journey.does("reprotect", { reprotect: { waitForAgent: true, processServerId: "ps-home" } });
    expect((await journey.item("db")).standing.replication.state).toBe("replicating");
    await journey.does("planned-failover");
    expect(await journey.where()).toEqual(["failed-over, primary-to-recovery, at away"]);
  });
});
