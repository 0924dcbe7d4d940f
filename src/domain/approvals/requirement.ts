import { z } from "zod";
import { Id, Name } from "../text.js";
import { Direction, Verb } from "../vocabulary.js";
import { ApprovalPoint, Approvers } from "./ask.js";
import { AskTarget } from "./ask-target.js";

/** The longest that an execution waits for an approval: 30 days. */
export const MAX_APPROVAL_MINUTES = 43_200;

/** What a plan wants approved: where, by whom and by how many, until when, and what happens otherwise. */
export const ApprovalRequirement = z.strictObject({
  id: Id,
  name: Name,
  before: ApprovalPoint,
  verbs: z
    .array(Verb)
    .min(1)
    .max(Verb.options.length)
    .optional()
    .describe(
      "the verbs that it guards; by default every verb that moves workloads for a start or a group, and change-recovery-point for a start, commit and full-run for a commit, and every verb that runs it for an action",
    ),
  directions: z.array(Direction).min(1).max(2).optional().describe("both by default"),
  needed: z.int().min(1).max(10).default(1).describe("how many different people have to approve"),
  approvers: Approvers,
  expiresAfterMinutes: z.int().min(1).max(MAX_APPROVAL_MINUTES).default(1_440).describe("real minutes"),
  escalation: z
    .strictObject({ afterMinutes: z.int().min(1).max(MAX_APPROVAL_MINUTES), approvers: Approvers })
    .optional()
    .describe("who may decide as well, after so many real minutes"),
  onDecline: z
    .enum(["stop", "undo", "skip"])
    .default("stop")
    .describe("what a decline, or the end of the time, leads to; skip leaves out the group or the action"),
  lossCeilingSeconds: z
    .int()
    .min(0)
    .max(31_536_000)
    .optional()
    .describe("seconds of the estate; the default is the recovery point objective of the verb"),
  asks: z.array(AskTarget).max(10).default([]).describe("where approvers are asked"),
});
export type ApprovalRequirement = z.infer<typeof ApprovalRequirement>;
