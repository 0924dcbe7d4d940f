/**
 * The checker compares what the product reports with what the estate, the tables, the hub and the clients recorded.
 * Its guarantees:
 *
 * K1. It never relies on the product: the ledger of the estate, the journal of the tables, the histories and the client
 *     ledger are the evidence, and views of the product are only compared with them (estate.test.ts, records.test.ts).
 * K2. Each invariant catches a product that breaks it (mutants.test.ts: every invariant has a mutant).
 * K3. Each invariant accepts correct evidence and rejects evidence that breaks only this invariant (estate.test.ts,
 *     records.test.ts, recovery-points.test.ts, limits-and-outcomes.test.ts, steering.test.ts, commit-timers.test.ts,
 *     strangers.test.ts, rights.test.ts, approvals.test.ts, resets.test.ts).
 * K4. A check depends on the evidence only, so a violation repeats with its seed (simulation.test.ts).
 */
import type { Evidence } from "../evidence.js";
import { approvalsAreUsedOnce } from "./approvals.js";
import { cancelIsHonoured } from "./cancels.js";
import { timersDecideOnce } from "./commit-timers.js";
import { corruptionIsContained } from "./corruption.js";
import { lossReportedTruthfully, plannedLosesNothing } from "./data-loss.js";
import { deadlinesHold } from "./deadlines.js";
import { effectsAtMostOnce } from "./effects.js";
import { type Facts, factsOf } from "./facts.js";
import { groupsInOrder } from "./group-order.js";
import { nothingBeforeItsApproval } from "./guarded-effects.js";
import { singleHolder } from "./item-ownership.js";
import { withinLimits } from "./limits.js";
import { terminatesInTime } from "./liveness.js";
import { nothingIsWorse } from "./nothing-worse.js";
import { faultsAreTransparent } from "./outcomes.js";
import { pausesHold, skippedNeverBegins } from "./pauses.js";
import { planVersionIsKept } from "./plan-versions.js";
import { noCommitBeforeValidation, pointsDieAtCommit } from "./recovery-points.js";
import { refusedChangesNothing } from "./refused-requests.js";
import { replaysIdentically } from "./replay.js";
import { acknowledgedIsDurable, noEventLost } from "./requests.js";
import { effectsHaveARight } from "./rights.js";
import { rollbackIsSymmetric } from "./rollback.js";
import { sitesAreShared } from "./shared-sites.js";
import { startsAsSaid } from "./start-decisions.js";
import { steeringIsKept } from "./steering-kept.js";
import { strangersChangeNothing } from "./strangers.js";
import { stuckStepsAreNamed } from "./stuck-steps.js";
import { testsAreIsolated } from "./test-failovers.js";
import type { Violation } from "./violation.js";
import { fencing, singleWriter } from "./writers.js";

export { INVARIANTS, type Invariant, type Violation } from "./violation.js";

const CHECKS: readonly ((facts: Facts) => Violation[])[] = [
  singleWriter,
  fencing,
  noCommitBeforeValidation,
  pointsDieAtCommit,
  plannedLosesNothing,
  lossReportedTruthfully,
  groupsInOrder,
  singleHolder,
  effectsAtMostOnce,
  cancelIsHonoured,
  approvalsAreUsedOnce,
  refusedChangesNothing,
  strangersChangeNothing,
  effectsHaveARight,
  deadlinesHold,
  nothingBeforeItsApproval,
  terminatesInTime,
  acknowledgedIsDurable,
  noEventLost,
  testsAreIsolated,
  rollbackIsSymmetric,
  planVersionIsKept,
  withinLimits,
  corruptionIsContained,
  sitesAreShared,
  nothingIsWorse,
  startsAsSaid,
  stuckStepsAreNamed,
  pausesHold,
  skippedNeverBegins,
  steeringIsKept,
  timersDecideOnce,
];

/**
 * Checks one run against every invariant. `faultFree` is the evidence of the same seed without faults: both runs must
 * end in the same state.
 */
export async function check(evidence: Evidence, faultFree?: Evidence): Promise<Violation[]> {
  const facts = factsOf(evidence);
  return [
    ...CHECKS.flatMap((holds) => holds(facts)),
    ...(await replaysIdentically(facts)),
    ...faultsAreTransparent(facts, faultFree),
  ];
}
