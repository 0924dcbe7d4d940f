import type { Activity } from "./activity.js";
import { escalateApproval, openApproval, useApproval, voidApproval } from "./approvals.js";
import { askForApproval } from "./ask-for-approval.js";
import { callWebhook } from "./call-webhook.js";
import { checkPrerequisites } from "./check-prerequisites.js";
import { chooseRecoveryPoints } from "./choose-recovery-points.js";
import { beginCommitTimer, checkCommitTimer, probeMachines } from "./commit-timer.js";
import {
  closeExecution,
  expireQuestion,
  findCancel,
  openExecution,
  readSteering,
  settleItems,
} from "./execution-record.js";
import { publishEvent } from "./publish-event.js";
import { executeBatch } from "./steps.js";
import { createTestNetwork } from "./test-copies.js";
import { findTestLeftovers } from "./test-leftovers.js";

/** Every activity that is registered. */
export const ACTIVITIES: readonly Activity[] = [
  openExecution,
  findCancel,
  expireQuestion,
  readSteering,
  closeExecution,
  settleItems,
  checkPrerequisites,
  chooseRecoveryPoints,
  openApproval,
  escalateApproval,
  useApproval,
  voidApproval,
  callWebhook,
  askForApproval,
  publishEvent,
  beginCommitTimer,
  checkCommitTimer,
  probeMachines,
  createTestNetwork,
  findTestLeftovers,
  executeBatch,
];
