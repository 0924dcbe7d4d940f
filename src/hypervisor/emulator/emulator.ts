import type { z } from "zod";
import type { Clock } from "../../domain/clock.js";
import { toInstant } from "../../domain/text.js";
import { ITEM_OPERATIONS, isItemOperation, MAX_CONCURRENT_OPERATIONS, SITE_OPERATIONS } from "../../steps/catalogue.js";
import type { Tables } from "../../store/tables/port.js";
import type {
  EmulatedEstate,
  Hypervisor,
  ItemOperation,
  ItemOperations,
  OperationName,
  SiteOperation,
  SiteOperations,
  TaskReply,
} from "../port.js";
import { backedUp, restored } from "./configuration-server.js";
import { createDescriptions } from "./describe.js";
import { itemDurationMs, siteDurationMs } from "./durations.js";
import { createEntityStore, itemKind, siteKind } from "./entities.js";
import { createEstateChanges } from "./estate-changes.js";
import { createFaultControls } from "./fault-controls.js";
import { ITEM_BEHAVIOURS } from "./item-behaviours.js";
import { conditionResolved, sourceReturned, targetReplaced } from "./item-changes.js";
import { createOccupancies } from "./occupancies.js";
import { createSlotScheduler } from "./slot-scheduler.js";
import { type EmulatedItem, type EmulatedSite, Params } from "./state.js";
import { abandoned, parseHolder, type TaskRules } from "./tasks.js";
import { SITE_BEHAVIOURS } from "./test-behaviours.js";
import { mergeWorld, removeItem } from "./world-changes.js";
import { loadWorld, removeWorldRows } from "./world-rows.js";
import { createWorlds, emulatedMs } from "./worlds.js";

export interface EmulatorOptions {
  tables: Tables;
  clock: Clock;
  /** Emulated seconds per real second, above 0. */
  speed: number;
  /** `zero`: every operation ends when it begins, for benchmarks. */
  durations: "realistic" | "zero";
  /** Operations under way at each hypervisor, 2 or more. One slot in ten is kept for undo operations. */
  maxConcurrentOperations?: number;
}

const isSiteOperation = (operation: OperationName): operation is SiteOperation => !isItemOperation(operation);

function itemOperation(operation: OperationName): ItemOperation {
  if (isItemOperation(operation)) return operation;
  throw new Error(`${operation} is not an operation on an item`);
}

function siteOperation(operation: OperationName): SiteOperation {
  if (isSiteOperation(operation)) return operation;
  throw new Error(`${operation} is not an operation on a site`);
}

function rulesOf(durations: EmulatorOptions["durations"]) {
  const item: TaskRules<EmulatedItem> = {
    behaviour: (operation) => ITEM_BEHAVIOURS[itemOperation(operation)],
    // An agent registers at its own time, even when operations take no time.
    durationMs: (state, operation, effect) =>
      durations === "zero" && operation !== "await-agent" ? 0 : itemDurationMs(state, itemOperation(operation), effect),
  };
  const site: TaskRules<EmulatedSite> = {
    behaviour: (operation) => SITE_BEHAVIOURS[siteOperation(operation)],
    durationMs: (state, operation) => (durations === "zero" ? 0 : siteDurationMs(state, siteOperation(operation))),
  };
  return { item, site };
}

/** The schema of a row's result, which the compiler does not tie to the operation that chose the row. */
const resultOf = <R>(row: { result: z.ZodType }): z.ZodType<R> => row.result as z.ZodType<R>;

/** Parses the result of a reply as the result of its operation. */
function withTypedResult<R>(reply: TaskReply<unknown>, shape: { parse(result: unknown): R }): TaskReply<R> {
  return reply.state === "done" ? { ...reply, result: shape.parse(reply.result) } : reply;
}

/** An emulated estate on tables. All of its state is in rows, so several processes may use it at the same time. */
export function createEmulator(options: EmulatorOptions): Hypervisor & EmulatedEstate {
  const { tables, clock, speed, durations, maxConcurrentOperations = MAX_CONCURRENT_OPERATIONS } = options;
  const table = tables.table("Estate");
  const worlds = createWorlds(table, clock, speed);
  const rules = rulesOf(durations);
  const slots = createSlotScheduler(table, clock, {
    maxConcurrentOperations,
    speed,
    currentReservation: (header, holder) => {
      const { kind, id } = parseHolder(holder);
      return kind === "item" ? items.currentReservation(header, id) : sites.currentReservation(header, id);
    },
  });
  const occupancies = createOccupancies(table, () => items);
  const items = createEntityStore(table, worlds, clock, itemKind(rules.item, occupancies), slots);
  const sites = createEntityStore(table, worlds, clock, siteKind(rules.site), slots);
  const descriptions = createDescriptions(table, worlds, clock, rules);
  const emulated = { table, worlds, clock, items, sites };

  return {
    ...createFaultControls(worlds, clock, items.read, slots.checkHanging),
    ...createEstateChanges(worlds, items, sites),
    loadWorld: async (world) => worlds.remember(await loadWorld(table, world, clock, speed)),
    clock: async (worldId) => (await worlds.header(worldId)).anchor,
    mergeWorld: (base, next, itemIds) => mergeWorld(emulated, base, next, itemIds),
    removeWorld: async (worldId) => {
      await removeWorldRows(table, worldId);
      worlds.forget(worldId);
    },
    removeItem: (worldId, itemId) => removeItem(emulated, worldId, itemId),
    now: async (worldId) => toInstant(emulatedMs(await worlds.header(worldId), clock.now())),
    ledger: (worldId, subject) =>
      "itemId" in subject ? items.ledger(worldId, subject.itemId) : sites.ledger(worldId, subject.siteId),
    groundTruth: descriptions.groundTruth,
    simulateSourceReturn: (worldId, itemId) => items.change(worldId, itemId, sourceReturned),
    resolveCondition: (worldId, itemId, type) =>
      items.change(worldId, itemId, (state) => conditionResolved(state, type)),
    backUpConfigurationServer: (worldId, siteId) => sites.change(worldId, siteId, backedUp),
    restoreConfigurationServer: (worldId, siteId, ip) => sites.change(worldId, siteId, (state) => restored(state, ip)),
    describeItems: descriptions.items,
    describeSite: descriptions.site,
    describeEstate: async (worldId, itemIds) => {
      const described = await descriptions.items(worldId, itemIds);
      const siteIds = new Set(described.flatMap(({ item }) => [item.sourceSiteId, item.targetSiteId]));
      const { links } = await worlds.header(worldId);
      return {
        items: described,
        links,
        sites: await Promise.all([...siteIds].map((siteId) => descriptions.site(worldId, siteId))),
      };
    },
    recoveryPoints: descriptions.recoveryPoints,
    observe: descriptions.observe,
    replaceTarget: (worldId, itemId, seen, target) =>
      items.change(worldId, itemId, (state) => targetReplaced(state, seen, target)),
    leftovers: descriptions.leftovers,
    abandonTask: (worldId, itemId, key) => items.change(worldId, itemId, (state) => abandoned(state, key)),
    runOnItem: async ({ worldId, itemId, key, executionId, operation, params }) =>
      withTypedResult(
        await items.runTask(worldId, itemId, { key, executionId, operation, params: Params.parse(params) }),
        resultOf<ItemOperations[typeof operation]["result"]>(ITEM_OPERATIONS[operation]),
      ),
    runOnSite: async ({ worldId, siteId, key, executionId, operation, params }) =>
      withTypedResult(
        await sites.runTask(worldId, siteId, { key, executionId, operation, params: Params.parse(params) }),
        resultOf<SiteOperations[typeof operation]["result"]>(SITE_OPERATIONS[operation]),
      ),
  };
}
