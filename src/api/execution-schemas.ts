import { z } from "zod";
import { Right, Role } from "../domain/access/roles.js";
import { RunningTimer, TimerAct } from "../domain/commit-timer/commit-timer.js";
import { RecordedDecision } from "../domain/decisions.js";
import { CancelRequest, ExecutionOptions, Failure, ItemOutcome, LeftOut, Step, Subject } from "../domain/execution.js";
import { Measures } from "../domain/plans/measures.js";
import { Steering, SteeringAction } from "../domain/steering/steering.js";
import { Guid, Id, Instant, Name } from "../domain/text.js";
import { UndeliveredNotification } from "../domain/undelivered.js";
import { ExecutionDirection, ExecutionStatus, Verb } from "../domain/vocabulary.js";
import { ask, clockView, recoveryPointView } from "./schemas.js";

export const executionSummary = z.object({
  executionId: Guid,
  worldId: Id,
  subject: Subject,
  verb: Verb,
  direction: ExecutionDirection.describe("mixed: the items move in different directions"),
  status: ExecutionStatus,
  requestedBy: Name,
  onBehalfOf: Name.optional().describe("the person whose execution led to this one, when no person requested it"),
  requestedAt: Instant,
  endedAt: Instant.optional(),
  failure: Failure.optional(),
});

const call = z.object({ method: z.literal("POST"), path: z.string(), body: z.record(z.string(), z.unknown()) });

const who = z.object({
  right: Right.describe("what each of them needs, on this plan; without a plan, on everything"),
  people: z.array(Name),
  roles: z.array(Role).describe("anybody with one of these roles"),
  except: z.array(Name).describe("whoever may not, whatever their roles"),
  needed: z.int().describe("how many people it takes"),
  decided: z.array(Name),
});

const awaited = {
  who: who.nullable().describe("who can end it by `call`; null: the record of the approval cannot be read now"),
  stepId: z.string().describe("the id of the step in `steps`"),
  asks: z.string(),
  since: Instant.nullable(),
  until: Instant.nullable().describe("real time; null if there is no limit, or if it is not known"),
  onExpiry: z.string().nullable().describe("what happens when the time has passed"),
  call,
};

const itemOutcome = ItemOutcome.extend({
  activeSiteId: Id.nullable().describe(
    "where the workload ran when the execution ended; null if it runs at neither side",
  ),
  recoveryPoint: recoveryPointView.nullable(),
});

const nextStep = z.object({
  verb: z.union([
    Verb,
    z.enum(["confirm", "call-back", "continue-without", "resolve", "resume", "validate", "approval", "cancel"]),
  ]),
  why: z.string(),
  method: z.literal("POST"),
  path: z.string().describe("where `{itemId}` stands in it, one call for each of `itemIds`"),
  body: z.record(z.string(), z.unknown()).describe("the least that the body needs"),
  itemIds: z.array(Id).optional(),
});

export const executionView = executionSummary.extend({
  summary: z.string().describe("the state in a sentence: what it waits for, or what runs, or how it ended"),
  planName: Name.nullable(),
  downOnBothSides: z.array(Id).describe("machines that run neither at the primary nor at the recovery site"),
  splitBrain: z.array(Id).describe("machines of which both copies are on"),
  leftovers: z.array(z.object({ itemId: Id, what: z.string() })),
  unknown: z
    .array(z.object({ itemId: Id, why: z.string() }))
    .describe("machines that could not be looked at, and why: they may be down"),
  nextSteps: z.array(nextStep).describe("the calls that lead on from here, the usual one first"),
  clock: clockView,
  planHash: z.string().nullable(),
  itemIds: z.array(Id),
  leftOut: z.array(LeftOut).optional().describe("items of the plan that do not take part, each with the reason"),
  options: ExecutionOptions,
  cancelRequest: CancelRequest.optional(),
  /** 0 to 100. */
  progress: z.number(),
  undelivered: z
    .array(UndeliveredNotification)
    .optional()
    .describe("notifications that their addresses did not take, each with the reason and the next attempt"),
  decisions: z.array(RecordedDecision).optional().describe("who decided what on the questions asked, oldest first"),
  steering: z.array(Steering).optional().describe("how people steered it: who, what and why, oldest first"),
  switchedToUnplanned: z
    .object({ person: Name, reason: z.string(), at: Instant })
    .optional()
    .describe("a planned failover that went on as an unplanned one; its verb stays the one that was started"),
  allowedActions: z
    .array(
      z.object({
        action: z.enum([...SteeringAction.options, "continue-without", "cancel"]),
        allowed: z.boolean(),
        because: z.string().optional().describe("why not"),
        whatWouldMakeItSo: z.string().optional(),
        call: call.optional().describe("with the least that the body needs"),
      }),
    )
    .describe("what people may do with the execution now, beside answering what it asks"),
  /** What a person has to decide before the execution can continue, or can decide about a step that is stuck. */
  awaits: z.array(
    z.discriminatedUnion("kind", [
      z
        .object({
          ...awaited,
          kind: z.literal("paused"),
          stepId: z.null(),
          pausedBy: Name,
          reason: z.string(),
        })
        .describe("a person paused the execution; it waits until somebody resumes or cancels it"),
      z.object({ kind: z.literal("confirm"), actionId: Id, ask, ...awaited }),
      z
        .object({ kind: z.literal("call-back"), actionId: Id, ask, ...awaited })
        .describe("a webhook answered 202 and calls back; a person may confirm or decline in its place"),
      z.object({ kind: z.literal("resolve"), ask: z.int(), ...awaited }),
      z.object({ kind: z.literal("validate"), ...awaited }),
      z
        .object({ ...awaited, kind: z.literal("commit-timer"), act: TimerAct, stepId: z.null() })
        .describe("the failover has ended and awaits its commit; `call` cancels the timer, and nothing else"),
      z
        .object({
          kind: z.literal("approval"),
          requirementId: Id,
          round: z.int().describe("2 or more when it is asked for again, because the approval before became void"),
          approvalId: Guid,
          latest: Instant.nullable().describe("the latest end that an extension can give it"),
          hash: z.string().nullable().describe("of the content to decide on; the approval shows it"),
          ...awaited,
        })
        .describe("people approve or decline"),
      z
        .object({
          kind: z.literal("continue-without"),
          itemId: Id,
          title: z.string(),
          limitMinutes: z.number().describe("the limit of the step, in emulated minutes"),
          choices: z.array(z.enum(["wait", "continue-without", "cancel"])),
          ...awaited,
        })
        .describe("a step hangs or takes unusually long; without a decision it is given up at `until`"),
    ]),
  ),
  commitTimer: RunningTimer.optional().describe("what becomes of the failover if nobody commits or cancels it"),
  steps: z.array(Step),
  measures: Measures.nullable(),
  blockedReasons: z
    .array(z.string())
    .optional()
    .describe("why the execution cannot continue: which stored row is damaged, and what to do"),
  outcomes: z.array(itemOutcome).optional(),
});
