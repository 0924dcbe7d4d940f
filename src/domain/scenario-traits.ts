import { type Direction, Scenario, type SiteKind } from "./vocabulary.js";
import type { Machine, ProtectedItem, ReplicationPolicy } from "./worlds/world.js";

/** How the scenarios differ, as data. Code asks for a trait and never compares the name of a scenario. */
export interface ScenarioTraits {
  sourceSite: SiteKind;
  targetSite: SiteKind;
  /** The machines it protects. */
  form: Machine["form"];
  /** `master-target`: replication home goes through a process server and a master target to a VMware VM (P2, P11). */
  failbackThrough: "master-target" | "replica";
  /**
   * Replication to the recovery site needs a link between the sites. Without the need, data goes to a public endpoint
   * over the internet (V9), or over the network of the provider.
   */
  needsLink: boolean;
  /** The agent registers with the configuration server some minutes after a failover (F7). */
  agentRegisters: boolean;
  /** A planned failover sets up the reverse replication (H). */
  reversedByPlannedFailover: boolean;
  /** When the machine that a failback leaves at the recovery site is removed (P13, A9). */
  removesOldMachine: "at-commit" | "at-reprotect" | "never";
  /** Replication home follows a policy of its own, which is made with the replication policy (P12). */
  ownFailbackPolicy: boolean;
  /** A failback can be tested first. */
  testsFailback: boolean;
  /** A failover without a test before it must be acknowledged (A3). Otherwise it only warns. */
  requiresTest: boolean;
  /** A machine needs a discovered host before its reprotect (P10). */
  needsDiscoveredHosts: boolean;
  /** Reverse replication keeps data on its way in a cache storage account (A8). */
  cacheStorage: boolean;
  /** Systems whose machines are converted before they start at the recovery site (P8). */
  convertedSystems: readonly Machine["osFamily"][];
  /** A failover disables VMware tools on Windows machines (F6). */
  disablesWindowsTools: boolean;
}

const TO_AZURE: Omit<ScenarioTraits, "form" | "convertedSystems"> = {
  sourceSite: "vcenter",
  targetSite: "azure-region",
  failbackThrough: "master-target",
  needsLink: false,
  agentRegisters: true,
  reversedByPlannedFailover: false,
  removesOldMachine: "at-commit",
  ownFailbackPolicy: true,
  testsFailback: false,
  requiresTest: false,
  needsDiscoveredHosts: false,
  cacheStorage: false,
  disablesWindowsTools: false,
};

/** Both sites are of one kind: the old copy takes the data back, and nothing is converted. */
const BETWEEN_EQUAL_SITES: Omit<ScenarioTraits, "sourceSite" | "targetSite"> = {
  form: "vm",
  failbackThrough: "replica",
  needsLink: false,
  agentRegisters: false,
  reversedByPlannedFailover: false,
  removesOldMachine: "never",
  ownFailbackPolicy: false,
  testsFailback: true,
  requiresTest: false,
  needsDiscoveredHosts: false,
  cacheStorage: false,
  convertedSystems: [],
  disablesWindowsTools: false,
};

export const SCENARIO_TRAITS: Readonly<Record<Scenario, ScenarioTraits>> = {
  "vmware-to-azure": { ...TO_AZURE, form: "vm", convertedSystems: ["linux"], disablesWindowsTools: true },
  "physical-to-azure": {
    ...TO_AZURE,
    form: "physical",
    convertedSystems: ["windows", "linux"],
    needsDiscoveredHosts: true,
  },
  "hyperv-to-hyperv": {
    ...BETWEEN_EQUAL_SITES,
    sourceSite: "vmm-cloud",
    targetSite: "vmm-cloud",
    needsLink: true,
    reversedByPlannedFailover: true,
  },
  "azure-to-azure": {
    ...BETWEEN_EQUAL_SITES,
    sourceSite: "azure-region",
    targetSite: "azure-region",
    removesOldMachine: "at-reprotect",
    requiresTest: true,
    cacheStorage: true,
  },
};

/** How the kinds of sites differ, as data. */
export interface SiteTraits {
  /** The service creates machines there: in a named network, within its limits for names, sizes and quotas. */
  createsMachines: boolean;
  /** A VMM server runs the replication of the site. */
  runsVmm: boolean;
}

export const SITE_TRAITS: Readonly<Record<SiteKind, SiteTraits>> = {
  vcenter: { createsMachines: false, runsVmm: false },
  "vmm-cloud": { createsMachines: false, runsVmm: true },
  "azure-region": { createsMachines: true, runsVmm: false },
};

/** The scenarios whose traits satisfy a condition. */
export const scenariosWhere = (matches: (traits: ScenarioTraits) => boolean): Scenario[] =>
  Scenario.options.filter((scenario) => matches(SCENARIO_TRAITS[scenario]));

export const opposite = (direction: Direction): Direction =>
  direction === "primary-to-recovery" ? "recovery-to-primary" : "primary-to-recovery";

/** The sites that replication goes from and to. */
export function replicationSites(
  { sourceSiteId, targetSiteId }: Pick<ProtectedItem, "sourceSiteId" | "targetSiteId">,
  direction: Direction,
): { from: string; to: string } {
  return direction === "primary-to-recovery"
    ? { from: sourceSiteId, to: targetSiteId }
    : { from: targetSiteId, to: sourceSiteId };
}

export const failbackPolicyId = (policyId: string): string => `${policyId}-failback`.slice(0, 64);

/** The policy of a direction. The failback policy is made with the replication policy and never changes (P12). */
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
