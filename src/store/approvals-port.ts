import type { Approval } from "../domain/approvals/approval.js";
import type { Delegation } from "../domain/approvals/delegation.js";
import type { Page, PageRequest, Tagged } from "./port.js";

/** Approvals and delegations. Every method is safe to repeat, and errors are those of the {@link Store}. */
export interface ApprovalStore {
  /** Records an approval unless its id exists. Returns the record, and whether this call created it. */
  createApproval(approval: Approval): Promise<{ approval: Approval; created: boolean }>;
  getApproval(approvalId: string): Promise<Tagged<Approval> | null>;
  /** Replaces the record that was read, together with its places in the lists; refuses `etag-mismatch`. */
  updateApproval(before: Tagged<Approval>, after: Approval): Promise<void>;
  /** Newest first. */
  listApprovals(page: PageRequest): Promise<Page<Approval>>;
  /** Those that are neither used nor over; of all plans, or of one. */
  listOpenApprovals(page: PageRequest, planId?: string): Promise<Page<Approval>>;
  /** Those by break-glass that nobody has reviewed. */
  listApprovalsToReview(page: PageRequest): Promise<Page<Approval>>;
  /** Those whose execution does not know yet that they are decided or over. */
  listUnheardApprovals(page: PageRequest): Promise<Page<Approval>>;
  /** Those that are open past their time, which ended before a moment. */
  listOverdueApprovals(page: PageRequest, before: string): Promise<Page<Approval>>;

  /** Saves a delegation of its delegator under its id. */
  putDelegation(delegation: Delegation): Promise<void>;
  /** Removes a delegation; one that is gone is no error. */
  removeDelegation(from: string, delegationId: string): Promise<void>;
  /** The delegations of one delegator, or those to one delegate. */
  listDelegations(of: { from: string } | { to: string }): Promise<Delegation[]>;
}
