/** Approvals and the lists that they are in (`listed-records.ts`). Shown by the suite store-approvals. */
import { z } from "zod";
import { Approval, endOf, isOpen } from "../domain/approvals/approval.js";
import { Guid } from "../domain/text.js";
import { listedRecords } from "./listed-records.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import type { Table } from "./tables/port.js";
import { earliestFirst, newestFirst } from "./time-keys.js";

const APPROVALS = listedRecords({
  partition: "approvals",
  record: { what: "approval", schema: 1, shape: Approval },
  entry: { what: "list entry", schema: 1, shape: z.strictObject({ approvalId: Guid }) },
  entryOf: ({ content: { approvalId } }: Approval) => ({ approvalId }),
  idOf: ({ approvalId }) => approvalId,
  rowsOf,
  gone: "approval-not-found",
});

/** The rows that list an approval in its present status. */
function rowsOf(approval: Approval): string[] {
  const { content, status, brokenGlass, heard } = approval;
  const { approvalId, planId, requestedAt } = content;
  return [
    `newest.${newestFirst(requestedAt)}.${approvalId}`,
    ...(isOpen(approval)
      ? [`open.${planId}.${approvalId}`, `overdue.${earliestFirst(endOf(approval))}.${approvalId}`]
      : []),
    ...(brokenGlass !== undefined && brokenGlass.reviewedAt === undefined ? [`review.${approvalId}`] : []),
    ...(status === "pending" || heard ? [] : [`unheard.${approvalId}`]),
  ];
}

export async function createApproval(
  table: Table,
  approval: Approval,
): Promise<{ approval: Approval; created: boolean }> {
  const { record, created } = await APPROVALS.create(table, approval);
  return { approval: record, created };
}

export const getApproval = (table: Table, approvalId: string): Promise<Tagged<Approval> | null> =>
  APPROVALS.get(table, approvalId);

export const updateApproval = (table: Table, before: Tagged<Approval>, after: Approval): Promise<void> =>
  APPROVALS.update(table, before, after);

export const listApprovals = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  APPROVALS.list(table, page, { prefix: "newest." });

/** An id may begin with another one and a dot, so the plan is compared as well. */
export async function listOpen(table: Table, page: PageRequest, planId?: string): Promise<Page<Approval>> {
  if (planId === undefined) return APPROVALS.list(table, page, { prefix: "open." });
  const found = await APPROVALS.list(table, page, { prefix: `open.${planId}.` });
  return { ...found, entries: found.entries.filter(({ content }) => content.planId === planId) };
}

export const listToReview = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  APPROVALS.list(table, page, { prefix: "review." });

export const listUnheard = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  APPROVALS.list(table, page, { prefix: "unheard." });

export const listOverdue = (table: Table, page: PageRequest, before: string): Promise<Page<Approval>> =>
  APPROVALS.list(table, page, { prefix: "overdue.", before: `overdue.${earliestFirst(before)}.` });
