import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { all, type Change } from "../support/estate-changes.js";
import { REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
const outwards = { direction: "primary-to-recovery", from: "home", to: "away" } as const;
const homewards = { direction: "recovery-to-primary", from: "away", to: "home" } as const;

/** A second region, to which one of the machines goes. */
const elsewhere: Change = (world) => {
  const away = world.sites.find(({ id }) => id === "away");
  if (away === undefined) throw new Error("the estate has no second site");
  world.sites.push({ ...away, id: "far", name: "far" });
  world.links?.push({ id: "line-far", kind: "vpn", between: ["home", "far"], bandwidthMbps: 1_000 });
  for (const item of world.items ?? []) if (item.id === "web") item.targetSiteId = "far";
};

describe.concurrent("direction and locations are confirmed", { timeout: 120_000 }, () => {
  const asked = async (plan: HttpPlan, verb: Parameters<HttpPlan["run"]>[0]) => {
    const call = { params: { planId: plan.planId }, query: { verb } };
    return (await app.client.call(ROUTES.planPrerequisites, call)).body.confirm;
  };

  test("P13 H6 what the prerequisites show, sent back, is a confirmation that matches, there and back", async () => {
    const plan = await HttpPlan.load(app, "hyperv-to-hyperv");
    expect(await asked(plan, "planned-failover")).toEqual({ ...outwards, from: ["home"], to: ["away"] });
    for (const verb of ["planned-failover", "commit", "reprotect", "failback"] as const) {
      const confirm = await asked(plan, verb);
      await plan.run(verb, confirm === null ? {} : { confirm });
    }
    expect(await asked(plan, "commit")).toBeNull();
    expect(await plan.positions()).toEqual(["failed-over, recovery-to-primary, at home"]);
  });

  test("P13 H6 a confirmed direction or location that is not what would happen refuses the start, and says what would", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.failOverAndReprotect();
    const before = await executionsOf(plan);
    const refused = await refusalOf(plan.attempt("failback", { confirm: outwards }));
    expect(refused).toMatchObject({ status: 409, code: "confirmation-mismatch" });
    expect(refused.detail).toContain("failback would go recovery-to-primary from away to home");
    const elsewhereTo = await refusalOf(plan.attemptOn("db", "failback", { confirm: { ...homewards, to: "annex" } }));
    expect(elsewhereTo.detail).toContain("confirmed was recovery-to-primary from away to annex");
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
    expect(await executionsOf(plan)).toBe(before);

    const back = await plan.run("failback", { confirm: homewards });
    expect(back.options.confirm).toEqual(homewards);
    await plan.run("commit");
    expect((await refusalOf(plan.attempt("reprotect", { ...REPROTECT, confirm: homewards }))).code).toBe(
      "confirmation-mismatch",
    );
    await plan.run("reprotect", { ...REPROTECT, confirm: outwards });
  });

  test("H6 the locations of a plan over several sites are confirmed together", async () => {
    const plan = await HttpPlan.load(app, "hyperv-to-hyperv", all(elsewhere));
    const refused = await refusalOf(plan.attempt("planned-failover", { confirm: outwards }));
    expect(refused.detail).toContain("from home to away, far");
    const confirm = { direction: "primary-to-recovery", from: "home", to: ["far", "away"] } as const;
    await plan.run("planned-failover", { confirm: { ...confirm, to: [...confirm.to] } });
  });
});

async function executionsOf({ worldId }: HttpPlan): Promise<number> {
  const { entries } = (await app.client.call(ROUTES.listExecutions, { params: {}, query: { limit: 100 } })).body;
  return entries.filter((execution) => execution.worldId === worldId).length;
}
