import type { Subject } from "./prerequisite.js";
import { diskCoverageOf } from "./recovery-point-solver.js";

/** Looks at the item's own condition, whatever its sites are. */

export function disksUncovered({ snapshot: { item, machine } }: Subject): string | null {
  const coverage = diskCoverageOf(item, machine);
  return coverage === null
    ? null
    : `recovery points hold ${coverage.held} of ${coverage.of} disks, without ${coverage.missing.join(", ")}`;
}

/** An item that failed over has stopped replicating rightly; only one that should replicate is looked at. */
export const replicationStopped = ({ snapshot: { item, replication }, known }: Subject): string | null =>
  known?.state === "protected" && replication.state === "stopped" ? `${item.id} does not replicate` : null;

export const neverTested = ({ snapshot: { item }, known }: Subject): string | null =>
  known !== null && known.lastTestFailoverAt === null ? `${item.id} has never been tested` : null;

export const neverTestedNorAcknowledged = (subject: Subject): string | null =>
  subject.options.acknowledgeNoTest === true ? null : neverTested(subject);
