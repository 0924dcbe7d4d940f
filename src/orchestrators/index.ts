import type { OrchestrationContext } from "durable-functions";
import type { Verb } from "../domain/vocabulary.js";
import type { Durable } from "../durable/call.js";
import { cancelFailover } from "./cancel-failover.js";
import { changeRecoveryPoint } from "./change-recovery-point.js";
import { commit } from "./commit.js";
import { EXECUTIONS, runItems as runItemsContract } from "./contracts.js";
import { failback } from "./failback.js";
import { fullRun } from "./full-run.js";
import { plannedFailback } from "./planned-failback.js";
import { plannedFailover } from "./planned-failover.js";
import { promoteTest } from "./promote-test.js";
import { disableReplication, enableReplication, resynchronise } from "./replication.js";
import { reprotect } from "./reprotect.js";
import { executionOrchestration, type Story } from "./run.js";
import { runItems } from "./run-items.js";
import { testCleanUp } from "./test-clean-up.js";
import { testFailover } from "./test-failover.js";
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
  "cancel-failover": cancelFailover,
  reprotect,
  failback,
  "planned-failback": plannedFailback,
  "full-run": fullRun,
  "promote-test": promoteTest,
  "disable-replication": disableReplication,
  "enable-replication": enableReplication,
  resynchronise,
};

/** Every orchestrator there is, by the name it is registered under. */
export const ORCHESTRATORS: ReadonlyMap<string, Orchestrator> = new Map([
  ...Object.values(EXECUTIONS).map((contract): [string, Orchestrator] => [
    contract.name,
    executionOrchestration(contract, STORIES[contract.name as Verb]),
  ]),
  [runItemsContract.name, runItems],
]);
