import { hasLeftovers } from "../items/item-record.js";
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

/** Prerequisites of the item itself, whatever its sites are. */
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
    // A failed promotion may leave a copy. The next failover or its cancellation removes it.
    check: ({ snapshot, record }) =>
      snapshot.testCopies.length === 0 || record?.state === "failover-failed" || hasLeftovers(record ?? {})
        ? null
        : "a copy of an earlier test is still there",
    why: "The copy may still use the name and the address.",
    fix: "Clean the test up.",
    fixedBy: "test-clean-up",
  }),
  prerequisite({
    code: "leftovers-given-up",
    title: "Nothing given up by a forced clean-up",
    severity: "warning",
    examined: "what a forced clean-up of the item left behind",
    check: ({ record }) => (hasLeftovers(record ?? {}) ? "a forced clean-up left a copy or network of a test" : null),
    why: "A failover leaves it where it is. A test failover of the item fails while the old copy is there.",
    fix: "Remove what prevented the clean-up, then run it again.",
    fixedBy: "test-clean-up",
  }),
  prerequisite({
    code: "rpo-threshold",
    title: "Replication lag",
    examined: "the age of the newest data received",
    severity: "warning",
    check: behind,
    why: "An unplanned failover would now lose more data than the policy allows.",
    fix: "Wait until replication has caught up.",
  }),
  prerequisite({
    code: "disks-covered",
    title: "Every disk is protected",
    severity: "warning",
    examined: "the disks of the machine and those in its recovery points",
    check: disksUncovered,
    why: "A disk that was added after protection is missing at the other site.",
    fix: "Disable replication and enable it again with all disks, or continue without the disk.",
    fixedBy: "disable-replication",
  }),
  prerequisite({
    code: "replication-health",
    title: "Replication runs",
    severity: "warning",
    examined: "whether an item whose last failover failed before its replica was promoted still replicates",
    check: replicationStopped,
    why: "Changes since replication stopped are missing at the other site.",
    fix: "Cancel the failover, which restores protection, or run a planned failover, which synchronises first.",
    fixedBy: "cancel-failover",
  }),
  prerequisite({
    code: "promoted-with-loss",
    title: "No data lost before",
    verbs: ["planned-failover", "planned-failback"],
    examined: "the replica of an item whose last failover failed, and the source that it was promoted from",
    check: promotedWithLoss,
    why: "A planned failover loses nothing, but here data may be lost already.",
    fix: "Cancel the failover, which restores protection, and start again. Or run an unplanned failover or a failback, which shows the loss.",
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
    why: "This machine has never been started at the other site.",
    fix: "Run a test failover first.",
    fixedBy: "test-failover",
  }),
  prerequisite({
    code: "untested-acknowledged",
    title: "A test failover was run, or its absence acknowledged",
    direction: "primary-to-recovery",
    scenarios: scenariosWhere(({ requiresTest }) => requiresTest),
    verbs: FAILOVERS,
    examined: "the last test failover of the item and the option acknowledgeNoTest",
    check: neverTestedNorAcknowledged,
    why: "This machine has never been started in the other region.",
    fix: "Run a test failover first, or acknowledge with the option acknowledgeNoTest.",
    fixedBy: "test-failover",
  }),
];
