import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { Scenario } from "../../src/domain/vocabulary.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";

type SiteInput = WorldInput["sites"][number];
type MachineInput = WorldInput["machines"][number];
type ItemInput = NonNullable<WorldInput["items"]>[number];

/** The parts of a valid estate of one item and two sites, so that a test can break one of them. */
export interface SmallEstate {
  home: SiteInput;
  away: SiteInput;
  host: NonNullable<SiteInput["hosts"]>[number];
  masterTarget: NonNullable<SiteInput["masterTargets"]>[number];
  processServer: NonNullable<SiteInput["processServers"]>[number];
  size: NonNullable<SiteInput["sizes"]>[number];
  link: NonNullable<WorldInput["links"]>[number];
  policy: WorldInput["policies"][number];
  machine: MachineInput;
  item: ItemInput;
  target: NonNullable<ItemInput["target"]>;
  /** All of them; `machine` and `item` are the first. */
  machines: MachineInput[];
  items: ItemInput[];
}

const KINDS: Readonly<Record<Scenario, readonly [SiteInput["kind"], SiteInput["kind"]]>> = {
  "vmware-to-azure": ["vcenter", "azure-region"],
  "physical-to-azure": ["vcenter", "azure-region"],
  "hyperv-to-hyperv": ["vmm-cloud", "vmm-cloud"],
  "azure-to-azure": ["azure-region", "azure-region"],
};

/** The estate of a scenario. `key` is part of every id, so that one world can hold many. */
export function smallEstate(key: string, scenario: Scenario): SmallEstate {
  const [homeKind, awayKind] = KINDS[scenario];
  const host = { id: "esx", cpus: 32, memoryMb: 131_072 };
  const processServer = { id: "ps" };
  const masterTarget = { id: "mt", osFamily: "windows", hostId: "esx", retentionDrive: "R:" } as const;
  const size = { name: "D4", cpus: 4, memoryMb: 16_384, maxDataDisks: 8 };
  const site = (place: string, kind: SiteInput["kind"], range: string): SiteInput => ({
    id: `${place}-${key}`,
    name: place,
    kind,
    networks: [{ id: `net-${place}`, subnets: [{ name: "data", range }] }],
  });
  const home: SiteInput = {
    ...site("home", homeKind, "10.1.0.0/24"),
    ...(homeKind === "vcenter" && {
      hosts: [host],
      datastores: [{ id: "ssd", capacityGb: 9_000, freeGb: 4_000 }],
      vCenter: { id: "vcenter" },
      configurationServer: { id: "config", ip: "10.1.0.5", backup: { takenAt: "2026-01-01T00:00:00.000Z" } },
      masterTargets: [masterTarget],
    }),
    ...(homeKind === "vmm-cloud" && { vmmServer: { id: "vmm-home" } }),
  };
  const away: SiteInput = {
    ...site("away", awayKind, "10.2.0.0/24"),
    resourceGroups: ["rg"],
    availabilitySets: ["set"],
    ...(awayKind === "azure-region" && { sizes: [size] }),
    ...(homeKind === "vcenter" && { processServers: [processServer] }),
  };
  const machine: MachineInput = {
    id: `vm-${key}`,
    name: "vm",
    siteId: home.id,
    form: scenario === "physical-to-azure" ? "physical" : "vm",
    ...(scenario === "vmware-to-azure" && { hostId: "esx", datastoreId: "ssd" }),
    osFamily: "windows",
    os: "Windows Server 2022",
    cpus: 2,
    memoryMb: 8_192,
    boot: "uefi",
    disks: [
      { name: "system", sizeGb: 100 },
      { name: "data", sizeGb: 200 },
    ],
    nics: [{ name: "nic", networkId: "net-home", subnet: "data" }],
  };
  const target = { networkId: "net-away", resourceGroup: "rg" };
  const policy = { id: `policy-${key}` };
  const item: ItemInput = {
    id: key,
    machineId: machine.id,
    scenario,
    sourceSiteId: home.id,
    targetSiteId: away.id,
    policyId: policy.id,
    target,
  };
  const link: SmallEstate["link"] = {
    id: `link-${key}`,
    kind: "vpn",
    between: [home.id, away.id],
    bandwidthMbps: 100,
  };
  return {
    ...{ home, away, host, masterTarget, processServer, size, link, policy, machine, item, target },
    machines: [machine],
    items: [item],
  };
}

/** Adds another item of another size at the same sites. */
export function addTwin(estate: SmallEstate, size: string): void {
  const { machine, item, target } = estate;
  estate.machines.push({ ...machine, id: `${machine.id}-2`, name: "twin" });
  estate.items.push({ ...item, id: `${item.id}-2`, machineId: `${machine.id}-2`, target: { ...target, size } });
}

/** One world of several estates. */
export const worldOf = (id: string, estates: readonly SmallEstate[]): WorldInput => ({
  id,
  name: "Small estates",
  sites: estates.flatMap(({ home, away }) => [home, away]),
  links: estates.map(({ link }) => link),
  policies: estates.map(({ policy }) => policy),
  machines: estates.flatMap(({ machines }) => machines),
  items: estates.flatMap(({ items }) => items),
});

/** A plan of one group without validation. */
export const planOf = (id: string, worldId: string, estates: readonly SmallEstate[]): PlanInput => ({
  id,
  name: "All of them",
  worldId,
  groups: [{ id: "all", name: "All", items: estates.flatMap(({ items }) => items.map((item) => ({ id: item.id }))) }],
  validation: { required: false },
});
