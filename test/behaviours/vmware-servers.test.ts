import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { type Change, link, machines, masterTargets, site } from "../support/estate-changes.js";
import { PROCESS_SERVER, REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf } from "../support/http-plan.js";
import { poll, RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "vmware-to-azure", change);
const asked = { datastoreId: "ssd", waitForAgent: "true" } as const;

describe.concurrent("the servers that a failback of VMware machines needs", { timeout: 120_000 }, () => {
  const missing = [
    ["failback-link", link({ kind: "internet" })],
    ["link-connected", link({ connected: false })],
    ["discovery-account", site("home", { vCenter: { id: "vcsa", accountRole: "read-only" } })],
    ["no-snapshots", machines({ snapshots: 2 })],
    ["process-server", site("away", { processServers: [] })],
    ["master-target", site("home", { masterTargets: [] })],
    [
      "configuration-server-knows",
      site("home", { configurationServer: { id: "config", forgotten: ["vm-db", "vm-app", "vm-web"] } }),
    ],
    ["configuration-server", ({ sites: [home] }: WorldInput) => delete home?.configurationServer],
  ] as const;

  test.for(missing)("V3 %s is checked before a reprotect", async ([code, spoil]) => {
    const plan = await load(spoil);
    await plan.failOverAndCommit();
    const { ready, errors, findings } = await plan.unmet("reprotect", asked);
    expect({ ready, errors }).toEqual({ ready: false, errors: [code] });
    for (const { why, fix } of findings) expect(Math.min(why.length, fix.length)).toBeGreaterThan(10);
    expect((await plan.refused("reprotect", REPROTECT)).code).toBe("prerequisites-failed");
  });

  test("V3 without a configuration server at home a failback is refused too, until it is there again", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    const params = { worldId: plan.worldId, siteId: "home" };
    await app.client.call(ROUTES.changeSite, { params, body: { configurationServer: null } });
    expect((await plan.unmet("failback")).errors).toEqual(["configuration-server"]);
    expect((await plan.refused("failback")).code).toBe("prerequisites-failed");
    const backup = { takenAt: "2026-01-01T00:00:00.000Z", forgotten: [] };
    const configurationServer = { id: "config", ip: "10.1.0.5", forgotten: [], backup, hostsDiscovered: true };
    await app.client.call(ROUTES.changeSite, { params, body: { configurationServer } });
    await plan.run("failback");
  });

  test("V3 a lost configuration server must be restored at its old address, or the machines do not find it", async () => {
    const backup = { takenAt: "2026-01-01T00:00:00.000Z", ip: "10.1.0.5" };
    const lost = { id: "config", ip: "10.1.0.5", forgotten: ["vm-db", "vm-app", "vm-web"], backup };
    const plan = await load(site("home", { configurationServer: lost }));
    const params = { worldId: plan.worldId, siteId: "home" };
    await plan.failOverAndCommit();
    expect((await plan.unmet("reprotect", asked)).errors).toEqual(["configuration-server-knows"]);

    const restore = (ip?: string) =>
      app.client.call(ROUTES.restoreConfigurationServer, { params, body: ip === undefined ? {} : { ip } });
    expect((await restore("10.1.0.77")).body).toMatchObject({ ip: "10.1.0.77", knownAt: "10.1.0.5", forgotten: [] });
    const { errors, findings } = await plan.unmet("reprotect", asked);
    expect(errors).toEqual(["configuration-server-address"]);
    expect(findings.find(({ severity }) => severity === "error")?.found).toContain("the machines use 10.1.0.5");

    await restore();
    expect((await plan.unmet("reprotect", asked)).ready).toBe(true);
    await plan.run("reprotect", REPROTECT);
  });

  test("V3 without a backup there is a warning and nothing to restore; a backup fixes both", async () => {
    const plan = await load(site("home", { configurationServer: { id: "config", ip: "10.1.0.5" } }));
    const params = { worldId: plan.worldId, siteId: "home" };
    await plan.failOverAndCommit();
    expect((await plan.unmet("reprotect", asked)).warnings).toEqual(["configuration-server-backup"]);
    const restore = () => app.client.call(ROUTES.restoreConfigurationServer, { params, body: {} });
    expect(await refusalOf(restore())).toMatchObject({ code: "not-found", status: 404 });
    const { body } = await app.client.call(ROUTES.backUpConfigurationServer, { params });
    expect(body.backup).toMatchObject({ ip: "10.1.0.5", forgotten: [] });
    expect((await plan.unmet("reprotect", asked)).warnings).toEqual([]);
    expect((await restore()).status).toBe(200);
    const nowhere = { params: { ...params, siteId: "away" } };
    expect((await refusalOf(app.client.call(ROUTES.backUpConfigurationServer, nowhere))).code).toBe("not-found");
  });

  test("V4 a process server must listen on 443 and 9443", async () => {
    const plan = await load(site("away", { processServers: [{ id: "ps-away", openPorts: [443] }] }));
    await plan.failOverAndCommit();
    const { errors, findings } = await plan.unmet("reprotect", asked);
    expect(errors).toEqual(["process-server-ports"]);
    expect(findings.find(({ code }) => code === "process-server-ports")?.found).toContain("9443");
  });

  test("V4 a process server gets a name, and an address of its own in a subnet of the machines' network", async () => {
    const plan = await load(
      site("away", { processServers: [{ id: "ps-old", networkId: "vnet-away", ip: "10.2.0.50" }] }),
    );
    const params = { worldId: plan.worldId, siteId: "away", processServerId: "ps-new" };
    const says = async (body: Partial<typeof PROCESS_SERVER> | object) => {
      const call = app.client.call(ROUTES.deployProcessServer, { params, body: { ...PROCESS_SERVER, ...body } });
      const { code, detail } = await refusalOf(call);
      return `${code}: ${detail}`;
    };
    expect(await says({ networkId: undefined })).toContain("invalid-input");
    expect(await says({ networkId: "lan" })).toContain("away has no network lan; it has vnet-away");
    expect(await says({ subnet: "gone" })).toContain("the network vnet-away has no subnet gone");
    expect(await says({ ip: "10.9.0.4" })).toContain("10.9.0.4 is not in subnet data");
    expect(await says({ ip: "10.2.0.1" })).toContain("reserved");
    expect(await says({ ip: "10.2.0.50" })).toContain("process server ps-old has the address 10.2.0.50");
    const body = { ...PROCESS_SERVER, name: "PS for failback" };
    const server = await poll(
      async () => (await app.client.call(ROUTES.deployProcessServer, { params, body })).body.server,
      (found) => found !== null,
    );
    expect(server).toEqual({ id: "ps-new", openPorts: [443, 9443], ...body });
  });

  test("V4 a process server in another network than the machines does not serve them", async () => {
    const plan = await load(site("away", { processServers: [{ id: "ps-far", networkId: "vnet-other" }] }));
    await plan.failOverAndCommit();
    expect((await plan.unmet("reprotect", asked)).errors).toEqual(["process-server-network"]);
    await plan.deployProcessServer("away", "ps-near");
    expect((await plan.unmet("reprotect", asked)).ready).toBe(true);
  });

  test("V4 deploying a process server needs the passphrase, which is stored nowhere", async () => {
    const [passphrase, wrong] = ["right horse, right stable", "wrong horse, wrong stable"];
    const passphraseHash = createHash("sha256").update(`config:${passphrase}`).digest("hex");
    const plan = await load(site("home", { configurationServer: { id: "config", passphraseHash } }));
    const params = { worldId: plan.worldId, siteId: "away", processServerId: "ps-new" };
    const deploy = (body: { passphrase?: string }) =>
      app.client.call(ROUTES.deployProcessServer, { params, body: { ...PROCESS_SERVER, ...body } });

    for (const body of [{}, { passphrase: wrong }]) {
      const problem = await refusalOf(deploy(body));
      expect(problem).toMatchObject({ status: 403, code: "passphrase-refused" });
      expect(JSON.stringify(problem)).not.toContain(wrong);
    }
    const begun = (await deploy({ passphrase })).body;
    expect(["deploying", "deployed"]).toContain(begun.state);
    const server = await poll(
      async () => (await deploy({ passphrase })).body.server,
      (found) => found !== null,
    );
    expect(server).toMatchObject({ id: "ps-new", openPorts: [443, 9443] });

    const rows = await app.dump();
    expect(rows).toContain("ps-new");
    const log = await app.log();
    expect(log).toContain(app.url); // it is the log of this host
    for (const secret of [passphrase, wrong]) expect(rows + log).not.toContain(secret);
  });

  test("V5 an additional Linux master target is installed, with disk.EnableUUID and SCSI ids of its own", async () => {
    const windows = { id: "mt-windows", osFamily: "windows", hostId: "esx-1", retentionDrive: "R:" } as const;
    const plan = await load(site("home", { masterTargets: [windows] }));
    await plan.failOverAndCommit();
    const params = { worldId: plan.worldId, siteId: "home", masterTargetId: "mt-linux" };
    const install = async (change: object) => {
      const linux = { osFamily: "linux", hostId: "esx-1", ip: "10.1.0.70", retentionDrive: "/mnt/retention" } as const;
      await app.client.call(ROUTES.installMasterTarget, { params, body: { ...linux, ...change } });
      return (await plan.unmet("reprotect", asked)).errors;
    };
    expect((await plan.unmet("reprotect", asked)).errors).toEqual(["master-target-system"]);
    expect(await install({ diskEnableUuid: false })).toEqual(["master-target-uuid"]);
    expect(await install({ scsiIds: ["2:0:0", "2:0:0"] })).toEqual(["master-target-scsi"]);
    expect((await refusalOf(install({ hostId: "esx-9" }))).code).toBe("world-invalid");
    expect(await install({ scsiIds: ["2:0:0", "2:0:1"] })).toEqual([]);
    await plan.run("reprotect", REPROTECT);
  });

  test("V5 each operating system needs a master target of its own; an additional one serves the others", async () => {
    const windows = { id: "mt-windows", osFamily: "windows", hostId: "esx-1", retentionDrive: "R:" } as const;
    const linux = { id: "mt-linux", osFamily: "linux", hostId: "esx-1", retentionDrive: "/mnt/retention" } as const;
    const only = await load(site("home", { masterTargets: [windows] }));
    const additional = await load(site("home", { masterTargets: [windows, linux] }));
    await Promise.all([only.failOverAndCommit(), additional.failOverAndCommit()]);
    const found = (await only.unmet("reprotect", asked)).findings.filter(({ severity }) => severity === "error");
    expect(found.map(({ code, itemId }) => [code, itemId])).toEqual([["master-target-system", "web"]]);
    expect((await additional.unmet("reprotect", asked)).ready).toBe(true);
    await additional.run("reprotect", REPROTECT);
  });

  test("V5 the disks of an additional Linux master target must have different SCSI ids", async () => {
    const withIds = (scsiIds: string[]) => (world: WorldInput) => {
      for (const target of world.sites[0]?.masterTargets ?? []) target.scsiIds = scsiIds;
    };
    const [same, different] = [await load(withIds(["2:0:0", "2:0:0"])), await load(withIds(["2:0:0", "2:0:1"]))];
    await Promise.all([same.failOverAndCommit(), different.failOverAndCommit()]);
    const { findings } = await same.unmet("reprotect", asked);
    const found = findings.filter(({ severity }) => severity === "error").map(({ code, itemId }) => [code, itemId]);
    expect(found).toEqual([["master-target-scsi", "web"]]); // a Windows master target needs none
    expect((await different.unmet("reprotect", asked)).ready).toBe(true);
  });

  test("V5 a Linux master target needs disk.EnableUUID", async () => {
    const plan = await load(masterTargets({ diskEnableUuid: false }));
    await plan.failOverAndCommit();
    const { findings } = await plan.unmet("reprotect", asked);
    const found = findings.filter(({ severity }) => severity === "error").map(({ code, itemId }) => [code, itemId]);
    expect(found).toEqual([["master-target-uuid", "web"]]);
  });
});
