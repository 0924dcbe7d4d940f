/**
 * Decisions of people about approvals, however they come in.
 *
 * - C1 A decision is recorded, with what the person saw, before the execution hears of it. Of any number at once, the
 *   rules (src/domain/approvals/decide.ts) see each on top of the others. (test/orchestrators/approvals.test.ts)
 * - C2 A recorded decision reaches the execution even if its event was lost: the sweep raises it again. (the same)
 * - C3 What the rules refuse has no effect, and an approval that is past its time is recorded as expired. (the same)
 */
import type { Grant } from "../domain/access/roles.js";
import type { Approval, Verdict } from "../domain/approvals/approval.js";
import { planSaved } from "../domain/approvals/bound.js";
import { breakGlass, type Changed, review } from "../domain/approvals/break-glass.js";
import { decide } from "../domain/approvals/decide.js";
import { extend, type MadeExtension } from "../domain/approvals/extend.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { planVersionOf, verbInForce } from "../domain/steering/in-force.js";
import { voidedApproval } from "../executions/approvals.js";
import { DECISION_EVENT, type DecisionEvent } from "../orchestrators/runtime/contracts.js";
import { type Tagged, type Update, updateWithRetry } from "../store/port.js";
import type { Context } from "./context.js";
import { allPages } from "./pages.js";

/** A decision on its way in: by API with the credential's kind, or by a webhook as `webhook:source`. */
export interface IncomingDecision {
  person: string;
  grants: readonly Grant[];
  via: string;
  credentialMadeBy?: string | undefined;
  decision: Verdict;
  reason: string;
  /** The hash of the content that they saw, or its first 12 digits at least; undefined when the sender does not say. */
  seenHash?: string | undefined;
}

/** An approval as its record shows it. */
export type ApprovalView = Approval;

/**
 * Records the decision of a person and tells the execution when it was the last one needed. Refuses
 * `approval-not-found`, `not-an-approver`, `decided-already` and `approval-void`. The same decision of the same person
 * again answers as the first did.
 */
export async function decideApproval(
  context: Context,
  approvalId: string,
  made: IncomingDecision,
): Promise<ApprovalView> {
  const delegated = context.store.listDelegations({ to: made.person });
  delegated.catch(() => undefined); // where the approval is missing, nobody asks for it
  return change(context, approvalId, async (approval) => {
    const decided = decide(approval, { ...made, delegations: await delegated }, context.clock.now());
    if (decided.kind === "same") return { next: decided.approval };
    if (decided.kind === "decided") return { next: decided.next };
    return { next: decided.next ?? approval, refusal: decided.refusal };
  });
}

/** Passes an approval in an emergency, and says why. Refuses what nobody can decide any more. */
export const passByBreakGlass = (
  context: Context,
  approvalId: string,
  by: { person: string; reason: string },
): Promise<ApprovalView> => change(context, approvalId, (approval) => breakGlass(approval, by, context.clock.now()));

/** Notes that somebody has reviewed a break-glass. */
export const reviewBreakGlass = (
  context: Context,
  approvalId: string,
  by: { person: string; note: string },
): Promise<ApprovalView> => change(context, approvalId, (approval) => review(approval, by, context.clock.now()));

/**
 * Makes the open approvals of a plan void that were asked for before its present version, so that they are asked for
 * again at once. Whatever this misses becomes void when it is used.
 */
export async function voidApprovalsOfPlan(context: Context, planId: string, version: number): Promise<void> {
  const { entries } = await allPages((page) => context.store.listOpenApprovals(page, planId));
  for (const { content } of entries.filter(({ content }) => content.savedPlanVersion !== version)) {
    const approval = await voidedApproval(context, content.approvalId, planSaved(version), { heard: false });
    await tellExecution(context, approval);
  }
}

/**
 * Makes the open approvals of an execution void that were asked for before an edit or a switch to unplanned. Whatever
 * this misses becomes void when it is used. Safe to repeat.
 */
export async function voidApprovalsOfSteered(context: Context, execution: Execution): Promise<void> {
  const { subject, executionId } = execution;
  if (subject.kind === "item") return;
  const [planVersion, verb] = [planVersionOf(execution), verbInForce(execution)];
  const { entries } = await allPages((page) => context.store.listOpenApprovals(page, subject.planId));
  for (const { content } of entries.filter((one) => one.content.executionId === executionId)) {
    if (content.planVersion === planVersion && content.verb === verb) continue;
    const what = content.verb === verb ? `version ${planVersion} of the plan` : `a ${verb}`;
    const because = `the execution was steered, and goes on as ${what}`;
    await tellExecution(context, await voidedApproval(context, content.approvalId, because, { heard: false }));
  }
}

/** What somebody may extend an approval to, before that is recorded anywhere. Refuses what `extendApproval` refuses. */
export async function checkExtension(context: Context, approvalId: string, by: MadeExtension): Promise<void> {
  const { refusal } = extend((await requireApproval(context, approvalId)).value, by, context.clock.now());
  if (refusal !== undefined) throw refusal;
}

/** Gives the approvers more time. The execution sees that when it looks at the end that it knew. */
export const extendApproval = (context: Context, approvalId: string, by: MadeExtension): Promise<ApprovalView> =>
  change(context, approvalId, (approval) => extend(approval, by, context.clock.now()));

/** Records what a rule makes of an approval, tells the execution, and only then refuses what the rule refuses. */
async function change(
  context: Context,
  approvalId: string,
  rule: (approval: Approval) => Changed | Promise<Changed>,
): Promise<ApprovalView> {
  const { next, refusal } = await updateWithRetry(
    () => requireApproval(context, approvalId),
    async (found): Promise<Update<Changed>> => {
      const answer = await rule(found.value);
      const { next } = answer;
      return next === found.value ? { answer } : { answer, write: () => context.store.updateApproval(found, next) };
    },
  );
  await tellExecution(context, next);
  if (refusal !== undefined) throw refusal;
  return next;
}

/** Tells the execution that an approval is decided or over, unless it knows. Safe to repeat. */
export async function tellExecution({ orchestrations }: Context, { content, status, heard }: Approval): Promise<void> {
  if (status === "pending" || heard) return;
  const { executionId, approvalId } = content;
  const event: DecisionEvent = { kind: "approval", approvalId };
  await orchestrations.raise(executionId, DECISION_EVENT, event);
}

export async function requireApproval(
  { store }: Pick<Context, "store">,
  approvalId: string,
): Promise<Tagged<Approval>> {
  const found = await store.getApproval(approvalId);
  if (!found) throw new RecoveryError("approval-not-found", `there is no approval ${approvalId}`);
  return found;
}
