import type { OrchestrationContext } from "durable-functions";
import type { Durable } from "../durable/call.js";
import { cancel } from "./cancel.js";
import { changeRecoveryPoint } from "./change-recovery-point.js";
import { cleanUpItem, revertTestItem } from "./clean-up-item.js";
import { commit } from "./commit.js";
import { commitItem } from "./commit-item.js";
import { EXECUTIONS, type ItemStoryName, runItems as runItemsContract, type ServedVerb } from "./contracts.js";
import { plannedFailover } from "./planned-failover.js";
import { recoverItem } from "./recover-item.js";
import { releaseSource } from "./release-source.js";
import { repointItem } from "./repoint-item.js";
import { restoreItem } from "./restore-item.js";
import { executionOrchestration, type Story } from "./run.js";
import { runItems } from "./run-items.js";
import { testCleanUp } from "./test-clean-up.js";
import { testFailover } from "./test-failover.js";
import { testItem } from "./test-item.js";
import { unplannedFailover } from "./unplanned-failover.js";

type Orchestrator = (context: OrchestrationContext) => Durable<unknown>;

/** The story of each verb. */
const STORIES: Readonly<Record<ServedVerb, Story>> = {
  "test-failover": testFailover,
  "test-clean-up": testCleanUp,
  "planned-failover": plannedFailover,
  "unplanned-failover": unplannedFailover,
  "change-recovery-point": changeRecoveryPoint,
  commit,
  cancel,
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
};

/** Every orchestrator there is, by the name it is registered under. */
export const ORCHESTRATORS: ReadonlyMap<string, Orchestrator> = new Map([
  ...Object.values(EXECUTIONS).map((contract): [string, Orchestrator] => [
    contract.name,
    executionOrchestration(contract, STORIES[contract.name as ServedVerb]),
  ]),
  [runItemsContract.name, runItems],
  ...Object.entries(ITEM_ORCHESTRATORS),
]);
