import { z } from "zod";
import { Role } from "../access/roles.js";
import { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import { Guid, Id, Instant, Name } from "../text.js";
import { ExecutionDirection, Verb } from "../vocabulary.js";

/** The point that an execution does not pass without the approval. */
export const ApprovalPoint = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("start") }),
  z.strictObject({ kind: z.literal("commit") }),
  z.strictObject({ kind: z.literal("group"), groupId: Id }),
  z.strictObject({ kind: z.literal("action"), actionId: Id }),
]);
export type ApprovalPoint = z.infer<typeof ApprovalPoint>;

/** Who may decide: people by name, and whoever has one of the roles. */
export const Approvers = z.strictObject({
  people: z.array(Name).max(50).optional(),
  roles: z.array(Role).max(10).optional(),
});
export type Approvers = z.infer<typeof Approvers>;

/** All who may decide when each of several may. */
export function allApprovers(some: readonly Approvers[]): { people: string[]; roles: Role[] } {
  const people = [...new Set(some.flatMap((one) => one.people ?? []))];
  const roles = [...new Set(some.flatMap((one) => one.roles ?? []))];
  return { people, roles };
}

/** What the execution may lose and leave behind without another approval. */
export const Ceiling = z.strictObject({
  lossSeconds: z.number().min(0).nullable().describe("seconds of the estate; null: not limited"),
  leftovers: z.int().min(0).describe("how many things may be left behind"),
});
export type Ceiling = z.infer<typeof Ceiling>;

/** One approval as its approvers are asked for it: what the hash covers, and what they need to know beside it. */
export const ApprovalAsk = z.strictObject({
  approvalId: Guid,
  /** Of the content, as SHA-256 in hexadecimal. A decision says which content it was made on. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  name: Name,
  planId: Id,
  planName: Name,
  planVersion: z.int().min(1),
  executionId: Guid,
  verb: Verb,
  direction: ExecutionDirection,
  before: ApprovalPoint,
  itemIds: z.array(Id).max(2_000),
  recoveryPoint: RecoveryPointChoice,
  /** Seconds of the estate; null when nobody can say. */
  predictedLossSeconds: z.number().min(0).nullable(),
  ceiling: Ceiling,
  requestedBy: z.string(),
  requestedAt: Instant,
  expiresAt: Instant,
  needed: z.int().min(1),
  approvers: Approvers,
  /** The page or route that shows it whole. It is a path while the installation does not know its own address. */
  link: z.string().max(2_000),
});
export type ApprovalAsk = z.infer<typeof ApprovalAsk>;
