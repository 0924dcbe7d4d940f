import type { OrchestrationContext } from "durable-functions";
import type { Verb } from "../domain/vocabulary.js";
import type { Durable } from "../durable/call.js";
import { drillContract } from "../executions/drill-contracts.js";
import { ITEM_WORKFLOWS } from "./items/index.js";
import { afterApproval } from "./runtime/approvals.js";
import { itemBatch } from "./runtime/contracts.js";
import { drill } from "./runtime/drill.js";
import { type ExecutionWorkflow, executionOrchestration } from "./runtime/execution-workflow.js";
import { itemBatchOrchestration } from "./runtime/item-workflow.js";
import { cancelFailover } from "./verbs/cancel-failover.js";
import { changeRecoveryPoint } from "./verbs/change-recovery-point.js";
import { commit } from "./verbs/commit.js";
import { fullRun } from "./verbs/full-run.js";
import { plannedFailover } from "./verbs/planned-failover.js";
import { promoteTest } from "./verbs/promote-test.js";
import { disableReplication, enableReplication, resynchronise } from "./verbs/replication.js";
import { reprotect } from "./verbs/reprotect.js";
import { testCleanUp } from "./verbs/test-clean-up.js";
import { testFailover } from "./verbs/test-failover.js";
import { unplannedFailover } from "./verbs/unplanned-failover.js";

type Orchestrator = (context: OrchestrationContext) => Durable<unknown>;

/** The workflow of each verb. A failback is the same failover, from where the workloads run now (P13). */
const WORKFLOWS: Readonly<Record<Verb, ExecutionWorkflow>> = {
  "test-failover": testFailover,
  "test-clean-up": testCleanUp,
  "planned-failover": plannedFailover,
  "unplanned-failover": unplannedFailover,
  "change-recovery-point": changeRecoveryPoint,
  commit,
  "cancel-failover": cancelFailover,
  reprotect,
  failback: unplannedFailover,
  "planned-failback": plannedFailover,
  "full-run": fullRun,
  "promote-test": promoteTest,
  "disable-replication": disableReplication,
  "enable-replication": enableReplication,
  resynchronise,
};

/** Every orchestrator, by the name it is registered under. */
export const ORCHESTRATORS: ReadonlyMap<string, Orchestrator> = new Map([
  ...Object.entries(WORKFLOWS).map(([verb, workflow]): [string, Orchestrator] => [
    verb,
    executionOrchestration(afterApproval(workflow)),
  ]),
  [drillContract.name, drill],
  [itemBatch.name, itemBatchOrchestration(ITEM_WORKFLOWS)],
]);
