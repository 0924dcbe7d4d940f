import { z } from "zod";
import { Probe } from "../plans/probes.js";
import { Schedule } from "../schedule/schedule.js";
import { wallTimeOf } from "../schedule/time-zone.js";
import { Id, Name, Text } from "../text.js";
import { Direction } from "../vocabulary.js";
import { FailureDrill } from "./failure-drill.js";

/** Two weeks: after that Azure Site Recovery, too, takes a test for forgotten. */
export const DEFAULT_LIFE_MINUTES = 20_160;

const LocalTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "use hh:mm")
  .describe("local time in the zone of the schedule");
const Weekday = z.enum(["sun", "mon", "tue", "wed", "thu", "fri", "sat"]);

/** When no drill begins, in the zone of the schedule. */
export const Blackout = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("dates"),
      from: z.iso.date(),
      until: z.iso.date().describe("the last day, which belongs to it"),
      reason: Text,
    })
    .refine(({ from, until }) => from <= until, { path: ["until"], message: "it ends before it begins" }),
  z.strictObject({
    kind: z.literal("weekly"),
    weekdays: z.array(Weekday).min(1).max(7),
    from: LocalTime,
    until: LocalTime.describe("a time before `from` is on the next day"),
    reason: Text,
  }),
]);
type Blackout = z.infer<typeof Blackout>;

/** How a plan is rehearsed, and what proves that it would work. */
const Policy = z.strictObject({
  schedule: Schedule.optional().describe("when drills begin by themselves; without it only people start them"),
  blackout: z.array(Blackout).max(50).default([]),
  testNetworkId: Id.optional().describe("the isolated network of the test; by default one is made and removed with it"),
  rehearse: z
    .array(Direction)
    .min(1)
    .max(2)
    .default(["primary-to-recovery"])
    .describe("the directions that have to be rehearsed; a drill tests the one in which its items stand"),
  holdMinutes: z
    .number()
    .min(0)
    .max(10_080)
    .default(0)
    .describe("real minutes that the copies run before they are checked and removed; fractions are allowed"),
  checks: z
    .array(z.strictObject({ itemId: Id, probes: z.array(Probe).min(1).max(20) }))
    .max(2_000)
    .default([])
    .describe("what the copies must answer after that time, beside the probes of the plan"),
  passCriteria: z
    .strictObject({
      recoveryTime: z.boolean().default(true).describe("the plan's RTO for a test failover must be met, if it has one"),
      dataLoss: z.boolean().default(true).describe("the plan's RPO for a test failover must be met, if it has one"),
    })
    .prefault({}),
  failureDrills: z
    .array(FailureDrill)
    .max(50)
    .default([])
    .describe("faults to rehearse with, each with what is expected; people start them by their ids"),
  timeToLiveMinutes: z
    .number()
    .min(1)
    .max(525_600)
    .default(DEFAULT_LIFE_MINUTES)
    .describe("real minutes after which a test that nobody cleaned up is removed by force"),
  overdueAfterDays: z
    .number()
    .min(0.01)
    .max(3_660)
    .default(184)
    .describe("real days after the last drill that passed, from which on the plan counts as overdue"),
  reviewers: z.array(Name).max(20).default([]).describe("who looks at the verdicts"),
});

export const DrillPolicy = Policy.refine(({ holdMinutes, timeToLiveMinutes }) => holdMinutes < timeToLiveMinutes, {
  path: ["holdMinutes"],
  message: "the copies would be removed as forgotten before they are checked",
});
export type DrillPolicy = z.infer<typeof DrillPolicy>;

const WEEKDAYS = Weekday.options;
const DAY_MS = 86_400_000;

/** Why no drill begins at a moment; null if one may. */
export function blackoutAt({ blackout, schedule }: DrillPolicy, ms: number): string | null {
  const wall = wallTimeOf(schedule?.timeZone ?? "UTC", ms);
  return blackout.find((window) => covers(window, wall))?.reason ?? null;
}

function covers(window: Blackout, wall: number): boolean {
  const [date, time] = [dateOf(wall), new Date(wall).toISOString().slice(11, 16)];
  if (window.kind === "dates") return window.from <= date && date <= window.until;
  const { from, until } = window;
  const on = (day: number) => window.weekdays.includes(WEEKDAYS[new Date(day).getUTCDay()] ?? "sun");
  if (from < until) return on(wall) && from <= time && time < until;
  return (on(wall) && from <= time) || (on(wall - DAY_MS) && time < until);
}

const dateOf = (wall: number): string => new Date(wall).toISOString().slice(0, 10);
