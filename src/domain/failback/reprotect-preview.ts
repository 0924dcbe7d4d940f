import { hasCode } from "../errors.js";
import type { EstateSnapshot, ItemSnapshot } from "../items/snapshot.js";
import type { CheckOptions } from "../prerequisites/prerequisite.js";
import { opposite, replicationSites } from "../scenario-traits.js";
import type { Direction, ItemState } from "../vocabulary.js";
import type { TargetSettings } from "../worlds/world.js";
import { machineResources, planReverseReplication, type ReversePath } from "./reverse-path.js";

/** A resource at the site that receives the data: it exists, or the reprotect creates it. */
export interface ReprotectResource {
  name: string;
  new: boolean;
}

/** The result that a reprotect of one item would have. `because` says why it is impossible now; it has no resources then. */
export interface ReprotectPreview {
  itemId: string;
  direction: Direction;
  /** The site that receives the data. */
  siteId: string;
  /** The target settings that apply; null for a failback, which returns the item to its old place. */
  settings: TargetSettings | null;
  /** Host and datastore of a new machine. */
  hostId: string | null;
  datastoreId: string | null;
  resources: ReprotectResource[];
  because: string | null;
}

/** States from which a reprotect follows, with at most a commit before it. */
const BEFORE_REPROTECT: ReadonlySet<ItemState> = new Set(["failed-over", "committed"]);

/** What a reprotect of an item would create, and what exists already (A8). Changes nothing. */
export function previewReprotect(
  estate: EstateSnapshot,
  snapshot: ItemSnapshot,
  state: ItemState,
  options: CheckOptions,
): ReprotectPreview {
  const { item } = snapshot;
  const direction = opposite(snapshot.direction);
  const path = BEFORE_REPROTECT.has(state)
    ? pathOrReason(estate, snapshot, options)
    : `it is ${state}; a reprotect follows a failover and its commit`;
  const settings = direction === "primary-to-recovery" ? item.target : null;
  const common = { itemId: item.id, direction, siteId: replicationSites(item, direction).to, settings };
  if (typeof path === "string") return { ...common, hostId: null, datastoreId: null, resources: [], because: path };
  const { hostId = null, datastoreId = null } = path;
  return { ...common, hostId, datastoreId, resources: resourcesOf(snapshot, path), because: null };
}

function pathOrReason(estate: EstateSnapshot, snapshot: ItemSnapshot, options: CheckOptions): ReversePath | string {
  try {
    return planReverseReplication(estate, snapshot, options);
  } catch (error) {
    if (hasCode(error, "no-replication-path")) return error.message;
    throw error;
  }
}

/** The machine and its disks, which exist or are created, and everything else that is created. */
function resourcesOf({ machine }: ItemSnapshot, { create }: ReversePath): ReprotectResource[] {
  const names = new Set([...machineResources(machine), ...create]);
  return [...names].map((name) => ({ name, new: create.includes(name) }));
}
