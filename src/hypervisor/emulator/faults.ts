import { RecoveryError } from "../../domain/errors.js";
import type { ItemOperation, OperationName } from "../port.js";
import type { EmulatedEntity, StoredFault, WorldHeader } from "./state.js";

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
export function sitesNeeded(entity: EmulatedEntity, operation: OperationName): string[] {
  if (entity.kind === "site" || !isItemOperation(operation)) return [entity.id];
  const { source, replica } = entity;
  const place = PLACES[operation];
  return [...(place === "target" ? [] : [source.siteId]), ...(place === "source" ? [] : [replica.siteId])];
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
