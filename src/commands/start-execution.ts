import { RecoveryError } from "../domain/errors.js";
import type { Execution, ExecutionOptions } from "../domain/execution.js";
import { canonicalJson, executionIdOf } from "../domain/identity.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim } from "../store/port.js";
import { acquireItems, completeStart } from "./admission.js";
import { claimsOf, leftOutOf } from "./claims.js";
import type { Context } from "./context.js";
import { decideAbout, type StartTarget } from "./start-decision.js";

/** What a caller asks for: a verb on a plan or on one item. */
export interface StartRequest {
  idempotencyKey: string;
  target: StartTarget;
  verb: Verb;
  options: ExecutionOptions;
  requestedBy: string;
}

/**
 * Starts an execution, or returns the one that the same idempotency key started before. A start that is refused at once
 * leaves no record. Any other start is recorded first and then completed. If its request dies in between, its repetition
 * or the sweep completes it. When another execution acquires the items meanwhile, the record stays and says so, and
 * every repetition gets the same refusal.
 */
export async function startExecution(context: Context, request: StartRequest): Promise<Execution> {
  const executionId = executionIdOf(request.idempotencyKey, context.hash);
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
  const { execution, created } = await context.store.createExecution({
    executionId,
    idempotencyKey: request.idempotencyKey,
    ...record,
    verb: request.verb,
    options: request.options,
    requestedBy: request.requestedBy,
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
  throw new RecoveryError(
    "idempotency-key-reused",
    `the key stands for execution ${execution.executionId} (${execution.verb}), which was another request`,
  );
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
