/**
 * The start of an execution: it is decided, recorded, admitted and only then begun.
 *
 * - A1 The first writer of the admission decides; everyone else follows it. (test/orchestrators/starts.test.ts)
 * - A2 An orchestration is started only after its execution was admitted, so nothing begins without its items.
 * - A3 Items are released only after a refusal was written, so nothing that was acknowledged is refused later.
 * - A4 Any number of requests may complete one start, at any time; each comes to the same answer.
 *   (test/orchestrators/two-executions.test.ts)
 * - A5 A start that the decision refuses leaves no record, and its key may be used again. (test/orchestrators/starts.test.ts)
 */

import { RecoveryError } from "../domain/errors.js";
import type { LogPlace } from "../domain/evidence/log-place.js";
import type { Admission, Execution, ExecutionOptions } from "../domain/execution.js";
import { canonicalJson, executionIdOf } from "../domain/identity.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant, toMs } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import { recordOpening } from "../executions/evidence/opening.js";
import { isReleasedBeforeItsEnd, releaseItems } from "../executions/release.js";
import { executionContract } from "../orchestrators/runtime/contracts.js";
import { type ItemClaim, updateWithRetry } from "../store/port.js";
import { claimsOf, leftOutOf, repeatedClaims } from "./claims.js";
import type { Context } from "./context.js";
import { decideAbout, type StartTarget } from "./start-decision.js";
import { watchTest } from "./watch-test.js";

/** The sweep may have settled an execution that claims items later than this, so the claim is announced. */
const LATE_AFTER_MS = 60_000;

/** What a caller asks for: a verb on a plan or on one item. */
export interface StartRequest {
  idempotencyKey: string;
  target: StartTarget;
  verb: Verb;
  options: ExecutionOptions;
  requestedBy: string;
  /** The person behind it, when `requestedBy` is no person. */
  onBehalfOf?: string;
}

/**
 * Starts an execution, or returns the one that the same person started under the same idempotency key before. A start that is refused at once
 * leaves no record. Any other start is recorded first and then completed. If its request dies in between, its repetition
 * or the sweep completes it. When another execution acquires the items meanwhile, the record stays and says so, and
 * every repetition gets the same refusal.
 */
export async function startExecution(context: Context, request: StartRequest): Promise<Execution> {
  const executionId = executionIdOf(request.requestedBy, request.idempotencyKey, context.hash);
  const known = async ({ value }: { value: Execution }) =>
    completeStart(context, await listed(context, repeated(value, request)));
  const before = await context.store.getExecution(executionId);
  if (before) return known(before);
  const admitted = await admit(context, request).catch(async (refusal: unknown) => {
    const twin = await context.store.getExecution(executionId);
    if (twin) return known(twin); // the same start, sent at the same time, was recorded first
    throw refusal;
  });
  if ("executionId" in admitted) return admitted;
  const { claims, ...record } = admitted;
  if (request.verb === "test-failover") await watchTest(context, executionId, request.target);
  const { execution, created } = await context.store.createExecution({
    executionId,
    idempotencyKey: request.idempotencyKey,
    ...record,
    verb: request.verb,
    options: request.options,
    requestedBy: request.requestedBy,
    ...(request.onBehalfOf !== undefined && { onBehalfOf: request.onBehalfOf }),
    requestedAt: toInstant(context.clock.now()),
    status: "running",
  });
  return created ? acquireItems(context, execution, () => claims) : known({ value: execution });
}

/** Makes sure that the sweep sees an execution: the request that recorded it may have died before it listed it. */
async function listed({ store }: Context, execution: Execution): Promise<Execution> {
  return isEnded(execution.status) ? execution : (await store.createExecution(execution)).execution;
}

/** The execution that the key stands for, when the request is the same; another request needs another key. */
function repeated(execution: Execution, { target, verb, options }: StartRequest): Execution {
  const { subject, worldId } = execution;
  const sameTarget =
    target.kind === "plan"
      ? subject.kind === "plan" && subject.planId === target.planId
      : subject.kind === "item" && subject.itemId === target.itemId && worldId === target.worldId;
  const sameAsk = execution.verb === verb && canonicalJson(execution.options) === canonicalJson(options);
  if (sameTarget && sameAsk) return execution;
  // Of another target the caller may not know anything.
  const which = sameTarget ? `execution ${execution.executionId} (${execution.verb})` : "an execution";
  throw new RecoveryError("idempotency-key-reused", `the key stands for ${which}, which was another request`);
}

type Admitted = Pick<Execution, "worldId" | "subject" | "planHash" | "itemIds" | "leftOut" | "direction"> & {
  claims: ItemClaim[];
};

/** Checks whether the verb may start now, and for which items. Changes nothing. */
async function admit(context: Context, { target, verb, options }: StartRequest): Promise<Admitted> {
  const { decision, subject, worldId, planHash } = await decideAbout(context, target, verb, options);
  const { refusal, items, direction } = decision;
  if (refusal !== null) throw new RecoveryError(refusal.code, refusal.message, refusal.details);
  const claims = claimsOf(items);
  const itemIds = claims.map(({ itemId }) => itemId);
  const leftOut = leftOutOf(items);
  return { direction, worldId, subject, planHash, itemIds, claims, ...(leftOut.length > 0 && { leftOut }) };
}

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
async function acquireItems(context: Context, execution: Execution, claims: () => ItemClaim[]): Promise<Execution> {
  const { executionId, worldId, verb } = execution;
  const nowMs = context.clock.now();
  if (nowMs - toMs(execution.requestedAt) > LATE_AFTER_MS) {
    await context.store.watchExecution(executionId, toInstant(nowMs));
  }
  let found: Admission = { admitted: true };
  const opening = recordOpening(context, execution);
  opening.catch(() => undefined); // a fault of the other one is thrown first
  try {
    await context.store.acquireItems(worldId, executionId, verb, claims());
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    found = { admitted: false, refusal: { code: thrown.code, message: messageOf(thrown) } };
  }
  const { admission, record } = await decide(context, executionId, found, await opening);
  if (!admission.admitted) return refuse(context, execution, admission);
  if (!isEnded(record.status)) return startOrchestration(context, execution);
  // Another request started it, and it ended before this one acquired the items: they were free by then.
  if (isReleasedBeforeItsEnd(record)) await releaseItems(context, record);
  return record;
}

const messageOf = ({ code, message }: RecoveryError): string => message.replace(`[${code}] `, "").slice(0, 2_000);

/** Writes what this request found, and where the log has what the execution is bound to, unless another request has written before: the first one decides for all. */
function decide(
  { store }: Context,
  executionId: string,
  found: Admission,
  openingAt: LogPlace,
): Promise<{ admission: Admission; record: Execution }> {
  return updateWithRetry(
    () => store.getExecution(executionId),
    (record) => {
      if (!record) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = record;
      if (value.admission) return { answer: { admission: value.admission, record: value } };
      return {
        answer: { admission: found, record: value },
        write: () => store.updateExecution({ ...value, admission: found, openingAt }, etag),
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
