import { RecoveryError } from "../../domain/errors.js";
import { ITEM_OPERATIONS, isItemOperation } from "../../steps/catalogue.js";
import type { OperationName } from "../port.js";
import type { EmulatedEntity, StoredFault, WorldHeader } from "./state.js";

/** The sites that an operation needs. */
export function sitesNeeded(entity: EmulatedEntity, operation: OperationName): string[] {
  if (entity.kind === "site" || !isItemOperation(operation)) return [entity.id];
  const { source, replica } = entity;
  const { runsAt } = ITEM_OPERATIONS[operation];
  if (runsAt === "source") return [source.siteId];
  return runsAt === "both" ? [source.siteId, replica.siteId] : [replica.siteId];
}

function concerns(
  { target }: StoredFault,
  entity: EmulatedEntity,
  operation: OperationName,
  header: WorldHeader,
): boolean {
  if ("itemId" in target) return entity.kind === "item" && entity.id === target.itemId;
  const sites = sitesNeeded(entity, operation);
  if ("siteId" in target) return sites.includes(target.siteId);
  const link = header.links.find(({ id }) => id === target.linkId);
  return link?.between.every((siteId) => sites.includes(siteId)) ?? false;
}

/** The faults that affect an operation on an entity now, without those already spent on it. */
export function faultsOn(header: WorldHeader, entity: EmulatedEntity, operation: OperationName): StoredFault[] {
  return header.faults.filter(
    (fault) =>
      (fault.operation === undefined || fault.operation === operation) &&
      concerns(fault, entity, operation, header) &&
      (fault.times === undefined || (entity.faultHits[fault.faultId] ?? 0) < fault.times),
  );
}

/** Counts one more time that a fault has shown. */
export const withHit = <S extends EmulatedEntity>(entity: S, fault: StoredFault): S => ({
  ...entity,
  faultHits: { ...entity.faultHits, [fault.faultId]: (entity.faultHits[fault.faultId] ?? 0) + 1 },
});

/** The error that the caller of a faulted operation gets. */
export function faultError(fault: StoredFault, entity: EmulatedEntity, operation: OperationName): RecoveryError {
  if ("siteId" in fault.target) {
    return new RecoveryError(
      "site-unreachable",
      `site ${fault.target.siteId} did not answer ${operation} of ${entity.id}`,
    );
  }
  if ("linkId" in fault.target) {
    return new RecoveryError(
      "site-unreachable",
      `link ${fault.target.linkId} is down for ${operation} of ${entity.id}`,
    );
  }
  const when = fault.mode === "fail-after" ? "its answer was lost" : "it did not begin";
  return new RecoveryError("operation-failed", `${operation} of ${entity.id} failed: ${when}`);
}

/** True when the site answers no operation at all. */
export const isUnreachable = (header: WorldHeader, siteId: string): boolean =>
  header.faults.some(
    ({ target, operation, mode }) =>
      "siteId" in target &&
      target.siteId === siteId &&
      operation === undefined &&
      mode !== "slow" &&
      mode !== "fail-after",
  );
