import { canonicalJson } from "../identity.js";
import type { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import type { ExecutionDirection, Verb } from "../vocabulary.js";
import type { Approval, ApprovalContent } from "./approval.js";

/** What an approval is bound to, as it is at some moment. */
export interface BoundFacts {
  verb: Verb;
  direction: ExecutionDirection;
  planVersion: number;
  planHash: string;
  savedPlanVersion: number | null;
  itemIds: readonly string[];
  recoveryPoint: RecoveryPointChoice;
  /** In seconds of the estate; null when nobody can say. */
  predictedLossSeconds: number | null;
  leftovers: number;
}

/**
 * How much may be lost without another approval: what the plan says, or its objective. When more than that is expected
 * already, the approver sees that, and accepts up to twice as much, because an expectation changes with every
 * recovery point.
 */
export const lossCeiling = (allowed: number | null, predicted: number | null): number | null =>
  allowed === null || predicted === null || predicted <= allowed ? allowed : Math.ceil(predicted * 2);

/**
 * Why an approval does not fit what would happen now; null when it does. Whoever breaks the glass accepts any loss, and
 * no other change.
 */
export function whyVoid({ content, brokenGlass }: Approval, now: BoundFacts): string | null {
  const changed = changeOf(content, now);
  if (changed !== null || brokenGlass !== undefined) return changed;
  return lossProblem(content, now.predictedLossSeconds) ?? leftoverProblem(content, now.leftovers);
}

function changeOf(content: ApprovalContent, now: BoundFacts): string | null {
  if (content.planVersion !== now.planVersion || content.planHash !== now.planHash)
    return `the execution runs version ${now.planVersion} of the plan now, and not version ${content.planVersion}`;
  if (content.savedPlanVersion !== now.savedPlanVersion) return planSaved(now.savedPlanVersion);
  if (content.verb !== now.verb || content.direction !== now.direction)
    return `the execution is a ${now.verb} (${now.direction}) now`;
  if (canonicalJson([...content.itemIds].sort()) !== canonicalJson([...now.itemIds].sort()))
    return `it is about ${now.itemIds.length} other items now`;
  if (canonicalJson(content.recoveryPoint) !== canonicalJson(now.recoveryPoint))
    return "another recovery point is chosen now";
  return null;
}

export const planSaved = (version: number | null): string =>
  version === null ? "the plan was removed meanwhile" : `the plan was changed meanwhile: its version is ${version} now`;

/** A loss that nobody can foresee passes only an approver who has seen that. */
function lossProblem(
  { ceiling, predictedLossSeconds: seen }: ApprovalContent,
  predicted: number | null,
): string | null {
  const { lossSeconds } = ceiling;
  if (lossSeconds === null) return null;
  if (predicted === null) return seen === null ? null : "nobody can say any more how much would be lost";
  if (predicted <= lossSeconds) return null;
  return `${Math.round(predicted)} s would be lost now, and at most ${Math.round(lossSeconds)} s were approved`;
}

const leftoverProblem = ({ ceiling }: ApprovalContent, leftovers: number): string | null =>
  leftovers <= ceiling.leftovers
    ? null
    : `${leftovers} items have leftovers now, and at most ${ceiling.leftovers} were approved`;
