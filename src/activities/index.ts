import type { Activity } from "./activity.js";
import { awaitAgent } from "./await-agent.js";
import { awaitProbes } from "./await-probes.js";
import { callWebhook } from "./call-webhook.js";
import { checkPrerequisites } from "./check-prerequisites.js";
import { chooseRecoveryPoints } from "./choose-recovery-points.js";
import { closeExecution } from "./close-execution.js";
import { createTestCopy } from "./create-test-copy.js";
import { deleteRecoveryPoints } from "./delete-recovery-points.js";
import { demoteReplica } from "./demote-replica.js";
import { executeBatch } from "./execute-batch.js";
import { finalSynchronise } from "./final-synchronise.js";
import { findCancel } from "./find-cancel.js";
import { giveUpStep } from "./give-up-step.js";
import { openExecution } from "./open-execution.js";
import { promoteReplica } from "./promote-replica.js";
import { promoteTestCopy } from "./promote-test-copy.js";
import { removeOldMachine } from "./remove-old-machine.js";
import { removeTestCopy } from "./remove-test-copy.js";
import { disableReplication, enableReplication, resynchronise } from "./replication.js";
import { restartSource } from "./restart-source.js";
import { restoreReplication } from "./restore-replication.js";
import { reverseReplication } from "./reverse-replication.js";
import { settleItems } from "./settle-items.js";
import { shutDownSource } from "./shut-down-source.js";
import { startReplica } from "./start-replica.js";
import { startTestCopy } from "./start-test-copy.js";
import { stopReplication } from "./stop-replication.js";
import { findTestLeftovers } from "./test-leftovers.js";
import { createTestNetwork, removeTestNetwork } from "./test-networks.js";
import { findProtection, proveProtected, proveReplicating, verifyReplica } from "./verify-replica.js";

/** Steps of stories that are told side by side, of items above all. */
const STEPS_SIDE_BY_SIDE: readonly Activity[] = [
  shutDownSource,
  finalSynchronise,
  stopReplication,
  promoteReplica,
  startReplica,
  verifyReplica,
  awaitProbes,
  deleteRecoveryPoints,
  demoteReplica,
  restartSource,
  restoreReplication,
  proveProtected,
  awaitAgent,
  reverseReplication,
  removeOldMachine,
  disableReplication,
  enableReplication,
  resynchronise,
  giveUpStep,
  findProtection,
  proveReplicating,
  createTestCopy,
  startTestCopy,
  promoteTestCopy,
  removeTestCopy,
  removeTestNetwork,
];

/** Every activity there is. */
export const ACTIVITIES: readonly Activity[] = [
  openExecution,
  findCancel,
  closeExecution,
  settleItems,
  checkPrerequisites,
  chooseRecoveryPoints,
  callWebhook,
  createTestNetwork,
  findTestLeftovers,
  executeBatch(STEPS_SIDE_BY_SIDE),
];
