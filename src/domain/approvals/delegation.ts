import { z } from "zod";
import { Grant } from "../access/roles.js";
import { Id, Instant, Name } from "../text.js";

/** The longest that somebody decides for somebody else without being asked again: 90 days. */
export const MAX_DELEGATION_DAYS = 90;

/** More would slow down every decision of the one who has them. */
export const MAX_DELEGATIONS = 20;

/**
 * One approver lets another decide in their place until a moment. It lends the seat and not the right: who decides needs
 * the right to approve as well.
 */
export const Delegation = z.strictObject({
  delegationId: Id,
  from: Name,
  to: Name,
  until: Instant,
  planIds: z.array(Id).min(1).max(100).optional().describe("all plans by default"),
  /** What the delegator could do when it was made. */
  grants: z.array(Grant).max(50),
  madeAt: Instant,
});
export type Delegation = z.infer<typeof Delegation>;

/** Whether a delegation holds for a plan at a moment. */
export const holds = ({ planIds, until }: Delegation, planId: string, at: string): boolean =>
  at < until && (planIds === undefined || planIds.includes(planId));
