import { diskCoverageOf } from "../recovery-points/recovery-point-solver.js";
import type { CheckInput } from "./prerequisite.js";

export function disksUncovered({ snapshot: { item, machine } }: CheckInput): string | null {
  const coverage = diskCoverageOf(item, machine);
  return coverage === null
    ? null
    : `recovery points hold ${coverage.held} of ${coverage.of} disks, without ${coverage.missing.join(", ")}`;
}

/** Passes if there is no recovery point; the prerequisite `recovery-point` reports that. */
export function behind({ snapshot: { replication, policy } }: CheckInput): string | null {
  const { newestPoint, rpoSeconds } = replication;
  return newestPoint === null || rpoSeconds <= policy.rpoThresholdSeconds
    ? null
    : `the newest data is ${Math.round(rpoSeconds)} s old, the policy asks for ${policy.rpoThresholdSeconds} s`;
}

/** An item may rightly have stopped replicating, but not after a failover that failed before its promotion. */
export const replicationStopped = ({ snapshot, record }: CheckInput): string | null =>
  record?.state === "failover-failed" && snapshot.promotedFrom === null && snapshot.replication.state === "stopped"
    ? `${snapshot.item.id} does not replicate`
    : null;

/**
 * A promoted replica keeps its recovery point, so whatever the source had not yet sent stays lost. If the source was on
 * during the promotion, the loss is unknown.
 */
export function promotedWithLoss({ snapshot: { dataLoss, source }, record }: CheckInput): string | null {
  if (record?.state !== "failover-failed" || dataLoss === null) return null;
  if (dataLoss.writes > 0) return `its replica was promoted without the last ${dataLoss.writes} writes of its source`;
  return source.power === "on" ? "its replica was promoted while its source was on" : null;
}

/** A test of the way out says nothing about the way home. */
export function neverTested({ snapshot: { item }, record, direction }: CheckInput): string | null {
  if (record === null) return null;
  if (direction === "primary-to-recovery") {
    return record.lastTestFailoverAt === null ? `${item.id} has never been tested` : null;
  }
  return record.lastTestFailbackAt === null ? `the failback of ${item.id} has never been tested` : null;
}

export const neverTestedNorAcknowledged = (input: CheckInput): string | null =>
  input.options.acknowledgeNoTest === true ? null : neverTested(input);
