import * as anchors from "./anchors.js";
import * as approvals from "./approvals.js";
import { listDelegations, putDelegation, removeDelegation } from "./delegations.js";
import * as drills from "./drills.js";
import { getEvaluation, putEvaluation } from "./evaluations.js";
import * as evidence from "./evidence.js";
import type { EvidenceStore } from "./evidence-port.js";
import {
  createExecution,
  getExecution,
  getSteps,
  listExecutions,
  putSteps,
  readSteps,
  updateExecution,
  updateWatched,
} from "./executions.js";
import { acquireItems, decodeItem, findItems, readItems, readReplicationGroups, updateItems } from "./items.js";
import type { NotificationStore } from "./notification-port.js";
import * as outbox from "./outbox.js";
import { pageOf } from "./paging.js";
import { getPlanSchedule, listDueSchedules, putPlanSchedule } from "./plan-schedules.js";
import { createPlanVersions, getPlan, listGuardingPlans, listPlans, putPlan, removePlan } from "./plans.js";
import type { ApprovalStore, DrillStore, Store } from "./port.js";
import { listSecurityRecords, purgeSecurityRecords, recordTokenMade, refusalCounter } from "./security-records.js";
import { listForgottenTests, moveTest, watchTest } from "./standing-tests.js";
import { SUBSCRIPTIONS } from "./subscriptions.js";
import type { Table, Tables } from "./tables/port.js";
import { cachedByEtag } from "./tables/row-cache.js";
import { createToken, getToken, listTokens, updateToken } from "./tokens.js";
import { listUnsettled, noteTrouble, settleExecution, watchExecution } from "./unsettled.js";
import { endOfLog, logWriter, readLog } from "./vault-log.js";
import type { WebhookStore } from "./webhook-port.js";
import { completeReceipt, insertReceipt, listOpenReceipts, purgeReceipts } from "./webhook-receipts.js";
import { SOURCES } from "./webhook-sources.js";
import { getDescription } from "./world-descriptions.js";
import {
  beginWorldChange,
  getWorld,
  giveUpWorldChange,
  listWorlds,
  mergeWorld,
  putWorld,
  refuseChanging,
  refuseHeldItems,
  removeItem,
  removeWorld,
} from "./worlds.js";

/** Enough for the ended parts of the largest execution, which clients read repeatedly. */
const MAX_CACHED_STEP_ROWS = 200;
/** Enough for the plans of the executions under way, which each of their activities and each reader asks for. */
const MAX_CACHED_PLAN_VERSIONS = 100;

/** The store over any tables: `createAzureTables`, or `createMemoryTables` in tests. */
export function createStore(tables: Tables): Store {
  const worlds = tables.table("Worlds");
  const items = tables.table("Items");
  const plans = tables.table("Plans");
  const executions = tables.table("Executions");
  const stepsOf = cachedByEtag(readSteps, MAX_CACHED_STEP_ROWS);
  const getPlanVersion = createPlanVersions(plans, MAX_CACHED_PLAN_VERSIONS);
  return {
    ...approvalStore(tables.table("Approvals"), tables.table("Delegations")),
    beginWorldChange: (worldId, name, change) => beginWorldChange(worlds, worldId, name, change),
    giveUpWorldChange: (begun) => giveUpWorldChange(worlds, begun),
    refuseHeldItems: (worldId) => refuseHeldItems(items, worldId),
    putWorld: (world, importedAt, etag) => putWorld({ worlds, items }, world, importedAt, etag),
    mergeWorld: (world, itemIds, importedAt, etag) => mergeWorld({ worlds, items }, world, itemIds, importedAt, etag),
    getWorldDescription: (worldId) => getDescription(worlds, worldId),
    removeWorld: (worldId) => removeWorld({ worlds, items }, worldId),
    getWorld: (worldId) => getWorld(worlds, worldId),
    listWorlds: (page) => listWorlds(worlds, page),
    listItems: (worldId, page) => pageOf(items, worldId, page, decodeItem),
    getItems: async (worldId, itemIds) => (await readItems(items, worldId, itemIds)).map(({ value }) => value),
    findItems: async (worldId, itemIds) => (await findItems(items, worldId, itemIds)).map(({ value }) => value),
    getReplicationGroups: (worldId, groupIds) => readReplicationGroups(items, worldId, groupIds),
    acquireItems: async (worldId, executionId, verb, claims) => {
      const taken = await acquireItems(items, worldId, executionId, verb, claims);
      const itemIds = claims.map(({ itemId }) => itemId);
      await refuseChanging(worlds, worldId, itemIds);
      return taken;
    },
    removeItem: (worldId, itemId, allow) => removeItem({ worlds, items }, worldId, itemId, allow),
    updateItems: (worldId, executionId, updates) => updateItems(items, worldId, executionId, updates),
    releaseItems: (worldId, executionId, itemIds) =>
      updateItems(
        items,
        worldId,
        executionId,
        itemIds.map((itemId) => ({ itemId, change: {}, release: true })),
      ),
    putPlan: (plan, hash, saved, ifMatch) => putPlan(plans, plan, hash, saved, ifMatch),
    getPlan: (planId) => getPlan(plans, planId),
    removePlan: (planId, ifMatch) => removePlan(plans, planId, ifMatch),
    getPlanVersion,
    listPlans: (page) => listPlans(plans, page),
    listGuardingPlans: (worldId, itemIds) => listGuardingPlans(plans, worldId, itemIds),
    createExecution: (execution) => createExecution(executions, execution),
    getExecution: (executionId) => getExecution(executions, executionId),
    updateExecution: (execution, etag) => updateExecution(executions, execution, etag),
    updateWatched: (execution, etag) => updateWatched(executions, execution, etag),
    listExecutions: (page) => listExecutions(executions, page),
    listUnsettled: () => listUnsettled(executions),
    watchExecution: (executionId, since) => watchExecution(executions, executionId, since),
    noteTrouble: (entry, trouble) => noteTrouble(executions, entry, trouble),
    settleExecution: (entry) => settleExecution(executions, entry),
    putSteps: (executionId, records) => putSteps(executions, executionId, records),
    getSteps: (executionId) => getSteps(executions, executionId, stepsOf),
    ...tokenStore(tables.table("Tokens")),
    ...drillStore(tables.table("Drills")),
    ...webhookStore(tables),
    ...notificationStore(tables),
    ...evidenceStore(tables.table("Evidence"), tables.table("VaultLog")),
  };
}

const tokenStore = (table: Table): Pick<Store, "createToken" | "getToken" | "updateToken" | "listTokens"> => ({
  createToken: (token) => createToken(table, token),
  getToken: (tokenId) => getToken(table, tokenId),
  updateToken: (token, etag) => updateToken(table, token, etag),
  listTokens: (page) => listTokens(table, page),
});

function notificationStore(tables: Tables): NotificationStore {
  const subscribed = tables.table("Subscriptions");
  const outboxed = tables.table("Outbox");
  const noted = new Map<string, number>();
  return {
    putSubscription: (subscription) => SUBSCRIPTIONS.put(subscribed, subscription),
    getSubscription: (subscriptionId) => SUBSCRIPTIONS.get(subscribed, subscriptionId),
    listSubscriptions: (page) => SUBSCRIPTIONS.list(subscribed, page),
    removeSubscription: (subscriptionId) => SUBSCRIPTIONS.remove(subscribed, subscriptionId),
    addMessages: (messages, at) => outbox.addMessages(outboxed, noted, messages, at),
    listEndpoints: () => outbox.listEndpoints(outboxed),
    listDueMessages: (endpoint, by, limit) => outbox.listDueMessages(outboxed, endpoint, by, limit),
    updateMessage: (before, after) => outbox.updateMessage(outboxed, before, after),
    removeMessage: (message) => outbox.removeMessage(outboxed, message),
    buryMessage: (message, at) => outbox.buryMessage(outboxed, message, at),
    forgetIdleEndpoint: (endpoint, at) => outbox.forgetIdleEndpoint(outboxed, endpoint, at),
    listDeadLetters: (page) => outbox.listDeadLetters(outboxed, page),
    getDeadLetter: (id) => outbox.getDeadLetter(outboxed, id),
    removeDeadLetter: (id) => outbox.removeDeadLetter(outboxed, id),
    purgeDeadLetters: (before, limit) => outbox.purgeDeadLetters(outboxed, before, limit),
  };
}

function webhookStore(tables: Tables): WebhookStore {
  const sources = tables.table("WebhookSources");
  const receipts = tables.table("WebhookReceipts");
  const security = tables.table("SecurityRecords");
  return {
    putWebhookSource: (source) => SOURCES.put(sources, source),
    getWebhookSource: (sourceId) => SOURCES.get(sources, sourceId),
    listWebhookSources: (page) => SOURCES.list(sources, page),
    removeWebhookSource: (sourceId) => SOURCES.remove(sources, sourceId),
    insertReceipt: (key, receipt) => insertReceipt(receipts, key, receipt),
    completeReceipt: (key, result) => completeReceipt(receipts, key, result),
    listOpenReceipts: (page) => listOpenReceipts(receipts, page),
    purgeReceipts: (before, limit) => purgeReceipts(receipts, before, limit),
    recordRefusal: refusalCounter(security),
    recordTokenMade: (made) => recordTokenMade(security, made),
    listSecurityRecords: (page) => listSecurityRecords(security, page),
    purgeSecurityRecords: (before, limit) => purgeSecurityRecords(security, before, limit),
  };
}

const approvalStore = (table: Table, delegations: Table): ApprovalStore => ({
  createApproval: (approval) => approvals.createApproval(table, approval),
  getApproval: (approvalId) => approvals.getApproval(table, approvalId),
  updateApproval: (before, after) => approvals.updateApproval(table, before, after),
  listApprovals: (page) => approvals.listApprovals(table, page),
  listOpenApprovals: (page, planId) => approvals.listOpen(table, page, planId),
  listApprovalsToReview: (page) => approvals.listToReview(table, page),
  listUnheardApprovals: (page) => approvals.listUnheard(table, page),
  listOverdueApprovals: (page, before) => approvals.listOverdue(table, page, before),
  putDelegation: (delegation) => putDelegation(delegations, delegation),
  removeDelegation: (from, delegationId) => removeDelegation(delegations, from, delegationId),
  listDelegations: (of) => listDelegations(delegations, of),
});

const drillStore = (table: Table): DrillStore => ({
  createDrill: (drill) => drills.createDrill(table, drill),
  getDrill: (drillId) => drills.getDrill(table, drillId),
  updateDrill: (before, after) => drills.updateDrill(table, before, after),
  listDrills: (planId, page) => drills.listDrills(table, planId, page),
  listPassedDrills: (planId, page) => drills.listPassedDrills(table, planId, page),
  listOpenDrills: (page) => drills.listOpenDrills(table, page),
  getPlanSchedule: (planId) => getPlanSchedule(table, planId),
  putPlanSchedule: (schedule, etag) => putPlanSchedule(table, schedule, etag),
  listDueSchedules: (now, page) => listDueSchedules(table, now, page),
  watchTest: (test) => watchTest(table, test),
  moveTest: (before, after) => moveTest(table, before, after),
  listForgottenTests: (now, page) => listForgottenTests(table, now, page),
  getEvaluation: (planId) => getEvaluation(table, planId),
  putEvaluation: (evaluation) => putEvaluation(table, evaluation),
});

const evidenceStore = (table: Table, log: Table): EvidenceStore => ({
  appendToLog: logWriter(log),
  endOfLog: () => endOfLog(log),
  putAnchor: (anchor) => anchors.putAnchor(log, anchor),
  lastAnchor: () => anchors.lastAnchor(log),
  anchorFrom: (seq) => anchors.anchorFrom(log, seq),
  readLog: (from, limit) => readLog(log, from, limit),
  putSealed: (executionId, events, place) => evidence.putSealed(table, executionId, events, place),
  getSealed: (executionId) => evidence.getSealed(table, executionId),
});
