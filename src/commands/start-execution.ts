import { endExecution } from "../activities/close-execution.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution, ExecutionOptions, Subject } from "../domain/execution.js";
import { isEnded } from "../domain/failure-policy.js";
import { canonicalJson, executionIdOf } from "../domain/identity.js";
import type { ItemRecord } from "../domain/item-record.js";
import { mayDo, transition } from "../domain/lifecycle.js";
import { planItemIds } from "../domain/plan-rules.js";
import { opposite } from "../domain/scenario-traits.js";
import { toInstant, toMs } from "../domain/text.js";
import type { ExecutionDirection, Verb } from "../domain/vocabulary.js";
import { EXECUTIONS } from "../orchestrators/contracts.js";
import type { ItemClaim } from "../store/port.js";
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

/** Younger ones are still on their way through the request that made them. */
const SETTLED_AFTER_MS = 10_000;

/**
 * Starts an execution, or gives back the one that the same idempotency key started before. It is recorded first,
 * then takes its items, then its orchestration is started: a request that dies in between is finished by its
 * repetition or by the sweep. A start that is refused leaves nothing, and its key may be used again.
 */
export async function startExecution(context: Context, request: StartRequest): Promise<Execution> {
  const executionId = executionIdOf(request.idempotencyKey, context.hash);
  const before = await context.store.getExecution(executionId);
  if (before) {
    const known = await listed(context, repeated(before.value, request));
    return orWithdrawn(context, known, () => carryOn(context, known));
  }
  const admitted = await admit(context, request).catch(async (refusal: unknown) => {
    const twin = await context.store.getExecution(executionId);
    if (twin) return repeated(twin.value, request); // the same start, sent at the same time, was admitted first
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
  if (!created) return repeated(execution, request);
  return orWithdrawn(context, execution, () => takeUp(context, execution, claims));
}

/** Another execution may have been quicker to take the items: what was recorded is taken back with the refusal. */
async function orWithdrawn(context: Context, execution: Execution, takeUp: () => Promise<void>): Promise<Execution> {
  try {
    await takeUp();
  } catch (thrown) {
    if (thrown instanceof RecoveryError) {
      await endRefused(context, execution, thrown);
      await context.store.withdrawExecution(execution);
    }
    throw thrown;
  }
  return execution;
}

/** Ends an execution that can't have its items, and gives up those that it took before. */
export async function endRefused(context: Context, execution: Execution, refusal: RecoveryError): Promise<void> {
  const { executionId } = execution;
  const failure = { code: refusal.code, message: refusal.message.slice(0, 2_000) };
  await endExecution(context, { executionId, status: "failed", failure, reports: [], steps: [], touched: false });
}

/** Makes sure that the sweep sees an execution: a request that recorded it may have died before it was listed. */
async function listed({ store }: Context, execution: Execution): Promise<Execution> {
  return isEnded(execution.status) ? execution : (await store.createExecution(execution)).execution;
}

/** The execution that the key stands for, when this is the same request once more; another intent needs another key. */
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
    `the key stands for execution ${execution.executionId} (${execution.verb}), which was asked for otherwise`,
  );
}

/** Repeats the start of an execution whose orchestration never began; any other is left alone. Refuses as a start does. */
export async function carryOn(context: Context, execution: Execution): Promise<void> {
  const age = context.clock.now() - toMs(execution.requestedAt);
  if (isEnded(execution.status) || age < SETTLED_AFTER_MS) return;
  if (await context.orchestrations.look(execution.executionId)) return;
  const records = await context.store.getItems(execution.worldId, execution.itemIds);
  await takeUp(context, execution, claimsOf(records, execution.verb, execution.subject, execution.executionId));
}

/** Takes the items, then starts the orchestration. */
async function takeUp(context: Context, execution: Execution, claims: ItemClaim[]): Promise<void> {
  const { executionId, worldId, verb } = execution;
  await context.store.acquireItems(worldId, executionId, verb, claims);
  await context.orchestrations.start(EXECUTIONS[verb], executionId, { executionId });
}

type Admitted = Pick<Execution, "worldId" | "subject" | "planHash" | "itemIds" | "direction"> & { claims: ItemClaim[] };

/** Looks whether the verb may be done now, without changing anything. */
async function admit(context: Context, { target, verb, options }: StartRequest): Promise<Admitted> {
  if (target.kind === "item") {
    const item = await findItem(context, target.worldId, target.itemId);
    const subject: Subject = { kind: "item", itemId: item.itemId };
    const claims = claimsOf([item], verb, subject);
    const direction = directionOf([item], claims, verb);
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
  return { direction, worldId: plan.worldId, subject, planHash: hash, itemIds, claims };
}

const isTaken = ({ during }: ItemClaim): boolean => during !== null;

/** The way the verb takes its items: a reprotect turns it round. */
function directionOf(items: readonly ItemRecord[], claims: readonly ItemClaim[], verb: Verb): ExecutionDirection {
  const claimed = new Set(claims.filter(isTaken).map(({ itemId }) => itemId));
  const ways = new Set(items.filter(({ itemId }) => claimed.has(itemId)).map(({ direction }) => direction));
  const [way = "primary-to-recovery", other] = ways;
  if (other !== undefined) return "mixed";
  return verb === "reprotect" ? opposite(way) : way;
}

/**
 * The items that the verb takes, and those that it passes over. Refuses when another execution holds one, when one is
 * in a state that does not allow the verb, and when nothing is left to do. `own` may hold some already.
 */
function claimsOf(items: readonly ItemRecord[], verb: Verb, subject: Subject, own?: string): ItemClaim[] {
  const claims = items.map((item) => claimOf(item, verb, subject, own));
  if (claims.some(isTaken)) return claims;
  throw new RecoveryError("verb-not-allowed", `${verb} has nothing to do: every item is where it would bring it`);
}

function claimOf(item: ItemRecord, verb: Verb, subject: Subject, own: string | undefined): ItemClaim {
  const { itemId, heldBy } = item;
  if (heldBy !== null && heldBy.executionId === own) return { itemId, from: heldBy.from, during: item.state };
  if (heldBy !== null) {
    const holder = `execution ${heldBy.executionId} (${heldBy.verb})`;
    throw new RecoveryError("item-held", `item ${itemId} is held by ${holder}; wait for its end, or cancel it`);
  }
  const cell = mayDo(item, verb, { alone: subject.kind === "item" });
  if (cell.allowed) return { itemId, from: item.state, during: cell.during };
  if (subject.kind === "plan" && isThereAlready(item, verb)) return { itemId, from: item.state, during: null };
  const remedy = cell.remedy === null ? "" : `; do first: ${cell.remedy}`;
  throw new RecoveryError(cell.code, `${verb} is not allowed for item ${itemId}: ${cell.because}${remedy}`);
}

/** Whether an item is where the verb would bring it, so that a plan passes it over (B.4). */
function isThereAlready(item: ItemRecord, verb: Verb): boolean {
  const from = BEGINS_AT[verb];
  if (from === undefined) return false;
  const way = verb === "reprotect" || verb === "full-run" ? opposite(item.direction) : item.direction;
  const cell = transition(item.scenario, from, verb, way);
  return cell.allowed && cell.after === item.state;
}

const BEGINS_AT: Partial<Record<Verb, ItemRecord["state"]>> = {
  "planned-failover": "protected",
  "unplanned-failover": "protected",
  "test-failover": "protected",
  "test-clean-up": "test-failed-over",
  commit: "failed-over",
  cancel: "failed-over",
  failback: "protected",
  "planned-failback": "protected",
  reprotect: "committed",
  "promote-test": "test-failed-over",
  "disable-replication": "protected",
  "enable-replication": "unprotected",
};
