/** Changes that people make to the estate outside of the product: at a site, at a machine, at a link. */
import { RecoveryError } from "../../domain/errors.js";
import {
  type LinkChange,
  type MachineChange,
  type SiteChange,
  withFields,
} from "../../domain/worlds/estate-changes.js";
import type { MasterTarget } from "../../domain/worlds/topology.js";
import { Link, Machine, Site } from "../../domain/worlds/world.js";
import { topologyProblems } from "../../domain/worlds/world-rules.js";
import type { EmulatedEstate } from "../port.js";
import { closed, off, on, reopened } from "./copies.js";
import type { EntityStore } from "./entities.js";
import type { EmulatedItem, EmulatedSite, WorldHeader } from "./state.js";
import type { Worlds } from "./worlds.js";

/** Changes a site. Refuses `world-invalid` when a host or a master target would name what the site does not have. */
function siteChanged(state: EmulatedSite, change: SiteChange): EmulatedSite {
  const site = Site.parse(withFields(state.site, change));
  const problems = topologyProblems(site);
  if (problems.length > 0) throw new RecoveryError("world-invalid", `site ${site.id}: ${problems[0]}`, problems);
  const before = new Set(state.site.existingMachines);
  const machineNames = [...site.existingMachines, ...state.machineNames.filter((name) => !before.has(name))];
  return { ...state, site, machineNames };
}

/** Installs an additional master target, or sets one up anew (V5). */
function withMasterTarget(state: EmulatedSite, masterTarget: MasterTarget): EmulatedSite {
  const others = state.site.masterTargets.filter(({ id }) => id !== masterTarget.id);
  return siteChanged(state, { masterTargets: [...others, masterTarget] });
}

/** Changes a machine. A disk that is added is in no recovery point until replication is enabled again (A5). */
function machineChanged(state: EmulatedItem, { power, ...change }: MachineChange, atMs: number): EmulatedItem {
  const machine = Machine.parse(withFields(state.machine, change));
  const names = new Set(machine.disks.map(({ name }) => name));
  const protectedDisks = state.item.protectedDisks ?? state.machine.disks.map(({ name }) => name);
  const gone = protectedDisks.find((name) => !names.has(name));
  if (gone !== undefined) {
    const todo = "keep it, or disable replication and remove the item from the world first";
    throw new RecoveryError("invalid-input", `disk ${gone} of ${machine.name} is protected: ${todo}`);
  }
  const isWhole = protectedDisks.length === machine.disks.length && state.item.protectedDisks === undefined;
  const item = isWhole ? state.item : { ...state.item, protectedDisks };
  const changed = { ...state, machine, item };
  return power === undefined ? changed : powered(changed, power, atMs);
}

/** Starts or stops the copy that runs the workload. */
function powered(state: EmulatedItem, power: "on" | "off", atMs: number): EmulatedItem {
  const running = state.promotedFrom === null ? "source" : "replica";
  const writes = running === "source" ? "sourceWrites" : "replicaWrites";
  if (state[running].power === power) return state;
  return power === "off"
    ? { ...state, [running]: off(state[running]), [writes]: closed(state[writes], atMs) }
    : { ...state, [running]: on(state[running]), [writes]: reopened(state[writes], atMs) };
}

function linkChanged(header: WorldHeader, linkId: string, change: LinkChange): WorldHeader {
  if (!header.links.some(({ id }) => id === linkId)) {
    throw new RecoveryError("not-found", `world ${header.worldId} has no link ${linkId}`);
  }
  const links = header.links.map((link) => (link.id === linkId ? Link.parse(withFields(link, change)) : link));
  return { ...header, links };
}

/** What people change in an estate. Each change is one write of one row. */
export const createEstateChanges = (
  worlds: Worlds,
  items: Pick<EntityStore<EmulatedItem>, "change">,
  sites: Pick<EntityStore<EmulatedSite>, "change">,
): Pick<EmulatedEstate, "installMasterTarget" | "changeSite" | "changeMachine" | "changeLink"> => ({
  installMasterTarget: (worldId, siteId, masterTarget) =>
    sites.change(worldId, siteId, (state) => withMasterTarget(state, masterTarget)),
  changeSite: (worldId, siteId, change) => sites.change(worldId, siteId, (state) => siteChanged(state, change)),
  changeMachine: (worldId, itemId, change) =>
    items.change(worldId, itemId, (state, atMs) => machineChanged(state, change, atMs)),
  changeLink: async (worldId, linkId, change) => {
    const { links } = await worlds.change(worldId, (header) => linkChanged(header, linkId, change));
    const link = links.find(({ id }) => id === linkId);
    if (link === undefined) throw new Error("the link was not kept");
    return link;
  },
});
