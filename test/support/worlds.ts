import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Plan, type PlanInput } from "../../src/domain/plans/plan.js";
import { World, type WorldInput } from "../../src/domain/worlds/world.js";

const sample = (name: string): string => readFileSync(new URL(`../../samples/${name}`, import.meta.url), "utf8");

export const shopWorld = (): World => World.parse(parse(sample("shop/world.yaml")));
export const shopPlan = (): Plan => Plan.parse(parse(sample("shop/plan.yaml")));

/** A small world: `count` VMware items `item-1`… at one site, protected to one region. */
export function smallWorld(count: number, changes: Partial<WorldInput> = {}): World {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return World.parse({
    id: "small",
    name: "Small world",
    sites: [
      {
        id: "home",
        name: "Home",
        kind: "vcenter",
        networks: [{ id: "lan", subnets: [{ name: "a", range: "10.1.0.0/24" }] }],
      },
      {
        id: "away",
        name: "Away",
        kind: "azure-region",
        networks: [{ id: "vnet", subnets: [{ name: "a", range: "10.2.0.0/24" }] }],
        resourceGroups: ["rg"],
        availabilitySets: ["set"],
        sizes: [{ name: "D4", cpus: 4, memoryMb: 16_384, maxDataDisks: 8 }],
      },
    ],
    links: [{ id: "vpn", kind: "vpn", between: ["home", "away"], bandwidthMbps: 100 }],
    policies: [{ id: "policy" }],
    machines: numbers.map((number) => ({
      id: `vm-${number}`,
      name: `vm-${number}`,
      siteId: "home",
      form: "vm",
      osFamily: "windows",
      os: "Windows Server 2022",
      cpus: 2,
      memoryMb: 8_192,
      boot: "uefi",
      disks: [
        { name: "system", sizeGb: 100 },
        { name: "data", sizeGb: 200 },
      ],
      nics: [{ name: "nic", networkId: "lan", subnet: "a" }],
    })),
    items: numbers.map((number) => ({
      id: `item-${number}`,
      machineId: `vm-${number}`,
      scenario: "vmware-to-azure",
      sourceSiteId: "home",
      targetSiteId: "away",
      policyId: "policy",
      target: { networkId: "vnet", resourceGroup: "rg" },
    })),
    ...changes,
  });
}

/** A plan with these items in one group. */
export const smallPlan = (itemIds: readonly string[], changes: Partial<PlanInput> = {}): Plan =>
  Plan.parse({
    id: "plan",
    name: "Plan",
    worldId: "small",
    groups: [{ id: "all", name: "All", items: itemIds.map((id) => ({ id })) }],
    ...changes,
  });

/** A clock that only the test advances. */
export class ManualClock {
  #nowMs: number;
  constructor(start = "2026-03-02T09:00:00.000Z") {
    this.#nowMs = Date.parse(start);
  }
  now(): number {
    return this.#nowMs;
  }
  /** Advances to a time; never goes back. */
  goTo(instant: string): void {
    this.#nowMs = Math.max(this.#nowMs, Date.parse(instant));
  }
  pass(seconds: number): void {
    this.#nowMs += seconds * 1_000;
  }
}
