import { RecoveryError } from "../domain/errors.js";
import type { ExecutionOptions, Subject } from "../domain/execution.js";
import type { Plan } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import type { Refusal, StartDecision } from "../domain/start/check-estate.js";
import { confirmationProblem } from "../domain/start/confirmation.js";
import { requireUsedOptions } from "../domain/start/start-options.js";
import type { Verb } from "../domain/vocabulary.js";
import { decideOn, implicitPlan, recordsOf } from "../executions/start-facts.js";
import { bypassProblem } from "./approval-bypass.js";
import type { Services } from "./context.js";
import { findItem } from "./items.js";
import { getPlan } from "./plans.js";

/** What a verb is to start on: the current version of a plan, or one item. */
export type StartTarget = { kind: "plan"; planId: string } | { kind: "item"; worldId: string; itemId: string };

export interface DecidedStart {
  decision: StartDecision;
  subject: Subject;
  worldId: string;
  planHash: string | null;
}

/**
 * Decides whether a verb may start on a target, and for which items; changes nothing. The start and the prerequisites
 * both answer with this decision. Refuses requests that no state of the estate would make right.
 */
export async function decideAbout(
  services: Services,
  target: StartTarget,
  verb: Verb,
  options: ExecutionOptions,
): Promise<DecidedStart> {
  const alone = target.kind === "item";
  requireUsedOptions(verb, options, alone);
  const { plan, subject, planHash } = await subjectOf(services, target);
  if (!alone) requireForPlan(plan, options);
  const { worldId } = plan;
  const asked = { worldId, verb, plan, alone, options };
  const decided = await decideOn(services, asked, await recordsOf(services, worldId, plan));
  const message = confirmationProblem(verb, options.confirm, decided.confirm);
  const mismatch: Refusal | null = message === null ? null : { code: "confirmation-mismatch", message, details: [] };
  const bypass = decided.refusal === null ? await bypassProblem(services, alone ? null : plan, asked, decided) : null;
  const decision = { ...decided, refusal: decided.refusal ?? bypass ?? mismatch };
  return { decision, subject, worldId, planHash };
}

async function subjectOf(
  services: Services,
  target: StartTarget,
): Promise<{ plan: Plan; subject: Subject; planHash: string | null }> {
  if (target.kind === "item") {
    const { itemId } = await findItem(services, target.worldId, target.itemId);
    return { plan: implicitPlan(target.worldId, itemId), subject: { kind: "item", itemId }, planHash: null };
  }
  const { plan, version, hash } = (await getPlan(services, target.planId)).value;
  return { plan, subject: { kind: "plan", planId: plan.id, planVersion: version }, planHash: hash };
}

function requireForPlan(plan: Plan, { recoveryPoint, only = [], without = [] }: ExecutionOptions): void {
  if (recoveryPoint?.kind === "custom") {
    throw new RecoveryError(
      "custom-point-for-one-item",
      `plan ${plan.id} cannot start all its items from one custom point; choose another kind, or start the items one by one`,
    );
  }
  const known = new Set(planItemIds(plan));
  const unknown = [...new Set([...only, ...without])].filter((itemId) => !known.has(itemId));
  if (unknown.length === 0) return;
  throw new RecoveryError("item-not-found", `plan ${plan.id} has no item ${unknown.slice(0, 20).join(", ")}`);
}
