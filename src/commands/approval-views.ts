import { type Caller, hasRightOnPlan } from "../domain/access/caller.js";
import type { Approval } from "../domain/approvals/approval.js";
import { asOf, decide } from "../domain/approvals/decide.js";
import type { Delegation } from "../domain/approvals/delegation.js";
import { failureOf } from "../durable/refusal.js";
import type { Page, PageRequest } from "../store/port.js";
import { requireApproval } from "./approvals.js";
import type { Services } from "./context.js";

/** An approval as it stands now, and whether the caller may decide about it. */
export interface SeenApproval {
  approval: Approval;
  you: { mayDecide: boolean; because: string | null };
}

/** The approvals of a list: those that the caller may decide now, all that are open, or all that ever were. */
export type ApprovalList = "mine" | "open" | "all";

export async function viewApproval(services: Services, approvalId: string, caller: Caller): Promise<SeenApproval> {
  return viewFor(services, (await requireApproval(services, approvalId)).value, caller);
}

/** The same of an approval that was just read or written. */
export async function viewFor(services: Services, approval: Approval, caller: Caller): Promise<SeenApproval> {
  return seenBy(services, approval, caller, await services.store.listDelegations({ to: caller.person }));
}

/** One page of a list. It has what the caller may read and can be short while there are more. */
export async function listApprovals(
  services: Services,
  which: ApprovalList,
  page: PageRequest,
  caller: Caller,
): Promise<Page<SeenApproval>> {
  const { store } = services;
  const [found, delegations] = await Promise.all([
    which === "all" ? store.listApprovals(page) : store.listOpenApprovals(page),
    store.listDelegations({ to: caller.person }),
  ]);
  const seen = readable(found, caller, "read", (approval) => seenBy(services, approval, caller, delegations));
  return which === "mine" ? { ...seen, entries: seen.entries.filter(({ you }) => you.mayDecide) } : seen;
}

/** One page of what was passed by break-glass and nobody has reviewed yet. */
export async function listToReview(services: Services, page: PageRequest, caller: Caller): Promise<Page<SeenApproval>> {
  const found = await services.store.listApprovalsToReview(page);
  return readable(found, caller, "audit", (approval) => seenBy(services, approval, caller, []));
}

/** What a caller may read of a page. Nobody knows of which plan an unreadable row is. */
function readable(
  { entries, unreadable, ...rest }: Page<Approval>,
  caller: Caller,
  right: "read" | "audit",
  view: (approval: Approval) => SeenApproval,
): Page<SeenApproval> {
  const mayRead = entries.filter(({ content }) => hasRightOnPlan(caller, right, content.planId));
  return { ...rest, entries: mayRead.map(view), ...(unreadable !== undefined && { unreadable }) };
}

function seenBy(
  { clock }: Services,
  recorded: Approval,
  { person, grants, credential: via, madeBy: credentialMadeBy }: Caller,
  delegations: readonly Delegation[],
): SeenApproval {
  const nowMs = clock.now();
  const approval = asOf(recorded, nowMs);
  const made = { person, grants, credentialMadeBy, delegations, via, decision: "approve", reason: "-" } as const;
  const decided = decide(approval, made, nowMs);
  switch (decided.kind) {
    case "decided":
      return { approval, you: { mayDecide: true, because: null } };
    case "same":
      return { approval, you: { mayDecide: false, because: "you approved it already" } };
    case "refused":
      return { approval, you: { mayDecide: false, because: failureOf(decided.refusal).message } };
  }
}
