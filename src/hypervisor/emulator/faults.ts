import { RecoveryError } from "../../domain/errors.js";
import { ITEM_OPERATIONS, isItemOperation } from "../../steps/catalogue.js";
import type { OperationName } from "../port.js";
import type { EmulatedItem, EmulatedSite, StoredFault, WorldHeader } from "./state.js";

type Subject = EmulatedItem | EmulatedSite;

/** The sites that an operation needs. */
export function sitesNeeded(subject: Subject, operation: OperationName): string[] {
  if (subject.kind === "site" || !isItemOperation(operation)) return [subject.id];
  const { source, replica } = subject;
  const { runsAt } = ITEM_OPERATIONS[operation];
  return [...(runsAt === "target" ? [] : [source.siteId]), ...(runsAt === "source" ? [] : [replica.siteId])];
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
