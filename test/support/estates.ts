import type { ExecutionOptions } from "../../src/domain/execution.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { usesOption } from "../../src/domain/start/start-options.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";

/** Options with which every machine of these estates can be reprotected at once. */
export const REPROTECT = { reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" } } as const;

/** Options with which a verb starts on these estates, without a test before it. It refuses those of other verbs. */
export function readyOptions(verb: Verb): Partial<ExecutionOptions> {
  return {
    ...(usesOption(verb, "acknowledgeNoTest") && { acknowledgeNoTest: true }),
    ...(usesOption(verb, "reprotect") && REPROTECT),
    // The items run from the newest point already.
    ...(verb === "change-recovery-point" && { recoveryPoint: { kind: "latest-app-consistent" as const } }),
  };
}

/** Where a process server is deployed in Azure: in the network of the machines. */
export const PROCESS_SERVER = { networkId: "vnet-away", subnet: "data", ip: "10.2.0.60" } as const;

/** An estate of three machines and a plan of two groups over them, for one scenario. */
export interface Estate {
  world: WorldInput;
  plan: PlanInput;
}

type SiteInput = WorldInput["sites"][number];
type MachineInput = WorldInput["machines"][number];
type ItemInput = NonNullable<WorldInput["items"]>[number];

const vcenterSite: SiteInput = {
  id: "home",
  name: "Machine room",
  kind: "vcenter",
  hosts: [
    { id: "esx-1", cpus: 32, memoryMb: 262_144 },
    { id: "esx-2", cpus: 32, memoryMb: 262_144 },
  ],
  datastores: [{ id: "ssd", capacityGb: 20_000, freeGb: 12_000 }],
  networks: [{ id: "lan", subnets: [{ name: "data", range: "10.1.0.0/24" }] }],
  vCenter: { id: "vcsa" },
  configurationServer: {
    id: "config",
    ip: "10.1.0.5",
    backup: { takenAt: "2026-01-01T00:00:00.000Z", ip: "10.1.0.5" },
  },
  processServers: [{ id: "ps-home", ip: "10.1.0.6" }],
  masterTargets: [
    { id: "mt-windows", osFamily: "windows", hostId: "esx-1", retentionDrive: "R:" },
    { id: "mt-linux", osFamily: "linux", hostId: "esx-1", retentionDrive: "/mnt/retention" },
  ],
};

const region = (id: string, range: string): SiteInput => ({
  id,
  name: id,
  kind: "azure-region",
  networks: [{ id: `vnet-${id}`, subnets: [{ name: "data", range }] }],
  resourceGroups: [`rg-${id}`],
  sizes: [{ name: "D4", cpus: 4, memoryMb: 16_384, maxDataDisks: 8 }],
});

const cloud = (id: string, range: string): SiteInput => ({
  id,
  name: id,
  kind: "vmm-cloud",
  hosts: [{ id: `hv-${id}`, cpus: 32, memoryMb: 262_144 }],
  networks: [{ id: `net-${id}`, subnets: [{ name: "data", range }] }],
  vmmServer: { id: `vmm-${id}` },
});

/** The two sites of a scenario and the link between them. */
interface Places {
  home: SiteInput;
  away: SiteInput;
  link: NonNullable<WorldInput["links"]>[number];
}

const azureAway: SiteInput = { ...region("away", "10.2.0.0/24"), processServers: [{ id: "ps-away", ip: "10.2.0.6" }] };

const PLACES: Record<Scenario, Places> = {
  "vmware-to-azure": {
    home: vcenterSite,
    away: azureAway,
    link: { id: "tunnel", kind: "vpn", between: ["home", "away"], bandwidthMbps: 500 },
  },
  "physical-to-azure": {
    home: vcenterSite,
    away: azureAway,
    link: { id: "tunnel", kind: "vpn", between: ["home", "away"], bandwidthMbps: 500 },
  },
  "hyperv-to-hyperv": {
    home: cloud("home", "10.1.0.0/24"),
    away: cloud("away", "10.2.0.0/24"),
    link: { id: "line", kind: "vpn", between: ["home", "away"], bandwidthMbps: 1_000 },
  },
  "azure-to-azure": {
    home: region("home", "10.1.0.0/24"),
    away: region("away", "10.2.0.0/24"),
    link: { id: "backbone", kind: "internet", between: ["home", "away"], bandwidthMbps: 10_000 },
  },
};

const firstNetwork = ({ networks = [] }: SiteInput): string => networks[0]?.id ?? "none";

function machineOf(scenario: Scenario, home: SiteInput, id: string, osFamily: "windows" | "linux"): MachineInput {
  const physical = scenario === "physical-to-azure";
  return {
    id: `vm-${id}`,
    name: id,
    siteId: "home",
    form: physical ? "physical" : "vm",
    ...(scenario === "vmware-to-azure" ? { hostId: "esx-2", datastoreId: "ssd" } : {}),
    osFamily,
    os: osFamily === "windows" ? "Windows Server 2022" : "Ubuntu 24.04",
    cpus: 2,
    memoryMb: 8_192,
    boot: "uefi",
    disks: [
      { name: "system", sizeGb: 80 },
      { name: "data", sizeGb: 120 },
    ],
    nics: [{ name: "nic", networkId: firstNetwork(home), subnet: "data", assignment: "static", ip: addressOf(id) }],
  };
}

const addressOf = (id: string): string => `10.1.0.${{ db: 11, app: 12, web: 13 }[id] ?? 14}`;

/** A new estate of a scenario, which a test may change. */
export function estateOf(scenario: Scenario, worldId: string = scenario): Estate {
  const { home, away, link } = structuredClone(PLACES[scenario]);
  const machines = [
    machineOf(scenario, home, "db", "windows"),
    machineOf(scenario, home, "app", "windows"),
    machineOf(scenario, home, "web", "linux"),
  ];
  const items = machines.map(({ id, name }): ItemInput => {
    const resourceGroup = away.resourceGroups?.[0];
    return {
      id: name,
      machineId: id,
      scenario,
      sourceSiteId: "home",
      targetSiteId: "away",
      policyId: "policy",
      target: { networkId: firstNetwork(away), ...(resourceGroup === undefined ? {} : { resourceGroup }) },
    };
  });
  return {
    world: {
      id: worldId,
      name: `Estate of ${scenario}`,
      sites: [home, away],
      links: [link],
      policies: [{ id: "policy" }],
      machines,
      items,
    },
    plan: {
      id: `${worldId}-plan`,
      name: "There and back",
      worldId,
      groups: [
        { id: "data", name: "Database", items: [{ id: "db" }] },
        { id: "front", name: "Application and web", items: [{ id: "app" }, { id: "web" }] },
      ],
      objectives: {
        "planned-failover": { rpoSeconds: 0, rtoSeconds: 86_400 },
        failback: { rpoSeconds: 300, rtoSeconds: 86_400 },
      },
    },
  };
}

/** The estate with unique ids, so that one world can hold the estates of several scenarios. */
function namesake(scenario: Scenario): Estate {
  const prefix = scenario.slice(0, 3); // names stay within the 15 characters of a Windows machine
  const ids = ["home", "away", "db", "app", "web", "vm-db", "vm-app", "vm-web", "ssd", "esx-1", "esx-2"];
  const shared = ["tunnel", "line", "backbone", "policy", "vcsa", "config", "ps-home", "ps-away", "data", "front"];
  const renamed = [...ids, ...shared].reduce(
    (text, id) => text.replaceAll(`"${id}"`, `"${prefix}-${id}"`),
    JSON.stringify(estateOf(scenario)),
  );
  return JSON.parse(renamed) as Estate;
}

/** One world and one plan over several scenarios: first all databases, then everything in front of them. */
export function mixedEstate(scenarios: readonly Scenario[], worldId = "mixed"): Estate {
  const estates = scenarios.map(namesake);
  const worlds = estates.map(({ world }) => world);
  const itemsOf = (group: number) => estates.flatMap(({ plan }) => plan.groups[group]?.items ?? []);
  return {
    world: {
      id: worldId,
      name: "Mixed estate",
      sites: worlds.flatMap(({ sites }) => sites),
      links: worlds.flatMap(({ links = [] }) => links),
      policies: worlds.flatMap(({ policies }) => policies),
      machines: worlds.flatMap(({ machines }) => machines),
      items: worlds.flatMap(({ items = [] }) => items),
    },
    plan: {
      id: `${worldId}-plan`,
      name: "One order over all",
      worldId,
      groups: [
        { id: "databases", name: "Databases", items: itemsOf(0) },
        { id: "fronts", name: "What stands before them", items: itemsOf(1) },
      ],
    },
  };
}
