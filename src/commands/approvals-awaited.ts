import { approvalIdOf, endOf } from "../domain/approvals/approval.js";
import { latestEndOf } from "../domain/approvals/extend.js";
import type { Execution, Step } from "../domain/execution.js";
import { planVersionOf } from "../domain/steering/in-force.js";
import { readableOrNull } from "../executions/read-each.js";
import { approvalStepId } from "../steps/plan-steps.js";
import type { ApprovalAwaited, AwaitedApproval } from "./awaited-calls.js";
import type { Services } from "./context.js";
import { whoCanApprove } from "./who-can-end.js";

const ON_EXPIRY = {
  stop: "it counts as declined, and the execution stops",
  undo: "it counts as declined, and what was done is undone",
  skip: "it counts as declined, and the group or action is left out",
};

/** The approvals that an execution awaits, with who can decide and the call for that. */
export function approvalsAwaited(
  services: Pick<Services, "store" | "hash" | "clock">,
  execution: Execution,
  own: readonly Step[],
  awaits: readonly AwaitedApproval[],
): Promise<ApprovalAwaited[]> {
  const { executionId, subject } = execution;
  return Promise.all(
    awaits.map(async (awaited) => {
      const stepId = approvalStepId(awaited.requirementId, awaited.round);
      const { requirementId, round } = awaited;
      const approvalId = approvalIdOf({ executionId, requirementId, round }, services.hash);
      const approval = await readableOrNull(() => services.store.getApproval(approvalId));
      const plan =
        subject.kind === "item" ? null : await services.store.getPlanVersion(subject.planId, planVersionOf(execution));
      const requirement = plan?.plan.approvals?.find(({ id }) => id === requirementId);
      const since = own.findLast(({ id }) => id === approvalStepId(requirementId, round))?.startedAt ?? null;
      const hash = approval?.value.hash ?? null;
      return {
        ...awaited,
        ...{ stepId, approvalId, hash, since, until: approval === null ? null : endOf(approval.value) },
        latest: approval === null ? null : latestEndOf(approval.value),
        onExpiry: requirement === undefined ? null : ON_EXPIRY[requirement.onDecline],
        who: approval ? whoCanApprove(approval.value, services.clock.now()) : null,
        call: {
          method: "POST",
          path: `/api/approvals/${approvalId}/decide`,
          body: { decision: "approve", ...(hash !== null && { hash }) },
        },
      };
    }),
  );
}
