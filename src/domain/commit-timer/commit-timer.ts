import { z } from "zod";
import { Probe } from "../plans/probes.js";
import { Guid, Id, Instant, Name, Text } from "../text.js";
import type { Verb } from "../vocabulary.js";

/** The longest wait: thirty days of real time. */
export const MAX_TIMER_MINUTES = 43_200;

/** What happens at the end: the failover is committed, rolled back, or the machines decide. */
export const TimerAct = z.enum(["commit", "roll-back", "probes"]);
export type TimerAct = z.infer<typeof TimerAct>;

/** A plan's commit timer: what happens to a failover that nobody commits or cancels in time. */
export const CommitTimer = z.strictObject({
  afterMinutes: z
    .number()
    .min(0.01)
    .max(MAX_TIMER_MINUTES)
    .describe("real minutes from the end of the failover; fractions are allowed"),
  onExpiry: TimerAct.describe("`probes`: commit if every machine answers all probes, otherwise roll back"),
  probes: z
    .array(Probe)
    .max(20)
    .optional()
    .describe("what every machine must answer beside the probes of its item; for `probes` only"),
  warnMinutesBefore: z
    .array(z.number().positive().max(MAX_TIMER_MINUTES))
    .max(10)
    .default([])
    .describe("real minutes before the end at which the addresses of the plan are warned"),
});
export type CommitTimer = z.infer<typeof CommitTimer>;

/** The verbs after which items await their commit. */
export const TIMED_VERBS: ReadonlySet<Verb> = new Set([
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "promote-test",
]);

/** The verbs that a timer starts. */
const TimerVerb = z.enum(["commit", "cancel-failover"]);
export type TimerVerb = z.infer<typeof TimerVerb>;

/** What the timer is about to do, written before it does it: from here on nobody can stop it. */
const TimerDecision = z.strictObject({
  verb: TimerVerb,
  itemIds: z.array(Id).min(1).max(2_000),
  because: Text,
  at: Instant,
});

/** How a timer ended. `taken-over`: somebody acted on the items first. `refused` and `undecided`: nothing was done. */
export const TimerEnd = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("cancelled"), at: Instant, by: Name, reason: Text.optional() }),
  z.strictObject({ kind: z.literal("taken-over"), at: Instant, because: Text }),
  z.strictObject({ kind: z.literal("started"), at: Instant, verb: TimerVerb, executionId: Guid, because: Text }),
  z.strictObject({ kind: z.literal("refused"), at: Instant, verb: TimerVerb, code: z.string(), because: Text }),
  z.strictObject({ kind: z.literal("undecided"), at: Instant, because: Text }),
]);
export type TimerEnd = z.infer<typeof TimerEnd>;

/** The most extensions that a record keeps, the newest. */
export const MAX_EXTENSIONS = 50;

/** The commit timer of an ended failover, as its record keeps it. */
export const RunningTimer = z.strictObject({
  since: Instant,
  until: Instant,
  onExpiry: TimerAct,
  extensions: z
    .array(z.strictObject({ until: Instant, by: Name, at: Instant, reason: Text.optional() }))
    .max(MAX_EXTENSIONS)
    .optional(),
  decided: TimerDecision.optional(),
  end: TimerEnd.optional(),
});
export type RunningTimer = z.infer<typeof RunningTimer>;
