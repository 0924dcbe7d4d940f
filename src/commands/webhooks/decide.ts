import type { IncomingDecision } from "../approvals.js";
import type { Context } from "../context.js";

/** Decides on an approval for a person. The same decision of the same person again is no second decision. */
export type DecideApproval = (context: Context, approvalId: string, made: IncomingDecision) => Promise<unknown>;
