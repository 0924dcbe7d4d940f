import { z } from "zod";
import { TimerAct, TimerEnd } from "../domain/commit-timer/commit-timer.js";
import { Probe } from "../domain/plans/probes.js";
import { Guid, Id } from "../domain/text.js";
import { activityContract } from "../durable/contract.js";

/** How a timer stands: until when it runs, or how it ended; null if there is nothing for it to decide. */
const standing = z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), untilMs: z.number() }),
  z.object({ state: z.literal("ended"), end: TimerEnd.nullable() }),
]);
export type TimerStanding = z.output<typeof standing>;

/** Writes the commit timer into the record of a failover that ended. */
export const beginCommitTimer = activityContract({
  name: "begin-commit-timer",
  input: z.object({ executionId: Guid, afterMs: z.number(), act: TimerAct }),
  output: standing,
  retry: "store-write",
});

/** Reads how the timer stands, and ends it when somebody acted on the items. */
export const checkCommitTimer = activityContract({
  name: "check-commit-timer",
  input: z.object({ executionId: Guid }),
  output: standing,
  retry: "store-write",
});

/** Asks the machines of a failover their probes once. `unknown`: some of them could not be looked at. */
export const probeMachines = activityContract({
  name: "probe-machines",
  input: z.object({
    worldId: Id,
    executionId: Guid,
    items: z.array(z.object({ id: Id, probes: z.array(Probe) })),
  }),
  output: z.object({ result: z.enum(["passed", "failed", "unknown"]), saw: z.string() }),
  retry: "hypervisor-call",
});

/**
 * Does what the timer decided, and writes it down: starts the execution, or nothing when `verb` is null. A timer that was
 * extended meanwhile goes on.
 */
export const endCommitTimer = activityContract({
  name: "end-commit-timer",
  input: z.object({
    executionId: Guid,
    /** The end that the timer waited for. */
    untilMs: z.number(),
    verb: z.enum(["commit", "cancel-failover"]).nullable(),
    because: z.string(),
  }),
  output: standing,
  retry: "store-write",
});
