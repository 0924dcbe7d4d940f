import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";

const machine = (id: string) => ({
  id,
  name: id,
  siteId: "home",
  form: "vm" as const,
  osFamily: "linux" as const,
  os: "Debian 12",
  cpus: 2,
  memoryMb: 4_096,
  boot: "bios" as const,
  disks: [{ name: "os", sizeGb: 32 }],
  nics: [{ name: "eth0", networkId: "lan", ip: `10.0.0.1${id.slice(-1)}`, assignment: "static" as const }],
});

const item = (id: string) => ({
  id,
  machineId: id,
  scenario: "azure-to-azure" as const,
  sourceSiteId: "home",
  targetSiteId: "away",
  policyId: "daily",
});

/** The smallest estate in which every route has something to answer. */
export const SMALL_WORLD: WorldInput = {
  id: "w",
  name: "Small",
  sites: [
    {
      id: "home",
      name: "Home",
      kind: "azure-region",
      networks: [{ id: "lan", subnets: [{ name: "a", range: "10.0.0.0/24" }] }],
      resourceGroups: ["rg"],
    },
    {
      id: "away",
      name: "Away",
      kind: "azure-region",
      networks: [{ id: "lan2", subnets: [{ name: "a", range: "10.0.0.0/24" }] }],
      resourceGroups: ["rg"],
    },
  ],
  links: [{ id: "line", kind: "vpn", between: ["home", "away"], bandwidthMbps: 500 }],
  networkMappings: [{ fromSiteId: "home", fromNetworkId: "lan", toSiteId: "away", toNetworkId: "lan2" }],
  policies: [{ id: "daily" }],
  replicationGroups: [{ id: "together", name: "Together" }],
  machines: [machine("m1"), machine("m2")],
  items: [item("m1"), { ...item("m2"), replicationGroupId: "together" }],
};

export const SMALL_PLAN: PlanInput = {
  id: "p",
  name: "Small plan",
  worldId: "w",
  recoveryPoint: { kind: "latest" },
  shutdown: { order: "together" },
  groups: [
    { id: "first", name: "First", items: [{ id: "m1" }] },
    {
      id: "second",
      name: "Second",
      dependsOn: ["first"],
      items: [{ id: "m2", criticality: "critical", onFailure: "continue" }],
      minimumHealthy: 0,
      after: [
        { id: "look", name: "Look", kind: "manual", instructions: "look", failoverTypes: ["planned"] },
        { id: "hook", name: "Hook", kind: "webhook", url: "https://example.com/x", failoverTypes: ["test"] },
      ],
    },
  ],
  failurePolicy: { "planned-failover": { onItemFailure: "stop", onActionFailure: "continue" } },
  objectives: { failback: { rpoSeconds: 1, rtoSeconds: 60 } },
  validation: { required: true, timeLimitMinutes: 10, onExpiry: "undo" },
};
