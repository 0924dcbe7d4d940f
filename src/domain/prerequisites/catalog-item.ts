import {
  behind,
  disksUncovered,
  neverTested,
  neverTestedNorAcknowledged,
  promotedWithLoss,
  replicationStopped,
} from "./checks-item.js";
import { type Prerequisite, REAL_MOVES, row } from "./prerequisite.js";

/** What must hold of the item itself before it moves, whatever its sites are, as data. */
export const ROWS_OF_ITEMS: readonly Prerequisite[] = [
  row({
    code: "recovery-point",
    title: "Recovery point",
    lookedAt: "the item's recovery points",
    looks: ({ snapshot }) => (snapshot.replication.newestPoint === null ? "there is no recovery point" : null),
    why: "A replica starts from a recovery point.",
    fix: "Enable replication, or wait until the first recovery point is made.",
    fixedBy: "enable-replication",
  }),
  row({
    code: "no-test-copies",
    title: "No leftovers of a test",
    lookedAt: "copies of earlier tests",
    // What a promotion that failed left goes with the failover that is tried next, or with a cancel.
    looks: ({ snapshot, known }) =>
      snapshot.testCopies.length === 0 || known?.state === "failover-failed"
        ? null
        : "a copy of an earlier test is still there",
    why: "The copy may hold the name and address.",
    fix: "Clean the test up.",
    fixedBy: "test-clean-up",
  }),
  row({
    code: "rpo-threshold",
    title: "Replication lag",
    lookedAt: "the age of the newest data received",
    severity: "warning",
    looks: behind,
    why: "An unplanned failover now loses more than the policy allows.",
    fix: "Wait until replication has caught up.",
  }),
  row({
    code: "disks-covered",
    title: "Every disk is protected",
    severity: "warning",
    lookedAt: "the machine's disks and those that its recovery points hold",
    looks: disksUncovered,
    why: "A disk that was added after protection is missing at the other site.",
    fix: "Disable replication and enable it again with all disks, or go on without the disk.",
    fixedBy: "disable-replication",
  }),
  row({
    code: "replication-health",
    title: "Replication runs",
    severity: "warning",
    lookedAt: "whether an item whose last failover failed before its replica was promoted still replicates",
    looks: replicationStopped,
    why: "What was written since replication stopped is not at the other site.",
    fix: "Cancel the failover, which restores protection, or go on with a planned failover, which synchronises first.",
    fixedBy: "cancel-failover",
  }),
  row({
    code: "promoted-with-loss",
    title: "Nothing lost before",
    verbs: ["planned-failover", "planned-failback"],
    lookedAt: "the replica of an item whose last failover failed, and the source that it was promoted from",
    looks: promotedWithLoss,
    why: "A planned failover loses nothing, and here something may be lost already.",
    fix: "Cancel the failover, which restores protection, and begin again; or go on with an unplanned failover (a failback on the way home), which tells the loss.",
    fixedBy: "cancel-failover",
  }),
  row({
    code: "untested",
    title: "A test failover was run",
    severity: "warning",
    way: "primary-to-recovery",
    scenarios: ["vmware-to-azure", "physical-to-azure", "hyperv-to-hyperv"],
    verbs: REAL_MOVES,
    lookedAt: "the last test failover of the item",
    looks: neverTested,
    why: "Nobody has seen this machine start at the other site yet.",
    fix: "Run a test failover first.",
    fixedBy: "test-failover",
  }),
  row({
    code: "untested-acknowledged",
    title: "A test failover was run, or its lack acknowledged",
    way: "primary-to-recovery",
    scenarios: ["azure-to-azure"],
    verbs: REAL_MOVES,
    lookedAt: "the last test failover of the item and the acknowledgement of the request",
    looks: neverTestedNorAcknowledged,
    why: "Nobody has seen this machine start in the other region yet.",
    fix: "Run a test failover first, or acknowledge with the option acknowledgeNoTest.",
    fixedBy: "test-failover",
  }),
];
