import { Temporal } from "temporal-polyfill";
import { beforeAll, expect, test } from "vitest";
import type { Context } from "../../../src/commands/context.js";
import { startDueDrills } from "../../../src/commands/drills/start-due.js";
import { importWorld } from "../../../src/commands/import-world.js";
import { savePlan } from "../../../src/commands/plans.js";
import type { Drill } from "../../../src/domain/drills/drill.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock, smallPlan, smallWorld } from "../../support/worlds.js";

const PLANS = 50;
/** Two change their clocks, in opposite seasons and by different amounts, and one never does. */
const ZONES = ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Tokyo"];
const TICK_SECONDS = 300;
const DAY_SECONDS = 86_400;
const DAYS = 365;

interface Daily {
  planId: string;
  timeZone: string;
  hour: number;
  minute: number;
}

/** Some of them in the hour that is skipped or repeated when clocks change. */
const daily = Array.from({ length: PLANS }, (_, index): Daily => {
  const [hour, minute] = index % 5 === 0 ? [2, index % 10 === 0 ? 15 : 30] : [(index * 7) % 24, (index * 5) % 60];
  return { planId: `plan-${index}`, timeZone: ZONES[index % ZONES.length] ?? "UTC", hour, minute };
});

/** The moments at which a plan is due, as Temporal computes them. */
function dueMoments({ timeZone, hour, minute }: Daily, fromMs: number, untilMs: number): string[] {
  const first = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timeZone).toPlainDate();
  return Array.from({ length: DAYS + 3 }, (_, days) => first.add({ days: days - 1 }))
    .map((date) => date.toZonedDateTime({ timeZone, plainTime: { hour, minute } }).epochMilliseconds)
    .filter((ms) => ms > fromMs && ms <= untilMs)
    .map((ms) => new Date(ms).toISOString());
}

const clock = new ManualClock();
const recorded: Drill[] = [];
let context: Context;
let savedMs: number;

beforeAll(async () => {
  const services = servicesOver(createMemoryTables(), clock);
  const known = new Set<string>();
  const store: Context["store"] = {
    ...services.store,
    createDrill: async (drill) => {
      const created = !known.has(drill.drillId);
      known.add(drill.drillId);
      if (created) recorded.push(drill);
      return { drill, created };
    },
    listOpenDrills: async () => ({ entries: [] }),
  };
  context = { ...services, store };
  await importWorld(context, smallWorld(1));
  savedMs = clock.now();
  for (const { planId, timeZone, hour, minute } of daily) {
    const drill = { schedule: { cron: `0 ${minute} ${hour} * * *`, timeZone } };
    await savePlan(context, Plan.parse({ ...smallPlan(["item-1"]), id: planId, drill }), null, "planner");
  }
});

/** Whether no timer runs at a moment: the host is down for a day and a half, every seventy days. */
const isDown = (ms: number): boolean => ((ms - savedMs) / 1_000 / DAY_SECONDS) % 70 > 68.5;

test("in a year of daily drills of 50 plans over three zones, each due drill runs exactly once", async () => {
  const endMs = savedMs + DAYS * DAY_SECONDS * 1_000;
  for (let tick = 0; clock.now() < endMs; tick += 1) {
    clock.pass(TICK_SECONDS);
    if (!isDown(clock.now())) expect((await startDueDrills(context)).errors).toEqual([]);
    // Another process runs its timer too, and some clocks go back.
    if (tick % 97 === 0) await Promise.all([startDueDrills(context), startDueDrills(context)]);
    if (tick % 5_000 === 4_999) clock.pass(-3_600);
  }
  for (const plan of daily) {
    const own = recorded.filter(({ planId }) => planId === plan.planId);
    const ran = own.flatMap(({ trigger }) => (trigger.kind === "schedule" ? [trigger] : []));
    const due = dueMoments(plan, savedMs, Date.parse(ran.at(-1)?.dueAt ?? ""));
    const dueAt = ran.map((trigger) => trigger.dueAt);
    expect(new Set(dueAt).size).toBe(dueAt.length);
    expect(dueAt.filter((moment) => !due.includes(moment))).toEqual([]);
    // What did not run itself was missed, and a late one stands for it.
    const missed = ran.reduce((sum, trigger) => sum + trigger.missed, 0);
    expect(due.length - dueAt.length, plan.planId).toBe(missed);
    expect(ran.filter(({ late, missed: some }) => some > 0 && !late)).toEqual([]);
    const unexplained = due.filter((moment) => !dueAt.includes(moment) && !isDown(Date.parse(moment)));
    expect(unexplained).toEqual([]);
    expect(due.length).toBeGreaterThan(DAYS - 3);
  }
}, 60_000);
