import { RecoveryError } from "../../domain/errors.js";
import type { ItemOperation, OperationName } from "../port.js";
import type { EmulatedItem, EmulatedSite, StoredFault, WorldHeader } from "./state.js";

type Subject = EmulatedItem | EmulatedSite;

/** Where an operation on an item happens: what only the target does goes on while the source site is down. */
const PLACES: Record<ItemOperation, "source" | "target" | "both"> = {
  "shut-down-source": "source",
  "final-synchronise": "both",
  "process-pending-data": "target",
  "stop-replication": "target",
  "promote-replica": "target",
  "start-replica": "target",
  "delete-recovery-points": "target",
  "demote-replica": "target",
  "restart-source": "source",
  "restore-replication": "both",
  "create-test-copy": "target",
  "start-test-copy": "target",
  "remove-test-copy": "target",
  "promote-test-copy": "target",
  "await-agent": "target",
  "reverse-replication": "both",
  "remove-old-machine": "source",
  "disable-replication": "target",
  "enable-replication": "both",
  resynchronise: "both",
};

const isItemOperation = (operation: OperationName): operation is ItemOperation => Object.hasOwn(PLACES, operation);

/** The sites that an operation needs. */
export function sitesNeeded(subject: Subject, operation: OperationName): string[] {
  if (subject.kind === "site" || !isItemOperation(operation)) return [subject.id];
  const { source, replica } = subject;
  const place = PLACES[operation];
  return [...(place === "target" ? [] : [source.siteId]), ...(place === "source" ? [] : [replica.siteId])];
}

function concerns({ target }: StoredFault, subject: Subject, operation: OperationName, header: WorldHeader): boolean {
  if ("itemId" in target) return subject.kind === "item" && subject.id === target.itemId;
  const sites = sitesNeeded(subject, operation);
  if ("siteId" in target) return sites.includes(target.siteId);
  const link = header.links.find(({ id }) => id === target.linkId);
  return link?.between.every((siteId) => sites.includes(siteId)) ?? false;
}

/** The faults that show on an operation of a subject now: those not yet spent on it. */
export function faultsOn(header: WorldHeader, subject: Subject, operation: OperationName): StoredFault[] {
  return header.faults.filter(
    (fault) =>
      (fault.operation === undefined || fault.operation === operation) &&
      concerns(fault, subject, operation, header) &&
      (fault.times === undefined || (subject.faultHits[fault.faultId] ?? 0) < fault.times),
  );
}

/** The subject after a fault has shown once more. */
export const withHit = <S extends Subject>(subject: S, fault: StoredFault): S => ({
  ...subject,
  faultHits: { ...subject.faultHits, [fault.faultId]: (subject.faultHits[fault.faultId] ?? 0) + 1 },
});

/** What a caller of a faulted operation gets to see. */
export function faultError(fault: StoredFault, subject: Subject, operation: OperationName): RecoveryError {
  if ("siteId" in fault.target) {
    return new RecoveryError(
      "site-unreachable",
      `site ${fault.target.siteId} did not answer ${operation} of ${subject.id}`,
    );
  }
  if ("linkId" in fault.target) {
    return new RecoveryError(
      "site-unreachable",
      `link ${fault.target.linkId} is down for ${operation} of ${subject.id}`,
    );
  }
  const when = fault.mode === "fail-after" ? "its answer was lost" : "it did not begin";
  return new RecoveryError("operation-failed", `${operation} of ${subject.id} failed: ${when}`);
}

/** True when nothing at all at the site is answered. */
export const isUnreachable = (header: WorldHeader, siteId: string): boolean =>
  header.faults.some(
    ({ target, operation, mode }) =>
      "siteId" in target &&
      target.siteId === siteId &&
      operation === undefined &&
      mode !== "slow" &&
      mode !== "fail-after",
  );
