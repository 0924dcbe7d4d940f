import type { Execution, StepRecord } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { Plan, PlanVersion } from "../domain/plans/plan.js";
import type { ItemState, Verb } from "../domain/vocabulary.js";
import type { World } from "../domain/worlds/world.js";

/** A value with the ETag to send back when changing it. */
export interface Tagged<T> {
  value: T;
  etag: string;
}

/** One page of a list; `cursor` is missing on the last one. */
export interface Page<T> {
  entries: T[];
  cursor?: string;
  /** What is wrong with rows that are left out because they can't be read, each named; missing when there are none. */
  unreadable?: string[];
}

export interface PageRequest {
  /** At most 100. */
  limit: number;
  /** A cursor of an earlier page; anything else is refused as `invalid-input`. */
  cursor?: string;
}

/** An imported world, without its machines (those are the hypervisor's). */
export interface WorldRecord {
  worldId: string;
  name: string;
  importedAt: string;
  itemCount: number;
}

/** What a start asks of an item. */
export interface ItemClaim {
  itemId: string;
  /** The state the caller saw; the claim is refused as `etag-mismatch` when the item has left it. */
  from: ItemState;
  /** The state it goes to while held; null when it is passed over, and only has to be free and in its state as the others are taken. */
  during: ItemState | null;
}

/** One item's change. The item must be held by `executionId`, or the update is refused as `item-held`. */
export interface ItemUpdate {
  itemId: string;
  change: Partial<Omit<ItemRecord, "worldId" | "itemId" | "heldBy">>;
  /** True gives the item up together with the change. */
  release: boolean;
}

/**
 * The records of Secondsite. Every method is safe to repeat. Errors are RecoveryError of the codes named;
 * `row-unreadable` may come from any read but that of a list, which leaves the row out and names it; such a row is
 * never overwritten.
 */
export interface Store {
  /** Saves a world and an item record for each of its items. Refuses `world-in-use` while an item is held. */
  putWorld(world: World, importedAt: string): Promise<WorldRecord>;
  getWorld(worldId: string): Promise<WorldRecord | null>;
  listWorlds(page: PageRequest): Promise<Page<WorldRecord>>;

  listItems(worldId: string, page: PageRequest): Promise<Page<ItemRecord>>;
  /** The items asked for, in that order; refuses `item-not-found` naming those that are not there. */
  getItems(worldId: string, itemIds: readonly string[]): Promise<ItemRecord[]>;
  /**
   * Takes items for an execution. Those it holds already are left as they are. After a refusal or a fault some may be
   * taken: whoever ends the execution gives them up.
   * Refuses `item-held` naming the holder, `etag-mismatch` when an item has left its `from` state, `item-not-found`;
   * those that are passed over among them, unless the execution holds all the others already.
   */
  acquireItems(worldId: string, executionId: string, verb: Verb, claims: readonly ItemClaim[]): Promise<ItemRecord[]>;
  /** Changes items that the execution holds, in batches of 100. Items it holds no longer are skipped when the change only releases. */
  updateItems(worldId: string, executionId: string, updates: readonly ItemUpdate[]): Promise<void>;
  /** Gives items up without changing them; those of other holders are left alone. */
  releaseItems(worldId: string, executionId: string, itemIds: readonly string[]): Promise<void>;

  /**
   * Saves a plan as its next version. `ifMatch` is the ETag of the version seen, or null to create.
   * Refuses `etag-mismatch` or `already-exists`, but for a plan that stands there already as it would be saved: it
   * answers with that version, since a save is repeated when its answer was lost.
   */
  putPlan(plan: Plan, hash: string, savedAt: string, ifMatch: string | null): Promise<Tagged<PlanVersion>>;
  getPlan(planId: string): Promise<Tagged<PlanVersion> | null>;
  /** A version as it was when saved; what executions run. */
  getPlanVersion(planId: string, version: number): Promise<PlanVersion | null>;
  listPlans(page: PageRequest): Promise<Page<PlanVersion>>;

  /** Records an execution unless one of its id exists; answers the recorded one and whether this call created it. */
  createExecution(execution: Execution): Promise<{ execution: Execution; created: boolean }>;
  getExecution(executionId: string): Promise<Tagged<Execution> | null>;
  /** Replaces the record; refuses `etag-mismatch`. */
  updateExecution(execution: Execution, etag: string): Promise<string>;
  /** Newest first. */
  listExecutions(page: PageRequest): Promise<Page<Execution>>;
  /** Keeps the steps of ended parts; the same part written again replaces it. */
  putSteps(executionId: string, records: readonly StepRecord[]): Promise<void>;
  /** All kept steps of an execution, by part. */
  getSteps(executionId: string): Promise<StepRecord[]>;
}
