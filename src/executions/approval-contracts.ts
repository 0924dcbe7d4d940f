import { z } from "zod";
import { ApprovalDecision, BrokenGlass } from "../domain/approvals/approval.js";
import { ApprovalAsk } from "../domain/approvals/ask.js";
import { Guid, Id, Instant } from "../domain/text.js";
import { activityContract } from "../durable/contract.js";

/** How much of its steering the execution has taken in. */
const seen = z.int().min(0).default(0);

/**
 * Asks for an approval: records what it is about, as things are now. `asked` when there is one to decide; asked again for
 * the same round, it gives back what was recorded first.
 */
export const openApproval = activityContract({
  name: "open-approval",
  input: z.object({
    executionId: Guid,
    requirementId: Id,
    round: z.int().min(1),
    itemIds: z.array(Id),
    seen,
  }),
  output: z.object({ ask: ApprovalAsk, escalatesAt: Instant.nullable() }),
  retry: "store-write",
});

/** How an approval stands for its execution. `used`: the execution may pass, this one time. */
export const approvalStanding = z.discriminatedUnion("state", [
  z.object({ state: z.literal("pending"), until: Instant }),
  z.object({
    state: z.literal("used"),
    decisions: z.array(ApprovalDecision),
    brokenGlass: BrokenGlass.optional(),
  }),
  z.object({ state: z.literal("declined"), decisions: z.array(ApprovalDecision) }),
  z.object({ state: z.literal("expired"), because: z.string() }),
  z.object({ state: z.literal("void"), because: z.string() }),
]);
export type ApprovalStanding = z.output<typeof approvalStanding>;

/**
 * Uses an approval, right before what it guards: it compares once more what was approved with what would happen now.
 * Used once, it is used up. One that is not approved, or does not fit any more, answers how it stands.
 */
export const useApproval = activityContract({
  name: "use-approval",
  input: z.object({
    executionId: Guid,
    approvalId: Guid,
    itemIds: z.array(Id),
    /** The clock of the execution. What is over by it is over, whatever the clock of this process says. */
    nowMs: z.number(),
    seen,
  }),
  output: approvalStanding,
  retry: "store-write",
});

/** Notes that others may decide as well from now on. */
export const escalateApproval = activityContract({
  name: "escalate-approval",
  input: z.object({ approvalId: Guid }),
  output: z.object({}),
  retry: "store-write",
});

/** Closes an approval that nobody needs any more, because its execution ends. */
export const voidApproval = activityContract({
  name: "void-approval",
  input: z.object({ approvalId: Guid, because: z.string() }),
  output: z.object({}),
  retry: "store-write",
});
