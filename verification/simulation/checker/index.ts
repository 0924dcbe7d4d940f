import type { Evidence } from "../evidence.js";
import { cancelIsTrue } from "./cancels.js";
import { effectsAtMostOnce } from "./effects.js";
import { type Facts, factsOf } from "./facts.js";
import { oneExecutionEach } from "./item-ownership.js";
import { limitsHold } from "./limits.js";
import { terminalInTime } from "./liveness.js";
import { lossToldTruthfully, plannedLosesNothing } from "./data-loss.js";
import { groupsInOrder } from "./group-order.js";
import { faultsTransparent } from "./outcomes.js";
import { noCommitBeforeValidation, pointsDieAtCommit } from "./recovery-points.js";
import { poisonContained } from "./corruption.js";
import { testTouchesNothing } from "./test-failovers.js";
import { replaysAlike } from "./replay.js";
import { acknowledgedIsDurable, noEventLost } from "./requests.js";
import { keepsItsPlan } from "./plan-versions.js";
import type { Violation } from "./violation.js";
import { wayBackIsSymmetric } from "./rollback.js";
import { fencing, singleWriter } from "./writers.js";

export { INVARIANTS, type Invariant, type Violation } from "./violation.js";

const CHECKS: readonly ((facts: Facts) => Violation[])[] = [
  singleWriter,
  fencing,
  noCommitBeforeValidation,
  pointsDieAtCommit,
  plannedLosesNothing,
  lossToldTruthfully,
  groupsInOrder,
  oneExecutionEach,
  effectsAtMostOnce,
  cancelIsTrue,
  terminalInTime,
  acknowledgedIsDurable,
  noEventLost,
  testTouchesNothing,
  wayBackIsSymmetric,
  keepsItsPlan,
  limitsHold,
  poisonContained,
];

/**
 * Checks one run against every invariant: what the estate, the store and the clients wrote down is the judge of what
 * the product says. `undisturbed` is the evidence of the same seed without faults, to compare how both ended.
 */
export async function check(evidence: Evidence, undisturbed?: Evidence): Promise<Violation[]> {
  const facts = factsOf(evidence);
  return [
    ...CHECKS.flatMap((holds) => holds(facts)),
    ...(await replaysAlike(facts)),
    ...faultsTransparent(facts, undisturbed),
  ];
}
