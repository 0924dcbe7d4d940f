import { endExecution } from "../activities/close-execution.js";
import { hasCode, RecoveryError } from "../domain/errors.js";
import type { Admission, Execution } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { EXECUTIONS } from "../orchestrators/contracts.js";
import type { ItemClaim } from "../store/port.js";
import { claimsOf } from "./claims.js";
import type { Context } from "./context.js";

/**
 * Brings a recorded start to its decision, or finishes what was decided, wherever a request died on its way. Gives the
 * execution back once it has its items and its orchestration; refuses as it was refused when others have them. Many may
 * do so at once, at any time.
 */
export async function settleStart(context: Context, execution: Execution): Promise<Execution> {
  const { executionId, worldId, itemIds, verb, subject, admission } = execution;
  if (admission?.admitted === false) return refuse(context, execution, admission);
  if (isEnded(execution.status) || (await context.orchestrations.look(executionId))) return execution;
  if (admission) return begin(context, execution);
  const records = await context.store.getItems(worldId, itemIds);
  return takeUp(context, execution, () => claimsOf(records, verb, subject, executionId));
}

/** Takes the items, and starts the orchestration when it is decided that the execution has them. */
export async function takeUp(context: Context, execution: Execution, claims: () => ItemClaim[]): Promise<Execution> {
  const { executionId, worldId, verb } = execution;
  let found: Admission = { admitted: true };
  try {
    await context.store.acquireItems(worldId, executionId, verb, claims());
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    found = { admitted: false, refusal: { code: thrown.code, message: wordsOf(thrown) } };
  }
  const { admission, record } = await decide(context, executionId, found);
  if (!admission.admitted) return refuse(context, execution, admission);
  if (!isEnded(record.status)) return begin(context, execution);
  // Another request began it, and it came to its end, before the items were taken here: free as they were by then.
  if (isGivenUpBeforeItsEnd(record)) await giveBack(context, record);
  return record;
}

const wordsOf = ({ code, message }: RecoveryError): string => message.replace(`[${code}] `, "").slice(0, 2_000);

/**
 * Of two requests for one execution one may find its items free and the other not. The first to write what it found
 * decides for both. Items are given up only after a refusal was written, and the orchestration is started only after
 * the contrary was, so nothing begins without its items and nothing acknowledged is refused.
 */
async function decide(
  { store }: Context,
  executionId: string,
  found: Admission,
): Promise<{ admission: Admission; record: Execution }> {
  for (;;) {
    const record = await store.getExecution(executionId);
    if (!record) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
    const { value, etag } = record;
    if (value.admission) return { admission: value.admission, record: value };
    try {
      await store.updateExecution({ ...value, admission: found }, etag);
      return { admission: found, record: value };
    } catch (thrown) {
      if (!hasCode(thrown, "etag-mismatch")) throw thrown;
    }
  }
}

async function begin({ orchestrations }: Context, execution: Execution): Promise<Execution> {
  const { executionId, verb } = execution;
  await orchestrations.start(EXECUTIONS[verb], executionId, { executionId });
  return execution;
}

/** Ends an execution that did not get its items and gives up those that were taken for it, then says why. */
async function refuse(
  context: Context,
  { executionId }: Execution,
  { refusal }: Extract<Admission, { admitted: false }>,
): Promise<never> {
  await giveBack(context, { executionId, status: "failed", failure: refusal });
  throw new RecoveryError(refusal.code, refusal.message);
}

/** An execution whose items were given up before its end was written. */
type GivenUp = Pick<Extract<Execution, { failure: unknown }>, "executionId" | "status" | "failure">;

/** Whether the items were given up before the end was written: what is held for it now was taken after its end. */
export const isGivenUpBeforeItsEnd = (
  execution: Execution,
): execution is Extract<Execution, { status: "failed" | "cancelled" }> =>
  execution.status === "failed" || execution.status === "cancelled";

/** Brings what was taken for an execution and not touched back to where it was; it ends so, if it has not ended. */
export async function giveBack(context: Context, { executionId, status, failure }: GivenUp): Promise<void> {
  for (;;) {
    try {
      return await endExecution(context, { executionId, status, failure, touched: false, reports: [], steps: [] });
    } catch (thrown) {
      // Another request for it gave them up at the same moment.
      if (!hasCode(thrown, "item-held")) throw thrown;
    }
  }
}
