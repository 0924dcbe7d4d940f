import type { Subject } from "./prerequisite.js";
import { diskCoverageOf } from "./recovery-point-solver.js";

/** Looks at the item's own condition, whatever its sites are. */

export function disksUncovered({ snapshot: { item, machine } }: Subject): string | null {
  const coverage = diskCoverageOf(item, machine);
  return coverage === null
    ? null
    : `recovery points hold ${coverage.held} of ${coverage.of} disks, without ${coverage.missing.join(", ")}`;
}

/** How far the newest point is behind; where there is none, that is another row's. */
export function behind({ snapshot: { replication, policy } }: Subject): string | null {
  const { newestPoint, rpoSeconds } = replication;
  return newestPoint === null || rpoSeconds <= policy.rpoThresholdSeconds
    ? null
    : `the newest data is ${Math.round(rpoSeconds)} s old, the policy asks for ${policy.rpoThresholdSeconds} s`;
}

/** An item that failed over, or is not protected, has stopped replicating rightly; one whose failover failed has not. */
export const replicationStopped = ({ snapshot: { item, replication }, known }: Subject): string | null =>
  known?.state === "failover-failed" && replication.state === "stopped" ? `${item.id} does not replicate` : null;

export const neverTested = ({ snapshot: { item }, known }: Subject): string | null =>
  known !== null && known.lastTestFailoverAt === null ? `${item.id} has never been tested` : null;

export const neverTestedNorAcknowledged = (subject: Subject): string | null =>
  subject.options.acknowledgeNoTest === true ? null : neverTested(subject);
