import { scenariosWhere } from "../scenario-traits.js";
import {
  behind,
  disksUncovered,
  neverTested,
  neverTestedNorAcknowledged,
  promotedWithLoss,
  replicationStopped,
} from "./checks-item.js";
import { FAILOVERS, type Prerequisite, prerequisite } from "./prerequisite.js";

/** What must hold of the item itself before it moves, whatever its sites are, as data. */
export const ITEM_CATALOG: readonly Prerequisite[] = [
  prerequisite({
    code: "recovery-point",
    title: "Recovery point",
    examined: "the item's recovery points",
    check: ({ snapshot }) => (snapshot.replication.newestPoint === null ? "there is no recovery point" : null),
    why: "A replica starts from a recovery point.",
    fix: "Enable replication, or wait until the first recovery point is made.",
    fixedBy: "enable-replication",
  }),
  prerequisite({
    code: "no-test-copies",
    title: "No leftovers of a test",
    examined: "copies of earlier tests",
    // What a promotion that failed left goes with the failover that is tried next, or with a cancel.
    check: ({ snapshot, record }) =>
      snapshot.testCopies.length === 0 || record?.state === "failover-failed"
        ? null
        : "a copy of an earlier test is still there",
    why: "The copy may hold the name and address.",
    fix: "Clean the test up.",
    fixedBy: "test-clean-up",
  }),
  prerequisite({
    code: "rpo-threshold",
    title: "Replication lag",
    examined: "the age of the newest data received",
    severity: "warning",
    check: behind,
    why: "An unplanned failover now loses more than the policy allows.",
    fix: "Wait until replication has caught up.",
  }),
  prerequisite({
    code: "disks-covered",
    title: "Every disk is protected",
    severity: "warning",
    examined: "the machine's disks and those that its recovery points hold",
    check: disksUncovered,
    why: "A disk that was added after protection is missing at the other site.",
    fix: "Disable replication and enable it again with all disks, or go on without the disk.",
    fixedBy: "disable-replication",
  }),
  prerequisite({
    code: "replication-health",
    title: "Replication runs",
    severity: "warning",
    examined: "whether an item whose last failover failed before its replica was promoted still replicates",
    check: replicationStopped,
    why: "What was written since replication stopped is not at the other site.",
    fix: "Cancel the failover, which restores protection, or go on with a planned failover, which synchronises first.",
    fixedBy: "cancel-failover",
  }),
  prerequisite({
    code: "promoted-with-loss",
    title: "Nothing lost before",
    verbs: ["planned-failover", "planned-failback"],
    examined: "the replica of an item whose last failover failed, and the source that it was promoted from",
    check: promotedWithLoss,
    why: "A planned failover loses nothing, and here something may be lost already.",
    fix: "Cancel the failover, which restores protection, and begin again; or go on with an unplanned failover (a failback on the way home), which tells the loss.",
    fixedBy: "cancel-failover",
  }),
  prerequisite({
    code: "untested",
    title: "A test failover was run",
    severity: "warning",
    direction: "primary-to-recovery",
    scenarios: scenariosWhere(({ requiresTest }) => !requiresTest),
    verbs: FAILOVERS,
    examined: "the last test failover of the item",
    check: neverTested,
    why: "Nobody has seen this machine start at the other site yet.",
    fix: "Run a test failover first.",
    fixedBy: "test-failover",
  }),
  prerequisite({
    code: "untested-acknowledged",
    title: "A test failover was run, or its lack acknowledged",
    direction: "primary-to-recovery",
    scenarios: scenariosWhere(({ requiresTest }) => requiresTest),
    verbs: FAILOVERS,
    examined: "the last test failover of the item and the acknowledgement of the request",
    check: neverTestedNorAcknowledged,
    why: "Nobody has seen this machine start in the other region yet.",
    fix: "Run a test failover first, or acknowledge with the option acknowledgeNoTest.",
    fixedBy: "test-failover",
  }),
];
