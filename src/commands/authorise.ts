/**
 * Authorisation: whether a caller may do what a route does.
 *
 * - R1 Whatever is not granted is refused.
 * - R2 A caller whose roles are limited to plans learns nothing about anything else: a plan or an execution outside of
 *   them is answered as if it did not exist.
 */
import { type Caller, hasRight, hasRightOnPlan, hasRightSomewhere } from "../domain/access/caller.js";
import type { Right } from "../domain/access/roles.js";
import { RecoveryError } from "../domain/errors.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Services } from "./context.js";

/** What a request is about. */
export interface Scope {
  planId?: string | undefined;
  executionId?: string | undefined;
  approvalId?: string | undefined;
  drillId?: string | undefined;
  verb?: Verb | undefined;
}

/** Verbs that rehearse: they touch no workload. */
const REHEARSALS: ReadonlySet<Verb> = new Set(["test-failover", "test-clean-up"]);

/** The right that a verb needs. */
export const rightOfVerb = (verb: Verb): Right => (REHEARSALS.has(verb) ? "test" : "run");

/** Refuses a caller who has none of the rights on anything, before the request is read. */
export function requireRightSomewhere(caller: Caller, rights: readonly Right[]): void {
  if (!rights.some((right) => hasRightSomewhere(caller, right))) throw forbidden(rights);
}

/** Refuses a caller whom the installation knows and who has no role in it. */
export function requireAnyRole(caller: Caller): void {
  if (caller.grants.length === 0) throw forbidden(["read"]);
}

/**
 * Refuses `forbidden`, and `plan-not-found`, `execution-not-found`, `approval-not-found` or `drill-not-found` where the caller may not know
 * that it exists.
 * @param right `of-the-verb`: the right that the verb of the scope, or of its execution, needs
 */
export async function requireRight(
  services: Pick<Services, "store">,
  caller: Caller,
  right: Right | "of-the-verb",
  { planId, executionId, approvalId, drillId, verb }: Scope,
): Promise<void> {
  if (right !== "of-the-verb" && hasRight(caller, right)) return;
  if (executionId !== undefined) return requireOnExecution(services, caller, right, executionId);
  const needed = right === "of-the-verb" ? rightOfVerb(verb ?? "full-run") : right;
  if (approvalId !== undefined) return requireOnApproval(services, caller, needed, approvalId);
  if (drillId !== undefined) return requireOnDrill(services, caller, needed, drillId);
  if (planId === undefined ? hasRight(caller, needed) : hasRightOnPlan(caller, needed, planId)) return;
  if (planId !== undefined && !hasRightOnPlan(caller, "read", planId))
    throw new RecoveryError("plan-not-found", `there is no plan ${planId}`);
  throw forbidden([needed]);
}

async function requireOnExecution(
  { store }: Pick<Services, "store">,
  caller: Caller,
  right: Right | "of-the-verb",
  executionId: string,
): Promise<void> {
  const execution = (await store.getExecution(executionId))?.value;
  const missing = new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  if (execution === undefined) throw missing;
  const has = (needed: Right): boolean =>
    execution.subject.kind === "plan"
      ? hasRightOnPlan(caller, needed, execution.subject.planId)
      : hasRight(caller, needed);
  if (!has("read")) throw missing;
  const needed = right === "of-the-verb" ? rightOfVerb(execution.verb) : right;
  if (!has(needed)) throw forbidden([needed]);
}

/** An approval is of a plan, even where its plan is gone. */
async function requireOnApproval(
  { store }: Pick<Services, "store">,
  caller: Caller,
  needed: Right,
  approvalId: string,
): Promise<void> {
  const planId = (await store.getApproval(approvalId))?.value.content.planId;
  if (planId === undefined || !hasRightOnPlan(caller, "read", planId))
    throw new RecoveryError("approval-not-found", `there is no approval ${approvalId}`);
  if (!hasRightOnPlan(caller, needed, planId)) throw forbidden([needed]);
}

async function requireOnDrill(
  { store }: Pick<Services, "store">,
  caller: Caller,
  needed: Right,
  drillId: string,
): Promise<void> {
  const planId = (await store.getDrill(drillId))?.value.planId;
  if (planId === undefined || !hasRightOnPlan(caller, "read", planId))
    throw new RecoveryError("drill-not-found", `there is no drill ${drillId}`);
  if (!hasRightOnPlan(caller, needed, planId)) throw forbidden([needed]);
}

const forbidden = (rights: readonly Right[]): RecoveryError =>
  new RecoveryError("forbidden", `this needs the right ${rights.join(" or ")}, which the caller does not have`);
