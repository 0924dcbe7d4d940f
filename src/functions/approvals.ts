import { ROUTES } from "../api/routes.js";
import { listApprovals, listToReview, type SeenApproval, viewApproval, viewFor } from "../commands/approval-views.js";
import { decideApproval, passByBreakGlass, reviewBreakGlass } from "../commands/approvals.js";
import { delegate, listDelegations, removeDelegation, withdrawDelegations } from "../commands/delegations.js";
import type { Delegation } from "../domain/approvals/delegation.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.listApprovals, async (context, { query, caller }) => {
  const { entries, ...page } = await listApprovals(context, query.which, pageRequest(query), caller);
  return { body: { ...page, entries: entries.map(shown) } };
});

serve(ROUTES.listApprovalsToReview, async (context, { query, caller }) => {
  const { entries, ...page } = await listToReview(context, pageRequest(query), caller);
  return { body: { ...page, entries: entries.map(shown) } };
});

serve(ROUTES.getApproval, async (context, { params, caller }) => {
  return { body: shown(await viewApproval(context, params.approvalId, caller)) };
});

serve(ROUTES.decideApproval, async (context, { params: { approvalId }, body, caller }) => {
  const { decision, reason = "", hash: seenHash } = body;
  const { person, grants, credential: via, madeBy: credentialMadeBy } = caller;
  const made = { person, grants, via, credentialMadeBy, decision, reason, seenHash };
  const approval = await decideApproval(context, approvalId, made);
  return { body: shown(await viewFor(context, approval, caller)) };
});

serve(ROUTES.breakGlass, async (context, { params: { approvalId }, body, caller }) => {
  const approval = await passByBreakGlass(context, approvalId, { person: caller.person, reason: body.reason });
  return { body: shown(await viewFor(context, approval, caller)) };
});

serve(ROUTES.reviewApproval, async (context, { params: { approvalId }, body, caller }) => {
  const approval = await reviewBreakGlass(context, approvalId, { person: caller.person, note: body.note });
  return { body: shown(await viewFor(context, approval, caller)) };
});

serve(ROUTES.listDelegations, async (context, { caller }) => {
  const { from, to } = await listDelegations(context, caller);
  return { body: { from: from.map(delegationView), to: to.map(delegationView) } };
});

serve(ROUTES.saveDelegation, async (context, { params: { delegationId }, body, caller }) => {
  return { body: delegationView(await delegate(context, caller, { delegationId, ...body })) };
});

serve(ROUTES.withdrawDelegations, async (context, { query }) => {
  await withdrawDelegations(context, query.from);
  return { body: undefined };
});

serve(ROUTES.removeDelegation, async (context, { params, caller }) => {
  await removeDelegation(context, caller, params.delegationId);
  return { body: undefined };
});

const shown = ({ approval: { heard: _heard, ...approval }, you }: SeenApproval) => ({ ...approval, you });
const delegationView = ({ grants: _grants, ...view }: Delegation) => view;
