import type { AccessToken } from "../domain/access/access-token.js";
import type { Approval } from "../domain/approvals/approval.js";
import type { Delegation } from "../domain/approvals/delegation.js";
import type { Execution, StepRecord } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { Plan, PlanVersion } from "../domain/plans/plan.js";
import type { ItemState, Verb } from "../domain/vocabulary.js";
import type { World } from "../domain/worlds/world.js";
import type { DrillStore } from "./drill-port.js";
import type { EvidenceStore } from "./evidence-port.js";
import type { NotificationStore } from "./notification-port.js";
import type { Page, PageRequest, Tagged } from "./page.js";
import type { WebhookStore } from "./webhook-port.js";

export type { DrillStore, PlanSchedule, StandingTest } from "./drill-port.js";
export type { Page, PageRequest, Tagged } from "./page.js";
export { type Update, updateWithRetry } from "./update-with-retry.js";

/** When and by whom a version of a plan was saved. */
export interface Saved {
  at: string;
  by: string;
}

/** An imported world without its machines, which belong to the hypervisor. */
export interface WorldRecord {
  worldId: string;
  name: string;
  importedAt: string;
  itemCount: number;
  /** A change that is under way, or that died. Its repetition completes it. */
  change?: WorldChange | undefined;
}

/** A change of a world. No execution gets the items that it touches until it has ended. */
export interface WorldChange {
  kind: "import" | "merge" | "reset" | "removal";
  /** The hash of the file, so that a repetition is known as one. */
  contentHash: string;
  since: string;
  /** The items that it touches; null for all. */
  itemIds: string[] | null;
}

/** The mark of a change, and the world before it; null if there was none. */
export interface BegunChange {
  before: WorldRecord | null;
  etag: string;
}

/** An execution that has not ended, or that may still hold an item or owe it a repair. The sweep watches it. */
export interface UnsettledExecution {
  executionId: string;
  /** When it was requested, or announced a late claim. */
  since: string;
  trouble?: Trouble | undefined;
}

/** Why the sweep cannot settle an execution. `loggedAt`: when that was last written to the log. */
export interface Trouble {
  reason: string;
  since: string;
  loggedAt: string;
}

/** The claim of a start on an item. */
export interface ItemClaim {
  itemId: string;
  /** The state that the caller saw. The claim is refused as `etag-mismatch` if the item has left it. */
  from: ItemState;
  /** The state of the item while it is held. Null if it is not taken: it must only be free and in its state meanwhile. */
  during: ItemState | null;
}

/** A change of one item. It is refused as `item-held` unless `executionId` holds the item. */
export interface ItemUpdate {
  itemId: string;
  change: Partial<Omit<ItemRecord, "worldId" | "itemId" | "heldBy">>;
  /** True: releases the item together with the change. */
  release: boolean;
}

/**
 * The records of Secondsite. Every method is safe to repeat. Errors are RecoveryErrors with the codes named. Any read
 * can fail with `row-unreadable`, except a list, which leaves the row out and names it. An unreadable row is never
 * overwritten.
 */
export interface Store extends ApprovalStore, DrillStore, EvidenceStore, NotificationStore, WebhookStore {
  /** Marks a world as changing; refuses `world-changing` if another request does so at the same moment. */
  beginWorldChange(worldId: string, name: string, change: WorldChange): Promise<BegunChange>;
  /** Takes the mark of a change back that did nothing. */
  giveUpWorldChange(begun: BegunChange): Promise<void>;
  /** Refuses `world-in-use` while executions hold items of the world, and names them. */
  refuseHeldItems(worldId: string): Promise<void>;
  /**
   * Saves a world and a record for each of its items; all are protected afterwards. Ends the change with the ETag, or
   * refuses `world-changing` if another one took over. Refuses `world-in-use`.
   */
  putWorld(world: World, importedAt: string, etag?: string): Promise<WorldRecord>;
  /** Saves a world, adds or describes the items named and keeps the states of those that exist. Ends the change. */
  mergeWorld(world: World, itemIds: readonly string[], importedAt: string, etag: string): Promise<WorldRecord>;
  /** A world as it was imported last. */
  getWorldDescription(worldId: string): Promise<World | null>;
  /** Removes a world with its items. What is gone is no error. */
  removeWorld(worldId: string): Promise<void>;
  getWorld(worldId: string): Promise<WorldRecord | null>;
  listWorlds(page: PageRequest): Promise<Page<WorldRecord>>;

  listItems(worldId: string, page: PageRequest): Promise<Page<ItemRecord>>;
  /** The items named, in that order. Refuses `item-not-found`, which names the missing ones. */
  getItems(worldId: string, itemIds: readonly string[]): Promise<ItemRecord[]>;
  /** All readable members of these replication groups, with one query of the world's items. */
  getReplicationGroups(worldId: string, groupIds: readonly string[]): Promise<ItemRecord[]>;
  /** Those of the items that exist, in that order. */
  findItems(worldId: string, itemIds: readonly string[]): Promise<ItemRecord[]>;
  /**
   * Takes items for an execution. Items that it holds already do not change. After a refusal or a fault, some items may
   * be taken; the end of the execution releases them.
   * Refuses `world-changing` and `world-not-found` after it took the items, if a change of the world touches them.
   * Refuses `item-held`, which names the holder, `etag-mismatch` if an item has left its `from` state, and
   * `item-not-found`. This includes items that are not taken, unless the execution holds all the others already.
   */
  acquireItems(worldId: string, executionId: string, verb: Verb, claims: readonly ItemClaim[]): Promise<ItemRecord[]>;
  /** Changes items that the execution holds, in batches of 100. A release of an item that it no longer holds is ignored. */
  updateItems(worldId: string, executionId: string, updates: readonly ItemUpdate[]): Promise<void>;
  /** Removes one item unless `allow` throws; false if it is gone already. */
  removeItem(worldId: string, itemId: string, allow: (record: ItemRecord) => void): Promise<boolean>;
  /** Releases items without a change. Items of other executions are ignored. */
  releaseItems(worldId: string, executionId: string, itemIds: readonly string[]): Promise<void>;

  /**
   * Saves a plan as its next version. `ifMatch` is the ETag of the version that the caller saw, or null to create.
   * Refuses `etag-mismatch` or `already-exists`. If the current version has the same content, it answers with that
   * version, because a caller repeats a save whose response was lost.
   */
  putPlan(plan: Plan, hash: string, saved: Saved, ifMatch: string | null): Promise<Tagged<PlanVersion>>;
  getPlan(planId: string): Promise<Tagged<PlanVersion> | null>;
  /**
   * Removes the version that the caller saw (`ifMatch`), or any if that is null; refuses `etag-mismatch`. A plan that is
   * gone is no error. All versions stay readable, and a plan of the same id continues their numbers.
   */
  removePlan(planId: string, ifMatch: string | null): Promise<void>;
  /** A version as it was saved. Executions run it. */
  getPlanVersion(planId: string, version: number): Promise<PlanVersion | null>;
  listPlans(page: PageRequest): Promise<Page<PlanVersion>>;
  /**
   * The plans of a world that want approvals and may hold some of the items, as they are now. One of them that is
   * unreadable refuses the list.
   */
  listGuardingPlans(worldId: string, itemIds: readonly string[]): Promise<PlanVersion[]>;

  /** Records an execution unless its id exists. Returns the record, and whether this call created it. */
  createExecution(execution: Execution): Promise<{ execution: Execution; created: boolean }>;
  getExecution(executionId: string): Promise<Tagged<Execution> | null>;
  /** Replaces the record; refuses `etag-mismatch`. */
  updateExecution(execution: Execution, etag: string): Promise<string>;
  /** As `updateExecution`, for what people decide: the entry among the unsettled ones has another ETag from before on. */
  updateWatched(execution: Execution, etag: string): Promise<string>;
  /** Newest first. */
  listExecutions(page: PageRequest): Promise<Page<Execution>>;
  /** Every execution that is not settled. A new one is unsettled from before its record exists. */
  listUnsettled(): Promise<Tagged<UnsettledExecution>[]>;
  /** Makes an execution unsettled again before it claims items late. */
  watchExecution(executionId: string, since: string): Promise<void>;
  /** Notes why an execution cannot be settled; null when nothing prevents it any more. */
  noteTrouble(entry: Tagged<UnsettledExecution>, trouble: Trouble | null): Promise<void>;
  /** Ends the watch, unless the entry changed since it was read. */
  settleExecution(entry: Tagged<UnsettledExecution>): Promise<void>;
  /** Stores the steps of ended parts. A repeated write of a part replaces it. */
  putSteps(executionId: string, records: readonly StepRecord[]): Promise<void>;
  /** All stored steps of an execution, by part. */
  getSteps(executionId: string): Promise<StepRecord[]>;

  /** Records a token; false if its id exists. */
  createToken(token: AccessToken): Promise<boolean>;
  getToken(tokenId: string): Promise<Tagged<AccessToken> | null>;
  /** Replaces the record; refuses `etag-mismatch`. */
  updateToken(token: AccessToken, etag: string): Promise<void>;
  listTokens(page: PageRequest): Promise<Page<AccessToken>>;
}

/** Approvals and delegations. Every method is safe to repeat, and errors are those of the {@link Store}. */
export interface ApprovalStore {
  /** Records an approval unless its id exists. Returns the record, and whether this call created it. */
  createApproval(approval: Approval): Promise<{ approval: Approval; created: boolean }>;
  getApproval(approvalId: string): Promise<Tagged<Approval> | null>;
  /** Replaces the record that was read, together with its places in the lists; refuses `etag-mismatch`. */
  updateApproval(before: Tagged<Approval>, after: Approval): Promise<void>;
  /** Newest first. */
  listApprovals(page: PageRequest): Promise<Page<Approval>>;
  /** Those that are neither used nor over; of all plans, or of one. */
  listOpenApprovals(page: PageRequest, planId?: string): Promise<Page<Approval>>;
  /** Those by break-glass that nobody has reviewed. */
  listApprovalsToReview(page: PageRequest): Promise<Page<Approval>>;
  /** Those whose execution does not know yet that they are decided or over. */
  listUnheardApprovals(page: PageRequest): Promise<Page<Approval>>;
  /** Those that are open past their time, which ended before a moment. */
  listOverdueApprovals(page: PageRequest, before: string): Promise<Page<Approval>>;

  /** Saves a delegation of its delegator under its id. */
  putDelegation(delegation: Delegation): Promise<void>;
  /** Removes a delegation; one that is gone is no error. */
  removeDelegation(from: string, delegationId: string): Promise<void>;
  /** The delegations of one delegator, or those to one delegate. */
  listDelegations(of: { from: string } | { to: string }): Promise<Delegation[]>;
}
