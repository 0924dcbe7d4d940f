import { hasCode } from "../errors.js";
import type { EstateSnapshot, ItemSnapshot } from "../items/snapshot.js";
import type { AskedOptions } from "../prerequisites/prerequisite.js";
import { opposite, wayOf } from "../scenario-traits.js";
import type { Direction, ItemState } from "../vocabulary.js";
import type { TargetSettings } from "../worlds/world.js";
import { machineResources, type Way, wayBackOf } from "./reverse-path.js";

/** Something at the site that takes the data: there already, or made by the reprotect. */
export interface ReprotectResource {
  name: string;
  new: boolean;
}

/** What a reprotect would make of one item. `because` says why it can not turn round now; then there are no resources. */
export interface ReprotectPreview {
  itemId: string;
  direction: Direction;
  /** The site that takes the data. */
  siteId: string;
  /** What the item gets there by its target settings; null for the way home, where it was before. */
  settings: TargetSettings | null;
  /** Of a machine that is made anew. */
  hostId: string | null;
  datastoreId: string | null;
  resources: ReprotectResource[];
  because: string | null;
}

/** States from which a reprotect comes next, with a commit before it at most. */
const TURNS_NEXT: ReadonlySet<ItemState> = new Set(["failed-over", "committed"]);

/** What a reprotect of an item would create, and what it finds there already (A8). Changes nothing. */
export function previewReprotect(
  estate: EstateSnapshot,
  snapshot: ItemSnapshot,
  state: ItemState,
  options: AskedOptions,
): ReprotectPreview {
  const { item, direction: present } = snapshot;
  const direction = opposite(present);
  const way = TURNS_NEXT.has(state)
    ? wayOrWhyNot(estate, snapshot, options)
    : `it is ${state}; a reprotect follows a failover and its commit`;
  const settings = direction === "primary-to-recovery" ? item.target : null;
  const at = { itemId: item.id, direction, siteId: wayOf(item, direction).to, settings };
  if (typeof way === "string") return { ...at, hostId: null, datastoreId: null, resources: [], because: way };
  const { hostId = null, datastoreId = null } = way;
  return { ...at, hostId, datastoreId, resources: resourcesOf(snapshot, way), because: null };
}

function wayOrWhyNot(estate: EstateSnapshot, snapshot: ItemSnapshot, options: AskedOptions): Way | string {
  try {
    return wayBackOf(estate, snapshot, options);
  } catch (error) {
    if (hasCode(error, "no-way-home")) return error.message;
    throw error;
  }
}

/** Machine and disks, which are there or made, and what is made beside them. */
function resourcesOf({ machine }: ItemSnapshot, { create }: Way): ReprotectResource[] {
  const names = new Set([...machineResources(machine), ...create]);
  return [...names].map((name) => ({ name, new: create.includes(name) }));
}
