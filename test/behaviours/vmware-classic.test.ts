import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import type { ItemCondition } from "../../src/domain/items/item-record.js";
import {
  grouped,
  hosts,
  link,
  machines,
  pointsOf,
  REPROTECT,
  refusalOf,
  site,
  stepsNamed,
  there,
  thereAndProtected,
  unmet,
  until,
} from "../support/estate-changes.js";
import { type Journey, turnsOf } from "../support/http-plan.js";
import { running } from "../support/running.js";

const { product, begin } = running("vmware-to-azure");
const asked = { datastoreId: "ssd", waitForAgent: "true" } as const;
const DISK_BYTES = 200_000_000_000;

const conditionsOf = async (journey: Journey, itemId: string) =>
  (await journey.item(itemId)).conditions.map(({ type }) => type);

const mend = ({ worldId }: Journey, itemId: string, type: ItemCondition["type"]) =>
  product().client.call(ROUTES.mendCondition, { params: { worldId, itemId, type } });

/** The protection groups that the plan's answer shows, each with the items in it now. */
async function groupsOf({ planId }: Journey) {
  const { version, protectionGroups } = (await product().client.call(ROUTES.getPlan, { params: { planId } })).body;
  return { version, in: Object.fromEntries(protectionGroups.map(({ id, itemIds }) => [id, itemIds.join(" ")])) };
}

describe.concurrent("VMware from Azure, the classic way", { timeout: 120_000 }, () => {
  test("V1 a reprotect moves each machine to the failback group of its original one, in the same plan, and back", async () => {
    const journey = await begin(grouped);
    const original = { policy: "db", "policy-failback": "", "policy.front": "app web", "policy.front-failback": "" };
    const failback = { policy: "", "policy-failback": "db", "policy.front": "", "policy.front-failback": "app web" };
    expect(await groupsOf(journey)).toEqual({ version: 1, in: original });

    await there(journey);
    expect((await groupsOf(journey)).in).toEqual(original);
    await journey.runOn("db", "reprotect", REPROTECT);
    expect((await groupsOf(journey)).in).toEqual({ ...original, policy: "", "policy-failback": "db" });
    expect(await journey.item("db")).toMatchObject({
      protectionGroup: { id: "policy-failback", policyId: "policy-failback", failbackOf: "policy" },
      standing: { policy: { id: "policy-failback", retentionDays: 1, rpoThresholdSeconds: 900 } },
    });

    const turned = await journey.does("reprotect", REPROTECT);
    const moved = turned.outcomes?.map(({ itemId, protectionGroupId }) => [itemId, protectionGroupId]);
    expect(moved?.slice(1)).toEqual(["app", "web"].map((itemId) => [itemId, "policy.front-failback"]));
    expect(await groupsOf(journey)).toEqual({ version: 1, in: failback });
    expect((await refusalOf(journey.run("reprotect", REPROTECT))).code).toBe("verb-not-allowed");
    expect((await groupsOf(journey)).in).toEqual(failback);

    await journey.does("failback");
    await journey.does("commit");
    expect((await groupsOf(journey)).in).toEqual(failback); // home, and not yet protected from there
    await journey.does("reprotect", REPROTECT);
    expect(await groupsOf(journey)).toEqual({ version: 1, in: original });
    expect((await journey.item("web")).protectionGroup).toMatchObject({ id: "policy.front", failbackOf: null });
  });

  test("V2 where the original is still there only changes travel, and the report says how much", async () => {
    const journey = await begin();
    await there(journey);
    const turned = await journey.does("reprotect", REPROTECT);
    expect(turnsOf(turned)).toEqual(Array(3).fill("deltas"));
    for (const { replicated } of turned.outcomes ?? []) {
      expect(replicated?.bytes).toBeGreaterThan(0);
      expect(replicated?.bytes).toBeLessThan(DISK_BYTES / 2);
    }
    expect(stepsNamed(turned, "reverse-replication")[0]?.detail).toMatch(/^deltas: [\d.]+ MB travelled$/);
  });

  test("V2 to another location the whole machine travels, and is made anew", async () => {
    const journey = await begin();
    await there(journey);
    const turned = await journey.does("reprotect", { reprotect: { ...REPROTECT.reprotect, location: "alternate" } });
    expect(turned.outcomes?.map(({ replicated }) => replicated?.bytes)).toEqual(Array(3).fill(DISK_BYTES));
    expect(turned.outcomes?.[0]?.replicated?.created).toContain("machine db");
  });

  const choices = ["latest-app-consistent", "latest-crash-consistent"] as const;

  test.for(choices)("V6 a group goes home from its %s point", async (kind) => {
    const journey = await begin(grouped);
    await thereAndProtected(journey);
    const wanted = kind === "latest-app-consistent" ? "app-consistent" : "crash-consistent";
    await until(
      () => Promise.all(["db", "app", "web"].map((itemId) => pointsOf(journey, itemId))),
      (answers) =>
        answers.every(({ points }) =>
          points.some(({ id, consistency }) => consistency === wanted && !/^made/.test(id)),
        ),
    );
    const back = await journey.does("failback", { recoveryPoint: { kind } });
    const [, app, web] = back.outcomes?.map(({ recoveryPoint }) => recoveryPoint) ?? [];
    expect(app).toEqual(web);
    expect(app).toMatchObject({ consistency: wanted, replicationGroupId: "front" });
  });

  test("V6 a machine of a group does not go home alone, and a plan goes unplanned from latest", async () => {
    const journey = await begin(grouped);
    await thereAndProtected(journey);
    const refused = await refusalOf(journey.runOn("app", "failback"));
    expect(refused).toMatchObject({ code: "verb-not-allowed", detail: expect.stringContaining("front") });
    expect((await refusalOf(journey.run("planned-failover"))).code).toBe("verb-not-allowed");
    const back = await journey.does("failback");
    expect(back.outcomes?.map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
  });

  test("V7 the Azure machines are off and then removed, and the machines protected from home again", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    const back = await journey.does("failback");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await journey.items()).flatMap(({ conditions }) => conditions.map(({ type }) => type))).not.toContain(
      "split-brain",
    );
    await journey.does("commit");
    await journey.does("reprotect", REPROTECT);
    expect((await journey.items()).map(({ standing }) => standing.leftBehind)).toEqual(Array(3).fill([]));
    expect(await journey.where()).toEqual(["protected, primary-to-recovery, at home"]);
  });

  test("V8 with a read-only account the failover works, and the reprotect is refused", async () => {
    const journey = await begin(site("home", { vCenter: { id: "vcsa", accountRole: "read-only" } }));
    expect(await conditionsOf(journey, "db")).toContain("read-only-account");
    await there(journey);
    const { failure } = await journey.run("reprotect", REPROTECT);
    expect(failure?.message).toContain("datastores are not discovered");
  });

  test("V8 with a free licence the failover works, and the failback is refused", async () => {
    const journey = await begin(hosts({ licence: "free" }));
    expect(await conditionsOf(journey, "db")).toContain("free-licence");
    await thereAndProtected(journey);
    const { failure } = await journey.run("failback");
    expect(failure).toMatchObject({
      code: "prerequisites-failed",
      message: expect.stringContaining("free licence"),
    });
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("V8 a Linux machine without its NetworkManager package is told until somebody installs it", async () => {
    const journey = await begin(machines({ networkManagerPackage: false }));
    await thereAndProtected(journey);
    expect((await unmet(journey, "failback")).findings.find(({ code }) => code === "network-manager")?.itemId).toBe(
      "web",
    );
    await journey.does("failback");
    expect(await conditionsOf(journey, "web")).toContain("network-manager-lost");
    expect(await conditionsOf(journey, "db")).not.toContain("network-manager-lost");
    await mend(journey, "web", "network-manager-lost");
    expect(await conditionsOf(journey, "web")).not.toContain("network-manager-lost");
  });

  test("V8 a static address is DHCP after the way home, and stays so until somebody sets it", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    await journey.does("failback");
    await journey.does("commit");
    await journey.does("reprotect", REPROTECT);
    expect(await conditionsOf(journey, "web")).toEqual(["address-is-dhcp"]); // no verb mends it
    await mend(journey, "web", "address-is-dhcp");
    expect(await conditionsOf(journey, "web")).toEqual([]);
  });

  test("V9 over VPN, or ExpressRoute with private peering, machines come home; over the internet they do not", async () => {
    const overExpressRoute = await begin(link({ kind: "expressroute", peerings: ["private"] }));
    const publicOnly = await begin(link({ kind: "expressroute", peerings: ["public"] }));
    await Promise.all([there(overExpressRoute), there(publicOnly)]);
    await overExpressRoute.does("reprotect", REPROTECT);
    expect((await unmet(publicOnly, "reprotect", asked)).errors).toEqual(["failback-link"]);
  });

  test("V9 data for a public storage endpoint needs more than private peering", async () => {
    const peered = async (...peerings: ("private" | "public")[]) => {
      const journey = await begin(link({ kind: "expressroute", peerings }));
      await journey.does("full-run");
      await journey.does("failback");
      await journey.does("commit");
      return (await unmet(journey, "reprotect", asked)).warnings;
    };
    expect(await peered("private")).toContain("storage-peering");
    expect(await peered("private", "public")).not.toContain("storage-peering");
  });
});
