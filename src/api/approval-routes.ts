import { z } from "zod";
import { Approval, Verdict } from "../domain/approvals/approval.js";
import { Delegation } from "../domain/approvals/delegation.js";
import { Guid, Id, Name, Text } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, nowhere, pageOf, pageQuery, read, remove } from "./schemas.js";

const onApproval = z.strictObject({ approvalId: Guid });
const change = { method: "POST", query: noQuery, headers: {}, status: 200, answers: [] } as const;

export const approvalView = Approval.omit({ heard: true }).extend({
  content: Approval.shape.content.describe("what is decided on: the hash covers all of it and nothing else"),
  you: z
    .object({ mayDecide: z.boolean(), because: z.string().nullable() })
    .describe("whether the caller may decide about it now, and why not"),
});

const delegationView = Delegation.omit({ grants: true });

/** Approvals: what people have to decide before an execution goes on. Nothing is decided by reading. */
export const APPROVAL_ROUTES = {
  listApprovals: route({
    ...read,
    id: "list-approvals",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/approvals",
    summary: "List approvals: those that you may decide now, all open ones, or all, newest first",
    params: nowhere,
    query: pageQuery.extend({ which: z.enum(["mine", "open", "all"]).default("mine") }),
    response: pageOf(approvalView),
    problems: [],
  }),
  listApprovalsToReview: route({
    ...read,
    id: "list-approvals-to-review",
    right: "audit",
    answersWhatCallerMayRead: true,
    path: "api/approvals/to-review",
    summary: "List approvals that were passed by break-glass and that nobody has reviewed",
    params: nowhere,
    query: pageQuery,
    response: pageOf(approvalView),
    problems: [],
  }),
  getApproval: route({
    ...read,
    id: "get-approval",
    right: "read",
    path: "api/approvals/{approvalId}",
    summary: "Show an approval: what is decided on, its hash, and the decisions",
    params: onApproval,
    query: noQuery,
    response: approvalView,
    problems: ["approval-not-found"],
  }),
  decideApproval: route({
    ...change,
    id: "decide-approval",
    right: "approve",
    path: "api/approvals/{approvalId}/decide",
    summary: "Approve or decline, on the content that you saw",
    params: onApproval,
    body: z
      .strictObject({
        decision: Verdict,
        reason: Text.optional().describe("a decline needs one"),
        hash: Approval.shape.hash.describe("of the content that you saw"),
      })
      .refine(({ decision, reason }) => decision === "approve" || reason !== undefined, {
        path: ["reason"],
        message: "a decline needs a reason",
      }),
    response: approvalView,
    problems: ["approval-not-found", "not-an-approver", "decided-already", "approval-void"],
  }),
  breakGlass: route({
    ...change,
    id: "break-glass",
    right: "break-glass",
    path: "api/approvals/{approvalId}/break-glass",
    summary: "Go on without the approvers in an emergency; somebody reviews that afterwards",
    params: onApproval,
    body: z.strictObject({ reason: Text }),
    response: approvalView,
    problems: ["approval-not-found", "decided-already", "approval-void"],
  }),
  reviewApproval: route({
    ...change,
    id: "review-break-glass",
    right: "audit",
    path: "api/approvals/{approvalId}/review",
    summary: "Note that you have reviewed a break-glass of somebody else",
    params: onApproval,
    body: z.strictObject({ note: Text }),
    response: approvalView,
    problems: ["approval-not-found", "nothing-to-review", "not-an-approver", "decided-already"],
  }),
  listDelegations: route({
    ...read,
    id: "list-delegations",
    right: "approve",
    answersWhatCallerMayRead: true,
    path: "api/delegations",
    summary: "List who decides in your place, and in whose place you decide",
    params: nowhere,
    query: noQuery,
    response: z.object({ from: z.array(delegationView), to: z.array(delegationView) }),
    problems: [],
  }),
  saveDelegation: route({
    id: "save-delegation",
    right: "approve",
    answersWhatCallerMayRead: true,
    method: "PUT",
    path: "api/delegations/{delegationId}",
    summary: "Let somebody who may approve decide in your place, or change that",
    params: z.strictObject({ delegationId: Id }),
    query: noQuery,
    body: Delegation.pick({ to: true, until: true, planIds: true }),
    headers: {},
    status: 200,
    answers: [],
    response: delegationView,
    problems: ["delegation-refused", "etag-mismatch"],
  }),
  withdrawDelegations: route({
    ...remove,
    id: "withdraw-delegations",
    right: "administer",
    path: "api/delegations",
    summary: "Take back all that a person delegated, for example because they left",
    params: nowhere,
    query: z.strictObject({ from: Name }),
    problems: ["etag-mismatch"],
  }),
  removeDelegation: route({
    ...remove,
    id: "remove-delegation",
    right: "approve",
    answersWhatCallerMayRead: true,
    path: "api/delegations/{delegationId}",
    summary: "Decide yourself again; a delegation that is gone is no error",
    params: z.strictObject({ delegationId: Id }),
    problems: ["etag-mismatch"],
  }),
} as const;
