import { RecoveryError } from "../domain/errors.js";
import type { Execution, ExecutionOptions, Subject } from "../domain/execution.js";
import { canonicalJson, executionIdOf } from "../domain/identity.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import { toInstant } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim } from "../store/port.js";
import { acquireItems, completeStart } from "./admission.js";
import { claimsOf, directionOf } from "./claims.js";
import { requireConfirmation } from "./confirmation.js";
import type { Context } from "./context.js";
import { findItem } from "./items.js";
import { getPlan } from "./plans.js";

/** What a caller asks for: a verb on a plan or on one item. */
export interface StartRequest {
  idempotencyKey: string;
  target: { kind: "plan"; planId: string } | { kind: "item"; worldId: string; itemId: string };
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

type Admitted = Pick<Execution, "worldId" | "subject" | "planHash" | "itemIds" | "direction"> & { claims: ItemClaim[] };

/** Checks whether the verb may start now. Changes nothing. */
async function admit(context: Context, { target, verb, options }: StartRequest): Promise<Admitted> {
  if (target.kind === "item") {
    const item = await findItem(context, target.worldId, target.itemId);
    const subject: Subject = { kind: "item", itemId: item.itemId };
    const claims = claimsOf([item], verb, subject);
    const direction = directionOf([item], claims, verb);
    await requireConfirmation(context, target.worldId, verb, options.confirm, claims);
    return { direction, worldId: target.worldId, subject, planHash: null, itemIds: [item.itemId], claims };
  }
  if (options.recoveryPoint?.kind === "custom") {
    throw new RecoveryError("custom-point-for-one-item", "a plan can not start all its items from one custom point");
  }
  const { plan, version, hash } = (await getPlan(context, target.planId)).value;
  const subject: Subject = { kind: "plan", planId: plan.id, planVersion: version };
  const itemIds = planItemIds(plan);
  const items = await context.store.getItems(plan.worldId, itemIds);
  const claims = claimsOf(items, verb, subject);
  const direction = directionOf(items, claims, verb);
  await requireConfirmation(context, plan.worldId, verb, options.confirm, claims);
  return { direction, worldId: plan.worldId, subject, planHash: hash, itemIds, claims };
}
