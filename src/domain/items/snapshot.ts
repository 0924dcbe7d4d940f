import { z } from "zod";
import type { DataLoss, RecoveryPoint } from "../recovery-points/recovery-point-choice.js";
import { Id } from "../text.js";
import type { Direction } from "../vocabulary.js";
import type { Link, Machine, ProtectedItem, ReplicationPolicy, Site } from "../worlds/world.js";

/** What the hypervisor sees of one protected item at a moment. */
export interface ItemSnapshot {
  item: ProtectedItem;
  machine: Machine;
  policy: ReplicationPolicy;
  /** Epoch of the newest promotion; 0 before the first. */
  epoch: number;
  /** The point the replica was promoted from; null while it is a replica. */
  promotedFrom: RecoveryPoint | null;
  /** What the source had written that the point does not hold; null while it is a replica. */
  dataLoss: DataLoss | null;
  /** Which way it replicates, or did last. `source` is the copy that replication reads from, at either site. */
  direction: Direction;
  source: CopySnapshot;
  replica: CopySnapshot;
  replication: {
    /** `stopped` means that no new points are made. */
    state: "replicating" | "stopped";
    /** Age of the newest data received, in emulated seconds (RPO). */
    rpoSeconds: number;
    newestPoint: RecoveryPoint | null;
    /** True after a failover that has set up replication the other way already (H). */
    reversed: boolean;
  };
  /** True when the running copy's agent is known to the configuration server, or the scenario needs none (F7). */
  agentRegistered: boolean;
  /** What the hypervisor noticed and only a person mends. */
  conditions: { type: NoticedCondition; since: string }[];
  /** What a failback left at the recovery site (A9). */
  leftBehind: LeftBehind[];
  /** Test copies that exist now. */
  testCopies: { executionId: string; networkId: string; power: Power }[];
}

/** A source beside a promoted replica; an address lost on the way home; an interface lost with its package (V8). */
export type NoticedCondition = "split-brain" | "address-is-dhcp" | "network-manager-lost";
export type LeftBehind = "machine" | "disks";

type Power = "on" | "off";

/** One copy of a workload at one site. */
export const CopySnapshot = z.strictObject({
  siteId: Id,
  power: z.enum(["on", "off"]),
  heartbeat: z.enum(["ok", "none"]),
  /** VMware tools; `disabled` on a Windows machine failed over to Azure (F6), `absent` where there are none. */
  tools: z.enum(["running", "disabled", "absent"]),
  /** True when the copy takes production writes. */
  writable: z.boolean(),
});
export type CopySnapshot = z.infer<typeof CopySnapshot>;

/** What the hypervisor sees of one site. */
export interface SiteSnapshot {
  site: Site;
  reachable: boolean;
  /** Names in use at the site: machines that are not protected, and copies that were started. */
  machineNames: string[];
  testNetworks: { id: string; executionId: string }[];
}

/** Everything that prerequisites look at. */
export interface EstateSnapshot {
  items: ItemSnapshot[];
  sites: SiteSnapshot[];
  links: Link[];
}
