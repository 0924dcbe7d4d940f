import * as anchors from "./anchors.js";
import * as approvals from "./approvals.js";
import { listDelegations, putDelegation, removeDelegation } from "./delegations.js";
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
} from "./executions.js";
import { acquireItems, decodeItem, findItems, readItems, readReplicationGroups, updateItems } from "./items.js";
import { pageOf } from "./paging.js";
import { createPlanVersions, getPlan, listGuardingPlans, listPlans, putPlan, removePlan } from "./plans.js";
import type { ApprovalStore, Store } from "./port.js";
import { listSecurityRecords, purgeSecurityRecords, refusalCounter } from "./security-records.js";
import type { Table, Tables } from "./tables/port.js";
import { cachedByEtag } from "./tables/row-cache.js";
import { createToken, getToken, listTokens, updateToken } from "./tokens.js";
import { listUnsettled, noteTrouble, settleExecution, watchExecution } from "./unsettled.js";
import { endOfLog, logWriter, readLog } from "./vault-log.js";
import type { WebhookStore } from "./webhook-port.js";
import { completeReceipt, insertReceipt, listOpenReceipts, purgeReceipts } from "./webhook-receipts.js";
import { getSource, listSources, putSource, removeSource } from "./webhook-sources.js";
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
  const tokens = tables.table("Tokens");
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
    listGuardingPlans: (worldId) => listGuardingPlans(plans, worldId),
    createExecution: (execution) => createExecution(executions, execution),
    getExecution: (executionId) => getExecution(executions, executionId),
    updateExecution: (execution, etag) => updateExecution(executions, execution, etag),
    listExecutions: (page) => listExecutions(executions, page),
    listUnsettled: () => listUnsettled(executions),
    watchExecution: (executionId, since) => watchExecution(executions, executionId, since),
    noteTrouble: (entry, trouble) => noteTrouble(executions, entry, trouble),
    settleExecution: (entry) => settleExecution(executions, entry),
    putSteps: (executionId, records) => putSteps(executions, executionId, records),
    getSteps: (executionId) => getSteps(executions, executionId, stepsOf),
    createToken: (token) => createToken(tokens, token),
    getToken: (tokenId) => getToken(tokens, tokenId),
    updateToken: (token, etag) => updateToken(tokens, token, etag),
    listTokens: (page) => listTokens(tokens, page),
    ...webhookStore(tables),
    ...evidenceStore(tables.table("Evidence"), tables.table("VaultLog")),
  };
}

function webhookStore(tables: Tables): WebhookStore {
  const sources = tables.table("WebhookSources");
  const receipts = tables.table("WebhookReceipts");
  const security = tables.table("SecurityRecords");
  return {
    putWebhookSource: (source) => putSource(sources, source),
    getWebhookSource: (sourceId) => getSource(sources, sourceId),
    listWebhookSources: (page) => listSources(sources, page),
    removeWebhookSource: (sourceId) => removeSource(sources, sourceId),
    insertReceipt: (key, receipt) => insertReceipt(receipts, key, receipt),
    completeReceipt: (key, result) => completeReceipt(receipts, key, result),
    listOpenReceipts: (limit) => listOpenReceipts(receipts, limit),
    purgeReceipts: (before, limit) => purgeReceipts(receipts, before, limit),
    recordRefusal: refusalCounter(security),
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
