import { z } from "zod";
import type { DataLoss, RecoveryPoint } from "../recovery-points/recovery-point-choice.js";
import { Id } from "../text.js";
import type { Direction } from "../vocabulary.js";
import type { MachineAddress, Occupancy } from "../worlds/occupancy.js";
import type { Link, Machine, ProtectedItem, ReplicationPolicy, Site } from "../worlds/world.js";

/** What the hypervisor reports about one protected item at one time. */
export interface ItemSnapshot {
  item: ProtectedItem;
  machine: Machine;
  policy: ReplicationPolicy;
  /** Epoch of the newest promotion; 0 before the first. */
  epoch: number;
  /** The recovery point that the replica was promoted from; null before a promotion. */
  promotedFrom: RecoveryPoint | null;
  /** What the source had written that the recovery point lacks; null before a promotion. */
  dataLoss: DataLoss | null;
  /** The present or last direction of replication. `source` is the copy that replication reads from. */
  direction: Direction;
  source: CopySnapshot;
  replica: CopySnapshot;
  replication: {
    /** `stopped`: there are no new recovery points. */
    state: "replicating" | "stopped";
    /** Age of the newest data received, in emulated seconds (RPO). */
    rpoSeconds: number;
    newestPoint: RecoveryPoint | null;
    /** True after a failover that has already set up the reverse replication (H). */
    reversed: boolean;
  };
  /** True when the running copy's agent is known to the configuration server, or the scenario needs none (F7). */
  agentRegistered: boolean;
  /** Conditions that the hypervisor noticed and only a person can resolve. */
  conditions: { type: NoticedCondition; since: string }[];
  /** What a failback left at the recovery site (A9). */
  leftBehind: LeftBehind[];
  /** Test copies that exist now. */
  testCopies: { executionId: string; networkId: string; power: Power }[];
}

/** A source that runs beside a promoted replica; an address or a network interface lost during failback (V8). */
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

/** What the hypervisor reports about one site. */
export interface SiteSnapshot {
  site: Site;
  reachable: boolean;
  /** Names in use at the site, by unprotected machines and by started copies. */
  machineNames: string[];
  /** Static addresses of the machines that were at the site at its import. */
  machineAddresses: MachineAddress[];
  /** What machines of items take at the site because of a failover, a test or a failback. */
  taken: Occupancy[];
  testNetworks: { id: string; executionId: string }[];
}

/** Everything that prerequisites read. */
export interface EstateSnapshot {
  items: ItemSnapshot[];
  sites: SiteSnapshot[];
  links: Link[];
}

/** Whether both copies are on, although one of them was promoted. */
export const isSplitBrain = ({ source, replica, conditions }: ItemSnapshot): boolean =>
  source.power === "on" && replica.power === "on" && conditions.some(({ type }) => type === "split-brain");
