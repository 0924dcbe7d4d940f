import { z } from "zod";
import { ConfigurationServer, VCenter, VmmServer } from "./topology.js";
import { Link, Machine, Site } from "./world.js";

/**
 * What people change in an estate outside of the product: at a site, at a machine or at a link. A missing field stays as
 * it is, a list replaces the whole list, and null removes.
 */

const site = Site.shape;

export const SiteChange = z.strictObject({
  name: site.name.optional(),
  hosts: site.hosts.unwrap().optional(),
  datastores: site.datastores.unwrap().optional(),
  networks: site.networks.unwrap().optional(),
  resourceGroups: site.resourceGroups.unwrap().optional(),
  availabilitySets: site.availabilitySets.unwrap().optional(),
  sizes: site.sizes.unwrap().optional(),
  existingMachines: site.existingMachines.unwrap().optional(),
  processServers: site.processServers.unwrap().optional(),
  masterTargets: site.masterTargets.unwrap().optional(),
  quota: site.quota.nullable(),
  vCenter: VCenter.nullable().optional(),
  configurationServer: ConfigurationServer.nullable().optional(),
  vmmServer: VmmServer.nullable().optional(),
});
export type SiteChange = z.infer<typeof SiteChange>;

const machine = Machine.shape;

export const MachineChange = z.strictObject({
  os: machine.os.optional(),
  cpus: machine.cpus.optional(),
  memoryMb: machine.memoryMb.optional(),
  boot: machine.boot.optional(),
  /** A disk that is new is not protected until replication is enabled again (A5). */
  disks: machine.disks.optional(),
  nics: machine.nics.optional(),
  snapshots: machine.snapshots.unwrap().optional(),
  networkManagerPackage: machine.networkManagerPackage.unwrap().optional(),
  /** Of the copy that runs the workload. */
  power: z.enum(["on", "off"]).optional(),
});
export type MachineChange = z.infer<typeof MachineChange>;

const link = Link.shape;

export const LinkChange = z.strictObject({
  kind: link.kind.optional(),
  bandwidthMbps: link.bandwidthMbps.optional(),
  peerings: link.peerings.unwrap().optional(),
  connected: link.connected.unwrap().optional(),
});
export type LinkChange = z.infer<typeof LinkChange>;

/** An object with a change merged into it: undefined keeps a field and null removes it. */
export function withFields(whole: object, change: object): Record<string, unknown> {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...whole, ...Object.fromEntries(given) });
  return Object.fromEntries(merged.filter(([, value]) => value !== null));
}
