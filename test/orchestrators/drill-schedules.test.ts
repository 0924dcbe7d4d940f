import { describe, expect } from "vitest";
import { startDueDrills } from "../../src/commands/drills/start-due.js";
import { DrillPolicy } from "../../src/domain/drills/policy.js";
import { testInBothReplays } from "../support/both-replays.js";
import { concluded, drillsOf, executionsOf, passWithTimer, withPolicy } from "../support/drills.js";

const HOUR = 3_600_000;
const hourly = { cron: "0 0 * * * *", timeZone: "Europe/Amsterdam" };

describe("a schedule", () => {
  testInBothReplays("starts a drill at its minute, once, which passes", async (app) => {
    await withPolicy(app, { schedule: hourly });
    const [drillId = ""] = await passWithTimer(app, 65);
    const drill = await concluded(app, drillId);
    expect(drill.verdict.because).toEqual([]);
    expect(drill.trigger).toMatchObject({ kind: "schedule", ...hourly, late: false, missed: 0 });
    const [test] = (await executionsOf(app)).slice(-1);
    expect(test).toMatchObject({ verb: "test-failover", requestedBy: `drill ${drillId}` });
    expect(await drillsOf(app)).toHaveLength(1);
  });

  testInBothReplays("that was missed for hours runs once, late, and counts what it stands for", async (app) => {
    await withPolicy(app, { schedule: hourly });
    await app.pass(5.5 * HOUR);
    await Promise.all([1, 2, 3].map(() => startDueDrills(app.context)));
    const [drill, ...others] = await drillsOf(app);
    expect(others).toEqual([]);
    expect(drill?.trigger).toMatchObject({ late: true, missed: expect.any(Number) });
    expect(drill?.trigger.kind === "schedule" && drill.trigger.missed).toBeGreaterThanOrEqual(4);
  });

  testInBothReplays("starts nothing in a blackout, and says so", async (app) => {
    const always = { kind: "dates" as const, from: "1970-01-01", until: "9999-12-31", reason: "year-end closing" };
    await withPolicy(app, { schedule: hourly, blackout: [always] });
    const [drillId = ""] = await passWithTimer(app, 61);
    const { verdict } = await concluded(app, drillId);
    expect(verdict).toMatchObject({ result: "not-run", because: ["there is a blackout: year-end closing"] });
    expect(await executionsOf(app)).toEqual([]);
  });

  testInBothReplays("that is taken out of the plan, or whose plan is removed, starts nothing more", async (app) => {
    await withPolicy(app, { schedule: hourly });
    await app.changePlan(({ drill: _drill, ...plan }) => plan);
    expect(await passWithTimer(app, 130)).toEqual([]);
    await withPolicy(app, { schedule: hourly });
    const known = await app.context.store.getPlan(app.planId);
    await app.context.store.removePlan(app.planId, known?.etag ?? null);
    expect(await passWithTimer(app, 70)).toEqual([]);
  });

  testInBothReplays("counts from when it was saved, and survives other edits of its plan", async (app) => {
    await app.pass(3 * HOUR);
    await withPolicy(app, { schedule: hourly });
    expect(await passWithTimer(app, 1)).toHaveLength(0);
    await app.pass(HOUR);
    await app.changePlan((plan) => ({ ...plan, description: "edited while a drill was due" }));
    expect(await passWithTimer(app, 1)).toHaveLength(1);
  });

  testInBothReplays("is not lost when the save of its plan dies after the timer was told", async (app) => {
    const { store } = app.context;
    const dying = { ...store, putPlanSchedule: store.putPlanSchedule };
    let writes = 0;
    dying.putPlanSchedule = (schedule, etag) => {
      writes += 1;
      return writes > 1 ? Promise.reject(new Error("power cut")) : store.putPlanSchedule(schedule, etag);
    };
    const broken = { ...app, context: { ...app.context, store: dying }, planId: app.planId };
    await expect(
      app.changePlan.call(broken as typeof app, (plan) => ({
        ...plan,
        drill: DrillPolicy.parse({ schedule: hourly }),
      })),
    ).rejects.toThrow("power cut");
    expect(await passWithTimer(app, 61)).toHaveLength(1);
  });
});
