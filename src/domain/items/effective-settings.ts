import { opposite, replicationSites, SITE_TRAITS } from "../scenario-traits.js";
import { defined } from "../text.js";
import type { Direction } from "../vocabulary.js";
import { chooseSubnet } from "../worlds/networks.js";
import { fittingSize } from "../worlds/occupancy.js";
import type { Site, TargetSettings } from "../worlds/world.js";
import type { ItemSnapshot } from "./snapshot.js";

/**
 * The settings that a machine gets at the site that it goes to, with every automatic choice made (P3, A8). On the way
 * out they are the target settings of the item. On the way home they are those of the machine that returns: its own
 * name, its own networks, and the place that it had.
 */
export function effectiveSettings(snapshot: ItemSnapshot, site: Site, direction: Direction): TargetSettings {
  return direction === "primary-to-recovery" ? settingsAway(snapshot, site) : settingsAtHome(snapshot, site);
}

function settingsAway({ item: { target }, machine }: ItemSnapshot, site: Site): TargetSettings {
  const network = site.networks.find(({ id }) => id === target.networkId);
  const automatic = {
    name: machine.name,
    size: fittingSize(machine, site.sizes)?.name,
    subnet: chooseSubnet(network, target.subnet, machine.nics[0]?.subnet)?.name,
  };
  return { ...defined(automatic), ...target };
}

function settingsAtHome({ item: { target }, machine }: ItemSnapshot, site: Site): TargetSettings {
  const [nic] = machine.nics;
  const network = site.networks.find(({ id }) => id === nic?.networkId);
  const { createsMachines } = SITE_TRAITS[site.kind];
  const [resourceGroup, ...others] = site.resourceGroups;
  return {
    managedDisks: target.managedDisks,
    ...defined({
      name: machine.name,
      size: createsMachines ? fittingSize(machine, site.sizes)?.name : undefined,
      resourceGroup: others.length === 0 ? resourceGroup : undefined,
      networkId: nic?.networkId,
      subnet: chooseSubnet(network, nic?.subnet, undefined)?.name,
      ip: nic?.assignment === "static" ? nic.ip : undefined,
    }),
  };
}

/** The settings of the next move of an item: while a failover waits for its reprotect, that is the way back. */
export function nextSettings(snapshot: ItemSnapshot, sites: ReadonlyMap<string, Site>): TargetSettings {
  const direction = snapshot.promotedFrom === null ? snapshot.direction : opposite(snapshot.direction);
  const { to } = replicationSites(snapshot.item, direction);
  const site = sites.get(to);
  if (site === undefined) throw new Error(`the snapshot lacks site ${to}`);
  return effectiveSettings(snapshot, site, direction);
}
