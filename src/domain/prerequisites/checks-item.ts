import { diskCoverageOf } from "../recovery-points/recovery-point-solver.js";
import type { CheckInput } from "./prerequisite.js";

/** Looks at the item's own condition, whatever its sites are. */

export function disksUncovered({ snapshot: { item, machine } }: CheckInput): string | null {
  const coverage = diskCoverageOf(item, machine);
  return coverage === null
    ? null
    : `recovery points hold ${coverage.held} of ${coverage.of} disks, without ${coverage.missing.join(", ")}`;
}

/** How far the newest point is behind; where there is none, that is another row's. */
export function behind({ snapshot: { replication, policy } }: CheckInput): string | null {
  const { newestPoint, rpoSeconds } = replication;
  return newestPoint === null || rpoSeconds <= policy.rpoThresholdSeconds
    ? null
    : `the newest data is ${Math.round(rpoSeconds)} s old, the policy asks for ${policy.rpoThresholdSeconds} s`;
}

/** An item that failed over, or is not protected, has stopped replicating rightly; one whose failover failed before its promotion has not. */
export const replicationStopped = ({ snapshot, record }: CheckInput): string | null =>
  record?.state === "failover-failed" && snapshot.promotedFrom === null && snapshot.replication.state === "stopped"
    ? `${snapshot.item.id} does not replicate`
    : null;

/**
 * A replica that is promoted keeps the point that it has, so that what its source had left stays lost; and a source that
 * was not shut down then was never let go on purpose.
 */
export function promotedWithLoss({ snapshot: { dataLoss, source }, record }: CheckInput): string | null {
  if (record?.state !== "failover-failed" || dataLoss === null) return null;
  if (dataLoss.writes > 0) return `its replica was promoted without the last ${dataLoss.writes} writes of its source`;
  return source.power === "on" ? "its replica was promoted while its source was on" : null;
}

export const neverTested = ({ snapshot: { item }, record }: CheckInput): string | null =>
  record !== null && record.lastTestFailoverAt === null ? `${item.id} has never been tested` : null;

export const neverTestedNorAcknowledged = (subject: CheckInput): string | null =>
  subject.options.acknowledgeNoTest === true ? null : neverTested(subject);
