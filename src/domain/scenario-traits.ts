import type { Direction, Scenario } from "./vocabulary.js";
import type { ProtectedItem, ReplicationPolicy } from "./worlds/world.js";

/** What makes the scenarios different beyond their sites, as data. */
export interface ScenarioTraits {
  /** Replication home goes through process server and master target, and ends at a VMware machine (P2, P11). */
  comesHomeThrough: "master-target" | "replica";
  /** The agent registers with the configuration server some minutes after a failover (F7). */
  agentRegisters: boolean;
  /** After a planned failover reverse replication is set already (H). */
  reversedByPlannedFailover: boolean;
  /** When what stays at the recovery site after a failback is removed (P13, A9). */
  removesOldMachine: "at-commit" | "at-reprotect" | "never";
  /** The way home has a policy of its own, made with the replication policy (P12). */
  ownFailbackPolicy: boolean;
  /** A failover home can be tested first. */
  testsTheWayHome: boolean;
}

const TO_AZURE: ScenarioTraits = {
  comesHomeThrough: "master-target",
  agentRegisters: true,
  reversedByPlannedFailover: false,
  removesOldMachine: "at-commit",
  ownFailbackPolicy: true,
  testsTheWayHome: false,
};

const BETWEEN_TWINS: ScenarioTraits = {
  comesHomeThrough: "replica",
  agentRegisters: false,
  reversedByPlannedFailover: false,
  removesOldMachine: "never",
  ownFailbackPolicy: false,
  testsTheWayHome: true,
};

export const SCENARIO_TRAITS: Readonly<Record<Scenario, ScenarioTraits>> = {
  "vmware-to-azure": TO_AZURE,
  "physical-to-azure": TO_AZURE,
  "hyperv-to-hyperv": { ...BETWEEN_TWINS, reversedByPlannedFailover: true },
  "azure-to-azure": { ...BETWEEN_TWINS, removesOldMachine: "at-reprotect" },
};

export const opposite = (direction: Direction): Direction =>
  direction === "primary-to-recovery" ? "recovery-to-primary" : "primary-to-recovery";

/** The sites that replication goes from and to. */
export function wayOf(
  { sourceSiteId, targetSiteId }: Pick<ProtectedItem, "sourceSiteId" | "targetSiteId">,
  direction: Direction,
): { from: string; to: string } {
  return direction === "primary-to-recovery"
    ? { from: sourceSiteId, to: targetSiteId }
    : { from: targetSiteId, to: sourceSiteId };
}

export const failbackPolicyId = (policyId: string): string => `${policyId}-failback`.slice(0, 64);

/** The policy that replication home follows: made with the replication policy, and the same for ever (P12). */
export function policyOf(policy: ReplicationPolicy, scenario: Scenario, direction: Direction): ReplicationPolicy {
  if (direction === "primary-to-recovery" || !SCENARIO_TRAITS[scenario].ownFailbackPolicy) return policy;
  return {
    id: failbackPolicyId(policy.id),
    crashConsistentMinutes: 5,
    appConsistentMinutes: 60,
    retentionDays: 1,
    rpoThresholdSeconds: 900,
  };
}
