import { askOf } from "../domain/approvals/approval.js";
import * as contracts from "../executions/approval-contracts.js";
import {
  approvalLink,
  escalatedApproval,
  openedApproval,
  usedApproval,
  voidedApproval,
} from "../executions/approvals.js";
import { activity } from "./activity.js";

export const openApproval = activity(contracts.openApproval, async (ports, input) => {
  const approval = await openedApproval(ports, input);
  const { approvalId, escalation } = approval.content;
  return { ask: askOf(approval, approvalLink(ports, approvalId)), escalatesAt: escalation?.at ?? null };
});

export const useApproval = activity(contracts.useApproval, usedApproval);

export const escalateApproval = activity(contracts.escalateApproval, async (ports, { approvalId }) => {
  await escalatedApproval(ports, approvalId);
  return {};
});

export const voidApproval = activity(contracts.voidApproval, async (ports, { approvalId, because }) => {
  await voidedApproval(ports, approvalId, because, { heard: true });
  return {};
});
