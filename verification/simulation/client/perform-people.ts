import { decideApproval, passByBreakGlass, reviewBreakGlass } from "../../../src/commands/approvals.js";
import type { Context } from "../../../src/commands/context.js";
import { PEOPLE } from "../generators/approvals.js";
import type { ClientRequest } from "./requests.js";

/** What people ask for beside the estate and their executions. */
export type OfPeople = Extract<ClientRequest, { kind: "decide" | "break-glass" | "review-break-glass" }>;

export function performOfPeople(context: Context, request: OfPeople): Promise<unknown> {
  const { approvalId, person } = request;
  switch (request.kind) {
    case "decide": {
      const { decision, seenHash } = request;
      const grants = (PEOPLE[person] ?? []).map((role) => ({ role }));
      return decideApproval(context, approvalId, { person, grants, via: "token", decision, reason: "", seenHash });
    }
    case "break-glass":
      return passByBreakGlass(context, approvalId, { person, reason: "nobody can be reached" });
    case "review-break-glass":
      return reviewBreakGlass(context, approvalId, { person, note: "it was necessary" });
  }
}
