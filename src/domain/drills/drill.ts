import { z } from "zod";
import { Failure, Outcome } from "../execution.js";
import { CopySnapshot } from "../items/snapshot.js";
import { Measure } from "../plans/measures.js";
import { Guid, Id, Instant, MAX_HEADER_CHARACTERS, Name, Text } from "../text.js";
import { Direction, ExecutionStatus, ItemState } from "../vocabulary.js";
import { SizeClass, Timing } from "./prediction.js";

const MAX_ITEMS = 2_000;
const MAX_LINES = 200;

/** Why a drill began. `late`: it was missed at its time; `missed`: earlier ones that it stands for as well. */
export const DrillTrigger = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("schedule"),
    dueAt: Instant,
    cron: z.string(),
    timeZone: z.string(),
    tzdata: z.string().describe("the version of the time zone tables by which the moment was computed"),
    late: z.boolean(),
    missed: z.int().min(0),
  }),
  z.strictObject({
    kind: z.literal("request"),
    by: Name,
    idempotencyKey: z.string().min(1).max(MAX_HEADER_CHARACTERS),
  }),
]);
export type DrillTrigger = z.infer<typeof DrillTrigger>;

/** What a drill must leave as it is, of one machine. */
export const ProductionFacts = z.strictObject({
  itemId: Id,
  state: ItemState,
  direction: Direction,
  epoch: z.int().min(0),
  source: CopySnapshot,
  replica: CopySnapshot,
  replication: z.enum(["replicating", "stopped"]),
  /** The hash of what the machine is, its policy and its target settings. */
  fingerprint: z.string(),
  /** The number of the last operation in the ledger of its estate. */
  ledger: z.int().min(0),
  size: SizeClass,
});
export type ProductionFacts = z.infer<typeof ProductionFacts>;

/** One of the two executions of a drill. `refused`: it did not start. */
const Part = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("started"), executionId: Guid, at: Instant }),
  z.strictObject({ kind: z.literal("refused"), at: Instant, failure: Failure }),
  z.strictObject({ kind: z.literal("not-needed"), at: Instant, because: Text }),
]);

/** `planned`: it is about to start, for these items. What it started is found again by that. */
const CleanUp = z.discriminatedUnion("kind", [
  ...Part.options,
  z.strictObject({ kind: z.literal("planned"), at: Instant, itemIds: z.array(Id).min(1).max(MAX_ITEMS) }),
]);

export const DrilledItem = z.strictObject({
  itemId: Id,
  groupId: Id,
  drilled: z.boolean(),
  outcome: Outcome.or(z.enum(["untouched"])),
  because: Text.nullable(),
});
export type DrilledItem = z.infer<typeof DrilledItem>;

export const CheckedItem = z.strictObject({ itemId: Id, passed: z.boolean(), saw: Text });
export type CheckedItem = z.infer<typeof CheckedItem>;

/** `not-run`: nothing was tested. `incomplete`: nothing failed, but something was not drilled. */
export const DrillResult = z.enum(["passed", "failed", "incomplete", "not-run"]);
export type DrillResult = z.infer<typeof DrillResult>;

const lines = z.array(Text).max(MAX_LINES);

/** `blackout`: its time was no time for drills. `leftovers`: an earlier test is still there. `refused`: it could not start. */
const NotRun = z.enum(["blackout", "leftovers", "refused"]);

/** What a drill showed. It is given when the estate was looked at after the clean-up. */
export const DrillVerdict = z.strictObject({
  result: DrillResult,
  notRun: NotRun.nullable().describe("why nothing was tested; null if something was"),
  because: lines.describe("every reason why it is no success; empty if it passed"),
  at: Instant,
  items: z.array(DrilledItem).max(MAX_ITEMS),
  steps: z.strictObject({
    executed: z.int().min(0),
    notExecuted: lines.describe("the steps that were planned and did not end in success"),
  }),
  actions: z.array(Id).max(5_000).describe("the actions of the plan that ran to success"),
  checks: z.array(CheckedItem).max(MAX_ITEMS),
  measures: Measure.nullable(),
  timings: z.array(Timing).max(5_000).describe("how long its steps took, by kind and size of machine"),
  predictedSeconds: z
    .number()
    .nullable()
    .describe("the recovery time that earlier drills let expect, in seconds of the estate; null without any"),
  regressions: lines.describe("kinds of steps that took longer than in earlier drills"),
  leftovers: lines.describe("what of this drill is still there; it prevents the next one until it is removed"),
  production: z.strictObject({
    untouched: z.boolean().nullable().describe("null if it could not be looked at"),
    changes: lines.describe("what differs from before, or was done by this drill and is no part of a test"),
    byOthers: lines.describe("what others did to these machines during the drill"),
  }),
  tookOver: Text.nullable().describe("what people made of the test: it was promoted, or removed before its end"),
  onlyGreen: z.boolean().describe("true if the drill injected no failure, so it shows nothing about failures"),
});
export type DrillVerdict = z.infer<typeof DrillVerdict>;

/** The record of one drill. */
export const Drill = z.strictObject({
  drillId: Guid,
  planId: Id,
  worldId: Id,
  /** Of the version that is tested. */
  planVersion: z.int().min(1),
  planHash: z.string(),
  trigger: DrillTrigger,
  requestedAt: Instant,
  /** Somebody wants it although something is left of an earlier test, or although there is a blackout. */
  force: z.strictObject({ reason: Text }).optional(),
  /** The failure drill of the policy that it is. */
  failureDrillId: Id.optional(),
  before: z
    .strictObject({
      at: Instant,
      items: z.array(ProductionFacts).max(MAX_ITEMS),
      /** What earlier tests left, which somebody has accepted. */
      leftovers: z.array(Text).max(10 * MAX_ITEMS),
    })
    .optional(),
  test: Part.optional(),
  checks: z.strictObject({ looks: z.int(), items: z.array(CheckedItem).max(MAX_ITEMS), done: z.boolean() }).optional(),
  /** Copies that were seen in a network that is not isolated. */
  exposed: lines.optional(),
  cleanUp: CleanUp.optional(),
  testStatus: ExecutionStatus.optional(),
  verdict: DrillVerdict.optional(),
});
export type Drill = z.infer<typeof Drill>;

export const drillHasEnded = (drill: Pick<Drill, "verdict">): boolean => drill.verdict !== undefined;

/** What a verdict says of a drill of which nothing is known. */
export const NOTHING_SHOWN = {
  items: [],
  steps: { executed: 0, notExecuted: [] },
  actions: [],
  checks: [],
  measures: null,
  timings: [],
  predictedSeconds: null,
  regressions: [],
  leftovers: [],
  production: { untouched: true, changes: [], byOthers: [] },
  tookOver: null,
  onlyGreen: true,
} satisfies Partial<DrillVerdict>;

/** A drill that never began anything. */
export const notRun = (at: string, why: z.infer<typeof NotRun>, because: string): DrillVerdict => ({
  ...NOTHING_SHOWN,
  result: "not-run",
  notRun: why,
  because: [because.slice(0, 2_000)],
  at,
});
