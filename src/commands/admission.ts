/**
 * Admission: whether a recorded start gets its items, and its orchestration.
 *
 * - A1 The first writer of the admission decides; everyone else follows it. (test/orchestrators/starts.test.ts)
 * - A2 An orchestration is started only after its execution was admitted, so nothing begins without its items.
 * - A3 Items are released only after a refusal was written, so nothing that was acknowledged is refused later.
 * - A4 Any number of requests may complete one start, at any time; each comes to the same answer.
 *   (test/orchestrators/two-executions.test.ts)
 */
import { RecoveryError } from "../domain/errors.js";
import type { Admission, Execution } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant, toMs } from "../domain/text.js";
import { isReleasedBeforeItsEnd, releaseItems } from "../executions/release.js";
import { executionContract } from "../orchestrators/runtime/contracts.js";
import { type ItemClaim, updateWithRetry } from "../store/port.js";
import { repeatedClaims } from "./claims.js";
import type { Context } from "./context.js";

/** The sweep may have settled an execution that claims items later than this, so the claim is announced. */
const LATE_AFTER_MS = 60_000;

/**
 * Completes a recorded start, wherever the request that made it died. Returns the execution once it has its items and
 * its orchestration. Repeats the refusal when it was refused.
 */
export async function completeStart(context: Context, execution: Execution): Promise<Execution> {
  const { executionId, worldId, itemIds, verb, admission } = execution;
  if (admission?.admitted === false) return refuse(context, execution, admission);
  if (isEnded(execution.status) || (await context.orchestrations.getStatus(executionId))) return execution;
  if (admission) return startOrchestration(context, execution);
  const records = await context.store.findItems(worldId, itemIds);
  return acquireItems(context, execution, () => repeatedClaims(records, verb, executionId));
}

/** Acquires the items, and starts the orchestration once the execution is admitted. */
export async function acquireItems(
  context: Context,
  execution: Execution,
  claims: () => ItemClaim[],
): Promise<Execution> {
  const { executionId, worldId, verb } = execution;
  const nowMs = context.clock.now();
  if (nowMs - toMs(execution.requestedAt) > LATE_AFTER_MS) {
    await context.store.watchExecution(executionId, toInstant(nowMs));
  }
  let found: Admission = { admitted: true };
  try {
    await context.store.acquireItems(worldId, executionId, verb, claims());
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    found = { admitted: false, refusal: { code: thrown.code, message: messageOf(thrown) } };
  }
  const { admission, record } = await decide(context, executionId, found);
  if (!admission.admitted) return refuse(context, execution, admission);
  if (!isEnded(record.status)) return startOrchestration(context, execution);
  // Another request started it, and it ended before this one acquired the items: they were free by then.
  if (isReleasedBeforeItsEnd(record)) await releaseItems(context, record);
  return record;
}

const messageOf = ({ code, message }: RecoveryError): string => message.replace(`[${code}] `, "").slice(0, 2_000);

/** Writes what this request found, unless another request has written before: the first one decides for all. */
function decide(
  { store }: Context,
  executionId: string,
  found: Admission,
): Promise<{ admission: Admission; record: Execution }> {
  return updateWithRetry(
    () => store.getExecution(executionId),
    (record) => {
      if (!record) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = record;
      if (value.admission) return { answer: { admission: value.admission, record: value } };
      return {
        answer: { admission: found, record: value },
        write: () => store.updateExecution({ ...value, admission: found }, etag),
      };
    },
  );
}

async function startOrchestration({ orchestrations }: Context, execution: Execution): Promise<Execution> {
  const { executionId, verb } = execution;
  await orchestrations.start(executionContract(verb), executionId, { executionId });
  return execution;
}

/** Ends an execution that did not get its items and releases those that it acquired, then says why. */
async function refuse(
  context: Context,
  { executionId }: Execution,
  { refusal }: Extract<Admission, { admitted: false }>,
): Promise<never> {
  await releaseItems(context, { executionId, status: "failed", failure: refusal });
  throw new RecoveryError(refusal.code, refusal.message);
}
