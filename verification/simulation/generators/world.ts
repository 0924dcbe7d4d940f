import { Scenario } from "../../../src/domain/vocabulary.js";
import type { WorldInput } from "../../../src/domain/worlds/world.js";
import type { Random } from "../random.js";

type SiteInput = WorldInput["sites"][number];
type MachineInput = WorldInput["machines"][number];
type ItemInput = NonNullable<WorldInput["items"]>[number];
type LinkInput = NonNullable<WorldInput["links"]>[number];

export const WORLD_ID = "world";

/** The number of items: usually few, sometimes more than a slice holds. */
export function itemCount(random: Random): number {
  const size = random.weighted({ one: 25, few: 60, some: 14, many: 1 });
  if (size === "one") return 1;
  if (size === "few") return random.int(2, 4);
  return size === "some" ? random.int(5, 10) : random.int(26, 60);
}

/** An estate of one or several scenarios, in which every item may be failed over. */
export function generateWorld(random: Random): WorldInput {
  const count = itemCount(random.fork("count"));
  const scenarios = random
    .shuffled(Scenario.options)
    .slice(0, random.chance(0.7) ? 1 : Math.min(count, random.int(2, 4)));
  const parts = scenarios.map((scenario, index) => {
    const share = Math.floor(count / scenarios.length) + (index < count % scenarios.length ? 1 : 0);
    return partOf(scenario, index, share, random.fork(scenario));
  });
  const crowd = random.fork("crowd");
  if (crowd.chance(0.15)) for (const part of parts) crowded(part, crowd);
  return {
    id: WORLD_ID,
    name: "Simulated estate",
    seed: random.int(0, 1_000_000),
    sites: parts.flatMap(({ sites }) => sites),
    links: parts.map(({ link }) => link),
    policies: parts.map(({ policy }) => policy),
    replicationGroups: parts.flatMap(({ groups }) => groups.map((id) => ({ id, name: id }))),
    machines: parts.flatMap(({ machines }) => machines),
    items: parts.flatMap(({ items }) => items),
  };
}

/** Too little room at the recovery site for all of its items, so that executions compete for it. */
function crowded({ sites: [, away], items }: ReturnType<typeof partOf>, random: Random): void {
  const [first, second] = items;
  if (away?.kind === "azure-region" && random.chance(0.7)) {
    away.quota = { cores: 4 * Math.max(1, Math.ceil(items.length / 2)) };
  } else if (first?.target && second?.target) {
    for (const target of [first.target, second.target]) target.name = "same";
  }
}

interface SitePair {
  scenario: Scenario;
  index: number;
  prefix: string;
  home: SiteInput;
  away: SiteInput;
}

/** The machines of one scenario and their two sites. */
function partOf(scenario: Scenario, index: number, count: number, random: Random) {
  const prefix = scenario.slice(0, 2);
  const pair: SitePair = { scenario, index, prefix, ...sitesOf(scenario, prefix, index) };
  const link: LinkInput = {
    id: `${prefix}-link`,
    kind: scenario === "azure-to-azure" ? "internet" : "vpn",
    between: [pair.home.id, pair.away.id],
    bandwidthMbps: random.pick([100, 1_000]),
  };
  const policy = {
    id: `${prefix}-policy`,
    crashConsistentMinutes: random.pick([1, 5, 15]),
    appConsistentMinutes: random.pick([0, 60, 240]),
    retentionDays: random.pick([1, 1, 3]),
  };
  const groups = count > 1 && random.chance(0.3) ? [`${prefix}-group`] : [];
  const grouped = groups.length === 0 ? 0 : random.int(2, Math.min(count, 8));
  const numbers = Array.from({ length: count }, (_, number) => number);
  return {
    sites: [pair.home, pair.away],
    link,
    policy,
    groups,
    machines: numbers.map((number) => machineOf(pair, number, random.fork(`machine/${number}`))),
    items: numbers.map((number) => itemOf(pair, number, number < grouped ? groups[0] : undefined, random)),
  };
}

const nameOf = ({ prefix }: SitePair, number: number): string => `${prefix}-${String(number).padStart(2, "0")}`;

function machineOf(pair: SitePair, number: number, random: Random): MachineInput {
  const { scenario, home, index } = pair;
  const windows = random.chance(0.5);
  const atVcenter = scenario === "vmware-to-azure";
  return {
    id: `vm-${nameOf(pair, number)}`,
    name: nameOf(pair, number),
    siteId: home.id,
    form: scenario === "physical-to-azure" ? "physical" : "vm",
    ...(atVcenter ? { hostId: `${home.id}-esx-2`, datastoreId: `${home.id}-ssd` } : {}),
    osFamily: windows ? "windows" : "linux",
    os: windows ? "Windows Server 2022" : "Ubuntu 24.04",
    cpus: 2,
    memoryMb: random.pick([2_048, 8_192, 16_384]),
    boot: "uefi",
    disks: ["system", "data", "log"]
      .slice(0, random.int(1, 3))
      .map((name) => ({ name, sizeGb: random.pick([10, 80, 400]) })),
    nics: [
      {
        name: "nic",
        networkId: `${home.id}-net`,
        subnet: "data",
        ...(random.chance(0.5) ? { assignment: "static", ip: `10.${2 * index + 1}.0.${20 + number}` } : {}),
      },
    ],
    services: [{ port: 443, afterSeconds: random.pick([5, 30, 90]) }],
  };
}

function itemOf(pair: SitePair, number: number, groupId: string | undefined, random: Random): ItemInput {
  const { scenario, home, away, prefix } = pair;
  const resourceGroup = away.resourceGroups?.[0];
  return {
    id: nameOf(pair, number),
    machineId: `vm-${nameOf(pair, number)}`,
    scenario,
    sourceSiteId: home.id,
    targetSiteId: away.id,
    policyId: `${prefix}-policy`,
    ...(groupId === undefined ? {} : { replicationGroupId: groupId }),
    changeRateMbPerSecond: random.pick([0, 1, 5, 20]),
    target: {
      networkId: `${away.id}-net`,
      managedDisks: random.chance(0.8),
      ...(resourceGroup === undefined ? {} : { resourceGroup }),
    },
  };
}

/** The primary and the recovery site of a scenario, each with its own addresses. */
function sitesOf(scenario: Scenario, prefix: string, index: number): Pick<SitePair, "home" | "away"> {
  const [home, away] = [`${prefix}-home`, `${prefix}-away`];
  const [here, there] = [`10.${2 * index + 1}.0.0/24`, `10.${2 * index + 2}.0.0/24`];
  switch (scenario) {
    case "azure-to-azure":
      return { home: region(home, here), away: region(away, there) };
    case "hyperv-to-hyperv":
      return { home: cloud(home, here), away: cloud(away, there) };
    default: {
      const processServers = [{ id: `${away}-ps`, ip: `10.${2 * index + 2}.0.6` }];
      return { home: vcenter(home, here, index), away: { ...region(away, there), processServers } };
    }
  }
}

const networks = (id: string, range: string) => [{ id: `${id}-net`, subnets: [{ name: "data", range }] }];

const region = (id: string, range: string): SiteInput => ({
  id,
  name: id,
  kind: "azure-region",
  networks: networks(id, range),
  resourceGroups: [`rg-${id}`],
  sizes: [
    { name: "D4", cpus: 4, memoryMb: 16_384, maxDataDisks: 8 },
    { name: "D8", cpus: 8, memoryMb: 32_768, maxDataDisks: 16 },
  ],
});

const cloud = (id: string, range: string): SiteInput => ({
  id,
  name: id,
  kind: "vmm-cloud",
  hosts: [{ id: `${id}-hv`, cpus: 128, memoryMb: 4_194_304 }],
  networks: networks(id, range),
  vmmServer: { id: `${id}-vmm` },
});

const vcenter = (id: string, range: string, index: number): SiteInput => ({
  id,
  name: id,
  kind: "vcenter",
  hosts: [
    { id: `${id}-esx-1`, cpus: 128, memoryMb: 4_194_304 },
    { id: `${id}-esx-2`, cpus: 128, memoryMb: 4_194_304 },
  ],
  datastores: [{ id: `${id}-ssd`, capacityGb: 200_000, freeGb: 150_000 }],
  networks: networks(id, range),
  vCenter: { id: `${id}-vcsa` },
  configurationServer: { id: `${id}-config`, ip: `10.${2 * index + 1}.0.5` },
  processServers: [{ id: `${id}-ps`, ip: `10.${2 * index + 1}.0.6` }],
  masterTargets: [
    { id: `${id}-mt-windows`, osFamily: "windows", hostId: `${id}-esx-1`, retentionDrive: "R:" },
    { id: `${id}-mt-linux`, osFamily: "linux", hostId: `${id}-esx-1`, retentionDrive: "/mnt/retention" },
  ],
});
