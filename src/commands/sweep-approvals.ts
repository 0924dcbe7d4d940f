import type { Approval } from "../domain/approvals/approval.js";
import { asOf } from "../domain/approvals/decide.js";
import { toInstant } from "../domain/text.js";
import { failureOf } from "../durable/refusal.js";
import { updateWithRetry } from "../store/port.js";
import { requireApproval, tellExecution } from "./approvals.js";
import type { Context } from "./context.js";
import { hasEnded } from "./instance-status.js";
import { isTimeToRaise } from "./sweep.js";

/** More are looked at in the next minute. */
const PAGE = { limit: 100 };

/**
 * Looks after approvals that their executions do not look after. Those that nobody decided in time are closed, so that a
 * clock that is set back revives none. Executions that did not hear of an end are told again. Returns what went wrong.
 */
export async function sweepApprovals(context: Context): Promise<string[]> {
  const { store, clock } = context;
  const errors: string[] = [];
  const each = async (approvals: readonly Approval[], repair: (approval: Approval) => Promise<void>) => {
    for (const approval of approvals) {
      await repair(approval).catch((thrown: unknown) => {
        errors.push(`approval ${approval.content.approvalId}: ${failureOf(thrown).message}`);
      });
    }
  };
  const overdue = await store.listOverdueApprovals(PAGE, toInstant(clock.now()));
  await each(overdue.entries, (approval) => expire(context, approval));
  const unheard = await store.listUnheardApprovals(PAGE);
  await each(unheard.entries, (approval) => tellAgain(context, approval));
  return [...errors, ...(overdue.unreadable ?? []), ...(unheard.unreadable ?? [])];
}

async function expire(context: Context, { content: { approvalId } }: Approval): Promise<void> {
  const approval = await changeTo(context, approvalId, (found) => asOf(found, context.clock.now()));
  await tellExecution(context, approval);
}

/** An execution that has ended hears of nothing any more. */
async function tellAgain(context: Context, approval: Approval): Promise<void> {
  const { approvalId, executionId } = approval.content;
  const instance = await context.orchestrations.getStatus(executionId);
  if (instance === undefined || hasEnded(instance)) {
    await changeTo(context, approvalId, (found) => (found.heard ? found : { ...found, heard: true }));
  } else if (approval.closedAt === undefined || isTimeToRaise(context, approval.closedAt)) {
    await tellExecution(context, approval);
  }
}

/** Replaces a record by what a rule makes of it, unless that is the same. */
function changeTo(context: Context, approvalId: string, rule: (approval: Approval) => Approval): Promise<Approval> {
  return updateWithRetry(
    () => requireApproval(context, approvalId),
    (found) => {
      const next = rule(found.value);
      if (next === found.value) return { answer: next };
      return { answer: next, write: () => context.store.updateApproval(found, next) };
    },
  );
}
