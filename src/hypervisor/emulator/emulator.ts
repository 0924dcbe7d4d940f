import type { Clock } from "../../domain/clock.js";
import { OPERATIONS_AT_ONCE } from "../../domain/operations.js";
import { toInstant } from "../../domain/text.js";
import type { Tables } from "../../store/tables/port.js";
import type { EmulatedEstate, Hypervisor, ItemOperation, OperationName, SiteOperation, TaskReply } from "../port.js";
import { createAdmission } from "./admission.js";
import { comeBack, mended } from "./conditions.js";
import { backedUp, restored } from "./configuration-server.js";
import { createDescriptions } from "./describe.js";
import { itemDurationMs, siteDurationMs } from "./durations.js";
import { createFaultControls } from "./fault-controls.js";
import { ITEM_BEHAVIOURS } from "./item-behaviours.js";
import { ITEM_RESULTS, SITE_RESULTS } from "./results.js";
import { retargeted } from "./retarget.js";
import { type EmulatedItem, type EmulatedSite, Params } from "./state.js";
import { createSubjects, itemKind, siteKind } from "./subjects.js";
import { givenUp, heldBy, type TaskRules } from "./tasks.js";
import { SITE_BEHAVIOURS } from "./test-behaviours.js";
import { loadWorld } from "./world-rows.js";
import { createWorlds, emulatedMs } from "./worlds.js";

export interface EmulatorOptions {
  tables: Tables;
  clock: Clock;
  /** Emulated seconds per real second, above 0. */
  speed: number;
  /** `zero`: every operation is done when it begins, for benchmarks. */
  durations: "realistic" | "zero";
  /** Operations that each hypervisor does at once, 2 or more; one in ten places is kept for what undoes. */
  operationsAtOnce?: number;
}

const isItemOperation = (operation: OperationName): operation is ItemOperation =>
  Object.hasOwn(ITEM_BEHAVIOURS, operation);
const isSiteOperation = (operation: OperationName): operation is SiteOperation => !isItemOperation(operation);

function itemOperation(operation: OperationName): ItemOperation {
  if (isItemOperation(operation)) return operation;
  throw new Error(`${operation} is no operation on an item`);
}

function siteOperation(operation: OperationName): SiteOperation {
  if (isSiteOperation(operation)) return operation;
  throw new Error(`${operation} is no operation on a site`);
}

function rulesOf(durations: EmulatorOptions["durations"]) {
  const item: TaskRules<EmulatedItem> = {
    behaviour: (operation) => ITEM_BEHAVIOURS[itemOperation(operation)],
    // Waiting for an agent does nothing itself: that the rest takes no time makes the agent no earlier.
    durationMs: (state, operation, effect) =>
      durations === "zero" && operation !== "await-agent" ? 0 : itemDurationMs(state, itemOperation(operation), effect),
  };
  const site: TaskRules<EmulatedSite> = {
    behaviour: (operation) => SITE_BEHAVIOURS[siteOperation(operation)],
    durationMs: (state, operation) => (durations === "zero" ? 0 : siteDurationMs(state, siteOperation(operation))),
  };
  return { item, site };
}

/** The reply with its result in the shape of the operation. */
function typed<R>(reply: TaskReply<unknown>, shape: { parse(result: unknown): R }): TaskReply<R> {
  return reply.state === "done" ? { ...reply, result: shape.parse(reply.result) } : reply;
}

/** An emulated estate on tables: everything it knows is in rows, so any number of processes may use it at once. */
export function createEmulator(options: EmulatorOptions): Hypervisor & EmulatedEstate {
  const { tables, clock, speed, durations, operationsAtOnce: atOnce = OPERATIONS_AT_ONCE } = options;
  const table = tables.table("Estate");
  const worlds = createWorlds(table, clock, speed);
  const rules = rulesOf(durations);
  const admission = createAdmission(table, clock, {
    atOnce,
    speed,
    visit: (header, holder) => {
      const { kind, id } = heldBy(holder);
      return kind === "item" ? items.stay(header, id) : sites.stay(header, id);
    },
  });
  const items = createSubjects(table, worlds, clock, itemKind(rules.item), admission);
  const sites = createSubjects(table, worlds, clock, siteKind(rules.site), admission);
  const see = createDescriptions(table, worlds, clock, rules);

  return {
    ...createFaultControls(worlds, clock, items.read, admission.visitHanging),
    loadWorld: async (world) => worlds.remember(await loadWorld(table, world, clock, speed)),
    now: async (worldId) => toInstant(emulatedMs(await worlds.header(worldId), clock.now())),
    ledger: (worldId, subject) =>
      "itemId" in subject ? items.ledger(worldId, subject.itemId) : sites.ledger(worldId, subject.siteId),
    groundTruth: see.groundTruth,
    simulateSourceReturn: (worldId, itemId) => items.change(worldId, itemId, comeBack),
    resolveCondition: (worldId, itemId, type) => items.change(worldId, itemId, (state) => mended(state, type)),
    backUpConfigurationServer: (worldId, siteId) => sites.change(worldId, siteId, backedUp),
    restoreConfigurationServer: (worldId, siteId, ip) => sites.change(worldId, siteId, (state) => restored(state, ip)),
    describeItems: see.items,
    describeSite: see.site,
    describeEstate: async (worldId, itemIds) => {
      const described = await see.items(worldId, itemIds);
      const siteIds = new Set(described.flatMap(({ item }) => [item.sourceSiteId, item.targetSiteId]));
      const { links } = await worlds.header(worldId);
      return {
        items: described,
        links,
        sites: await Promise.all([...siteIds].map((siteId) => see.site(worldId, siteId))),
      };
    },
    recoveryPoints: see.recoveryPoints,
    observe: see.observe,
    replaceTarget: (worldId, itemId, seen, target) =>
      items.change(worldId, itemId, (state) => retargeted(state, seen, target)),
    leftovers: see.leftovers,
    giveUp: (worldId, itemId, key) => items.change(worldId, itemId, (state) => givenUp(state, key)),
    runOnItem: async ({ worldId, itemId, key, executionId, operation, params }) =>
      typed(
        await items.run(worldId, itemId, { key, executionId, operation, params: Params.parse(params) }),
        ITEM_RESULTS[operation],
      ),
    runOnSite: async ({ worldId, siteId, key, executionId, operation, params }) =>
      typed(
        await sites.run(worldId, siteId, { key, executionId, operation, params: Params.parse(params) }),
        SITE_RESULTS[operation],
      ),
  };
}
