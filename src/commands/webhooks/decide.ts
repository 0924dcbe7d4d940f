import type { Grant } from "../../domain/access/roles.js";
import type { ApprovalDecision } from "../../domain/webhooks/decision.js";
import type { Context } from "../context.js";

/** Decides on an approval for a person. The same decision of the same person again is no second decision. */
export type DecideApproval = (
  context: Context,
  approvalId: string,
  made: {
    person: string;
    grants: readonly Grant[];
    via: string;
    decision: ApprovalDecision;
    reason: string;
    seenHash?: string | undefined;
  },
) => Promise<unknown>;
