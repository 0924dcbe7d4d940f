import type { OrchestrationContext } from "durable-functions";
import type { Verb } from "../domain/vocabulary.js";
import type { Durable } from "../durable/call.js";
import { cancel } from "./cancel.js";
import { changeRecoveryPoint } from "./change-recovery-point.js";
import { cleanUpItem, revertTestItem } from "./clean-up-item.js";
import { commit } from "./commit.js";
import { commitItem } from "./commit-item.js";
import { EXECUTIONS, type ItemStoryName, runItems as runItemsContract } from "./contracts.js";
import { failback } from "./failback.js";
import { fullRun } from "./full-run.js";
import { plannedFailover } from "./planned-failover.js";
import { promoteTest } from "./promote-test.js";
import { promoteTestItem } from "./promote-test-item.js";
import { recoverItem } from "./recover-item.js";
import { releaseSource } from "./release-source.js";
import { disableReplication, enableReplication, resynchronise } from "./replication.js";
import { disableItem, enableItem, resynchroniseItem } from "./replication-items.js";
import { repointItem } from "./repoint-item.js";
import { reprotect } from "./reprotect.js";
import { reprotectItem } from "./reprotect-item.js";
import { restoreItem } from "./restore-item.js";
import { executionOrchestration, type Story } from "./run.js";
import { runItems } from "./run-items.js";
import { testCleanUp } from "./test-clean-up.js";
import { testFailover } from "./test-failover.js";
import { testItem } from "./test-item.js";
import { unplannedFailover } from "./unplanned-failover.js";

type Orchestrator = (context: OrchestrationContext) => Durable<unknown>;

/** The story of each verb. */
const STORIES: Readonly<Record<Verb, Story>> = {
  "test-failover": testFailover,
  "test-clean-up": testCleanUp,
  "planned-failover": plannedFailover,
  "unplanned-failover": unplannedFailover,
  "change-recovery-point": changeRecoveryPoint,
  commit,
  cancel,
  reprotect,
  failback,
  "full-run": fullRun,
  "promote-test": promoteTest,
  "disable-replication": disableReplication,
  "enable-replication": enableReplication,
  resynchronise,
};

/** The story of each thing that is done to one item. */
const ITEM_ORCHESTRATORS: Readonly<Record<ItemStoryName, Orchestrator>> = {
  "release-source": releaseSource,
  "recover-item": recoverItem,
  "test-item": testItem,
  "clean-up-item": cleanUpItem,
  "revert-test-item": revertTestItem,
  "repoint-item": repointItem,
  "commit-item": commitItem,
  "restore-item": restoreItem,
  "reprotect-item": reprotectItem,
  "promote-test-item": promoteTestItem,
  "disable-item": disableItem,
  "enable-item": enableItem,
  "resynchronise-item": resynchroniseItem,
};

/** Every orchestrator there is, by the name it is registered under. */
export const ORCHESTRATORS: ReadonlyMap<string, Orchestrator> = new Map([
  ...Object.values(EXECUTIONS).map((contract): [string, Orchestrator] => [
    contract.name,
    executionOrchestration(contract, STORIES[contract.name as Verb]),
  ]),
  [runItemsContract.name, runItems],
  ...Object.entries(ITEM_ORCHESTRATORS),
]);
