import { hasCode } from "../errors.js";
import { effectiveSettings } from "../items/effective-settings.js";
import type { ItemRecord } from "../items/item-record.js";
import type { EstateSnapshot, ItemSnapshot } from "../items/snapshot.js";
import { targetLockReason } from "../items/target-settings.js";
import type { CheckOptions } from "../prerequisites/prerequisite.js";
import { failbackPolicyId, opposite, replicationSites, SCENARIO_TRAITS, SITE_TRAITS } from "../scenario-traits.js";
import type { Direction, ItemState } from "../vocabulary.js";
import type { Site, TargetSettings } from "../worlds/world.js";
import { machineResources, planReverseReplication, type ReversePath, replicationPathOf } from "./reverse-path.js";
import { datastoreIdOf, hostOf, masterTargetOf, processServerOf } from "./reverse-path-selection.js";

/** A resource at the site that receives the data: it exists, or the reprotect creates it. */
export interface ReprotectResource {
  name: string;
  new: boolean;
}

/** The servers and places of a failback through a master target; null where the scenario or the direction has none. */
interface ReprotectPath {
  processServerId: string | null;
  masterTargetId: string | null;
  retentionDrive: string | null;
  hostId: string | null;
  datastoreId: string | null;
}

/** The result that a reprotect of one item would have. `because` says why it is impossible now; it has no resources then. */
export interface ReprotectPreview extends ReprotectPath {
  itemId: string;
  direction: Direction;
  /** The site where the machine runs and that sends the data. */
  fromSiteId: string;
  /** The site that receives the data. */
  siteId: string;
  /** Everything that the machine gets there, with every automatic choice made. On the way home it is what it had. */
  settings: TargetSettings;
  /** Why the settings cannot be changed before the reprotect; null when they can, as target settings. */
  locked: string | null;
  /** The policy in force afterwards, which follows from the direction (P12). */
  policyId: string;
  resources: ReprotectResource[];
  because: string | null;
}

/** States from which a reprotect follows, with at most a commit before it. */
const BEFORE_REPROTECT: ReadonlySet<ItemState> = new Set(["failed-over", "committed"]);

const NO_PATH: ReprotectPath = {
  processServerId: null,
  masterTargetId: null,
  retentionDrive: null,
  hostId: null,
  datastoreId: null,
};

/** What a reprotect of an item would set up: its settings, its path, and what it would create (A8). Changes nothing. */
export function previewReprotect(
  estate: EstateSnapshot,
  snapshot: ItemSnapshot,
  record: Pick<ItemRecord, "state" | "direction" | "heldBy" | "policyId">,
  options: CheckOptions,
): ReprotectPreview {
  const { item } = snapshot;
  const direction = opposite(snapshot.direction);
  const { from, to } = replicationSites(item, direction);
  const site = estate.sites.find((candidate) => candidate.site.id === to)?.site;
  if (site === undefined) throw new Error(`the snapshot lacks site ${to}`);
  const ownPolicy = direction === "recovery-to-primary" && SCENARIO_TRAITS[item.scenario].ownFailbackPolicy;
  const settings = effectiveSettings(snapshot, site, direction);
  const common = {
    itemId: item.id,
    direction,
    fromSiteId: from,
    siteId: to,
    settings,
    locked: lockOf(record, direction),
    policyId: ownPolicy ? failbackPolicyId(record.policyId) : record.policyId,
  };
  if (!BEFORE_REPROTECT.has(record.state)) {
    const because = `it is ${record.state}; a reprotect follows a failover and its commit`;
    return { ...common, ...NO_PATH, resources: [], because };
  }
  const path = pathOrReason(estate, snapshot, options);
  const servers = serversOf(estate, snapshot, options);
  if (typeof path === "string") return { ...common, ...servers, resources: [], because: path };
  return { ...common, ...servers, resources: resourcesOf(snapshot, path, site, settings), because: null };
}

/** A machine comes home with its own settings. Those for the recovery site are open before the reprotect to it. */
const lockOf = (record: Parameters<typeof targetLockReason>[0], direction: Direction): string | null =>
  direction === "recovery-to-primary" ? "the machine comes home with the settings it had" : targetLockReason(record);

function serversOf(estate: EstateSnapshot, snapshot: ItemSnapshot, options: CheckOptions): ReprotectPath {
  if (SCENARIO_TRAITS[snapshot.item.scenario].failbackThrough === "replica") return NO_PATH;
  const path = replicationPathOf(estate, snapshot, options);
  const processServerId = processServerOf(path)?.id ?? null;
  if (path.direction === "primary-to-recovery") return { ...NO_PATH, processServerId };
  const masterTarget = masterTargetOf(path);
  return {
    processServerId,
    masterTargetId: masterTarget?.id ?? null,
    retentionDrive: masterTarget?.retentionDrive ?? null,
    hostId: hostOf(path)?.id ?? null,
    datastoreId: datastoreIdOf(path) ?? null,
  };
}

function pathOrReason(estate: EstateSnapshot, snapshot: ItemSnapshot, options: CheckOptions): ReversePath | string {
  try {
    return planReverseReplication(estate, snapshot, options);
  } catch (error) {
    if (hasCode(error, "no-replication-path")) return error.message;
    throw error;
  }
}

/** The machine, its disks and what they are placed in, which exist or are created, and everything else that is created. */
function resourcesOf(
  { machine }: ItemSnapshot,
  { create }: ReversePath,
  site: Site,
  { resourceGroup, networkId, availabilitySet }: TargetSettings,
): ReprotectResource[] {
  const places = SITE_TRAITS[site.kind].createsMachines
    ? [
        ...(resourceGroup === undefined ? [] : [`resource group ${resourceGroup}`]),
        ...(networkId === undefined ? [] : [`network ${networkId}`]),
        ...(availabilitySet === undefined ? [] : [`availability set ${availabilitySet}`]),
      ]
    : [];
  const names = new Set([...machineResources(machine), ...places, ...create]);
  return [...names].map((name) => ({ name, new: create.includes(name) }));
}
