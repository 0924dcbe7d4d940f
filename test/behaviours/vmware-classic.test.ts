import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import type { ItemCondition } from "../../src/domain/items/item-record.js";
import { type Change, grouped, hosts, link, machines, site } from "../support/estate-changes.js";
import { REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, reversalsOf, stepsNamed } from "../support/http-plan.js";
import { poll, RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const load = (change?: Change) => HttpPlan.load(app, "vmware-to-azure", change);
const asked = { datastoreId: "ssd", waitForAgent: "true" } as const;
const DISK_BYTES = 200_000_000_000;

const conditionsOf = async (plan: HttpPlan, itemId: string) =>
  (await plan.item(itemId)).conditions.map(({ type }) => type);

const mend = ({ worldId }: HttpPlan, itemId: string, type: ItemCondition["type"]) =>
  app.client.call(ROUTES.resolveCondition, { params: { worldId, itemId, type } });

/** The protection groups of the plan, each with its present items. */
async function groupsOf({ planId }: HttpPlan) {
  const { version, protectionGroups } = (await app.client.call(ROUTES.getPlan, { params: { planId } })).body;
  return { version, in: Object.fromEntries(protectionGroups.map(({ id, itemIds }) => [id, itemIds.join(" ")])) };
}

describe.concurrent("classic failback of VMware machines from Azure", { timeout: 120_000 }, () => {
  test("V1 a reprotect moves each machine to the failback group of its original one, in the same plan, and back", async () => {
    const plan = await load(grouped);
    const original = { policy: "db", "policy-failback": "", "policy.front": "app web", "policy.front-failback": "" };
    const failback = { policy: "", "policy-failback": "db", "policy.front": "", "policy.front-failback": "app web" };
    expect(await groupsOf(plan)).toEqual({ version: 1, in: original });

    await plan.failOverAndCommit();
    expect((await groupsOf(plan)).in).toEqual(original);
    await plan.attemptOn("db", "reprotect", REPROTECT);
    expect((await groupsOf(plan)).in).toEqual({ ...original, policy: "", "policy-failback": "db" });
    expect(await plan.item("db")).toMatchObject({
      protectionGroup: { id: "policy-failback", policyId: "policy-failback", failbackOf: "policy" },
      live: { policy: { id: "policy-failback", retentionDays: 1, rpoThresholdSeconds: 900 } },
    });

    const turned = await plan.run("reprotect", REPROTECT);
    const moved = turned.outcomes?.map(({ itemId, protectionGroupId }) => [itemId, protectionGroupId]);
    expect(moved?.slice(1)).toEqual(["app", "web"].map((itemId) => [itemId, "policy.front-failback"]));
    expect(await groupsOf(plan)).toEqual({ version: 1, in: failback });
    expect((await refusalOf(plan.attempt("reprotect", REPROTECT))).code).toBe("verb-not-allowed");
    expect((await groupsOf(plan)).in).toEqual(failback);

    await plan.run("failback");
    await plan.run("commit");
    expect((await groupsOf(plan)).in).toEqual(failback); // failed back, not reprotected yet
    await plan.run("reprotect", REPROTECT);
    expect(await groupsOf(plan)).toEqual({ version: 1, in: original });
    expect((await plan.item("web")).protectionGroup).toMatchObject({ id: "policy.front", failbackOf: null });
  });

  test("V2 where the original still exists only changes are transferred, and the report says how much", async () => {
    const plan = await load();
    await plan.failOverAndCommit();
    const turned = await plan.run("reprotect", REPROTECT);
    expect(reversalsOf(turned)).toEqual(Array(3).fill("deltas"));
    for (const { replicated } of turned.outcomes ?? []) {
      expect(replicated?.bytes).toBeGreaterThan(0);
      expect(replicated?.bytes).toBeLessThan(DISK_BYTES / 2);
    }
    expect(stepsNamed(turned, "reverse-replication")[0]?.detail).toMatch(/^deltas: [\d.]+ [kMG]B travelled$/);
  });

  test("V2 to an alternate location the whole machine is transferred, and a new one is created", async () => {
    const plan = await load();
    await plan.failOverAndCommit();
    const turned = await plan.run("reprotect", { reprotect: { ...REPROTECT.reprotect, location: "alternate" } });
    expect(turned.outcomes?.map(({ replicated }) => replicated?.bytes)).toEqual(Array(3).fill(DISK_BYTES));
    expect(turned.outcomes?.[0]?.replicated?.created).toContain("machine db");
  });

  const choices = ["latest-app-consistent", "latest-crash-consistent"] as const;

  test.for(choices)("V6 a group fails back to its %s point", async (kind) => {
    const plan = await load(grouped);
    await plan.failOverAndReprotect();
    const wanted = kind === "latest-app-consistent" ? "app-consistent" : "crash-consistent";
    await poll(
      () => Promise.all(["db", "app", "web"].map((itemId) => plan.pointsOf(itemId))),
      (answers) =>
        answers.every(({ points }) =>
          points.some(({ id, consistency }) => consistency === wanted && !/^made/.test(id)),
        ),
    );
    const back = await plan.run("failback", { recoveryPoint: { kind } });
    const [, app, web] = back.outcomes?.map(({ recoveryPoint }) => recoveryPoint) ?? [];
    expect(app).toEqual(web);
    expect(app).toMatchObject({ consistency: wanted, replicationGroupId: "front" });
  });

  test("V6 a machine of a group cannot fail back alone, and an unplanned plan uses the latest point", async () => {
    const plan = await load(grouped);
    await plan.failOverAndReprotect();
    const refused = await refusalOf(plan.attemptOn("app", "failback"));
    expect(refused).toMatchObject({ code: "replication-group", detail: expect.stringContaining("front") });
    expect((await refusalOf(plan.attempt("planned-failover"))).code).toBe("verb-not-allowed");
    const back = await plan.run("failback");
    expect(back.outcomes?.map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
  });

  test("V7 the Azure machines are shut down and then removed, and the machines are protected from home again", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    const back = await plan.run("failback");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await plan.items()).flatMap(({ conditions }) => conditions.map(({ type }) => type))).not.toContain(
      "split-brain",
    );
    await plan.run("commit");
    await plan.run("reprotect", REPROTECT);
    expect((await plan.items()).map(({ live }) => live.leftBehind)).toEqual(Array(3).fill([]));
    expect(await plan.positions()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("V8 with a read-only account the failover succeeds and the reprotect is refused", async () => {
    const plan = await load(site("home", { vCenter: { id: "vcsa", accountRole: "read-only" } }));
    expect(await conditionsOf(plan, "db")).toContain("read-only-account");
    await plan.failOverAndCommit();
    const { detail } = await plan.refused("reprotect", REPROTECT);
    expect(detail).toContain("datastores are not discovered");
  });

  test("V8 with a free licence the failover succeeds and the failback is refused", async () => {
    const plan = await load(hosts({ licence: "free" }));
    expect(await conditionsOf(plan, "db")).toContain("free-licence");
    await plan.failOverAndReprotect();
    expect(await plan.refused("failback")).toMatchObject({
      code: "prerequisites-failed",
      detail: expect.stringContaining("free licence"),
    });
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("V8 a Linux machine without its NetworkManager package is reported until somebody installs it", async () => {
    const plan = await load(machines({ networkManagerPackage: false }));
    await plan.failOverAndReprotect();
    expect((await plan.unmet("failback")).findings.find(({ code }) => code === "network-manager")?.itemId).toBe("web");
    await plan.run("failback");
    expect(await conditionsOf(plan, "web")).toContain("network-manager-lost");
    expect(await conditionsOf(plan, "db")).not.toContain("network-manager-lost");
    await mend(plan, "web", "network-manager-lost");
    expect(await conditionsOf(plan, "web")).not.toContain("network-manager-lost");
  });

  test("V8 a static address is DHCP after the failback, until somebody sets it", async () => {
    const plan = await load();
    await plan.failOverAndReprotect();
    await plan.run("failback");
    await plan.run("commit");
    await plan.run("reprotect", REPROTECT);
    expect(await conditionsOf(plan, "web")).toEqual(["address-is-dhcp"]); // no verb fixes it
    await mend(plan, "web", "address-is-dhcp");
    expect(await conditionsOf(plan, "web")).toEqual([]);
  });

  test("V9 machines fail back over VPN or ExpressRoute with private peering, but not over the internet", async () => {
    const overExpressRoute = await load(link({ kind: "expressroute", peerings: ["private"] }));
    const publicOnly = await load(link({ kind: "expressroute", peerings: ["public"] }));
    await Promise.all([overExpressRoute.failOverAndCommit(), publicOnly.failOverAndCommit()]);
    await overExpressRoute.run("reprotect", REPROTECT);
    expect((await publicOnly.unmet("reprotect", asked)).errors).toEqual(["failback-link"]);
  });

  test("V9 data for a public storage endpoint needs more than private peering", async () => {
    const peered = async (...peerings: ("private" | "public")[]) => {
      const plan = await load(link({ kind: "expressroute", peerings }));
      await plan.run("full-run", REPROTECT);
      await plan.run("failback");
      await plan.run("commit");
      return (await plan.unmet("reprotect", asked)).warnings;
    };
    expect(await peered("private")).toContain("storage-peering");
    expect(await peered("private", "public")).not.toContain("storage-peering");
  });
});
