/**
 * Approvals and the lists that they are in. Shown by the suite store-approvals, over memory and Azurite:
 *
 * L1. A record and its places in the lists are in one partition and change in one transaction, so that no list lacks an
 *     approval or names one that does not belong there, wherever a process dies.
 * L2. An update replaces exactly the record that it was decided on.
 * L3. A list reads its own rows and the records of one page, and nothing of what is closed.
 */
import { z } from "zod";
import { Approval, endOf, isOpen } from "../domain/approvals/approval.js";
import { RecoveryError } from "../domain/errors.js";
import { Guid, toMs } from "../domain/text.js";
import { pageOf, readable } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";

const APPROVAL: Codec<Approval> = { what: "approval", schema: 1, shape: Approval };
const ENTRY: Codec<{ approvalId: string }> = {
  what: "list entry",
  schema: 1,
  shape: z.strictObject({ approvalId: Guid }),
};

const PARTITION = "approvals";
const LAST_MS = 9_999_999_999_999;
const digitsOf = (ms: number): string => String(ms).padStart(13, "0");

const recordRow = (approvalId: string): string => `record.${approvalId}`;

/** The rows that list an approval in its present status. */
function entriesOf(approval: Approval): string[] {
  const { content, status, brokenGlass, heard } = approval;
  const { approvalId, planId, requestedAt } = content;
  return [
    `newest.${digitsOf(LAST_MS - toMs(requestedAt))}.${approvalId}`,
    ...(isOpen(approval)
      ? [`open.${planId}.${approvalId}`, `overdue.${digitsOf(toMs(endOf(approval)))}.${approvalId}`]
      : []),
    ...(brokenGlass !== undefined && brokenGlass.reviewedAt === undefined ? [`review.${approvalId}`] : []),
    ...(status === "pending" || heard ? [] : [`unheard.${approvalId}`]),
  ];
}

const inserted = (row: string, { content }: Approval): RowOperation => ({
  kind: "insert",
  ...encode(ENTRY, row, { approvalId: content.approvalId }),
});

export async function createApproval(
  table: Table,
  approval: Approval,
): Promise<{ approval: Approval; created: boolean }> {
  const { approvalId } = approval.content;
  const record: RowOperation = { kind: "insert", ...encode(APPROVAL, recordRow(approvalId), approval) };
  try {
    await table.transact(PARTITION, [record, ...entriesOf(approval).map((row) => inserted(row, approval))]);
    return { approval, created: true };
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    const known = await getApproval(table, approvalId);
    if (known === null) throw new RecoveryError("approval-not-found", `approval ${approvalId} is gone`);
    return { approval: known.value, created: false };
  }
}

export async function getApproval(table: Table, approvalId: string): Promise<Tagged<Approval> | null> {
  const row = await table.get(PARTITION, recordRow(approvalId));
  return row === null ? null : { value: decode(APPROVAL, row), etag: row.etag };
}

export async function updateApproval(table: Table, before: Tagged<Approval>, after: Approval): Promise<void> {
  const [old, now] = [entriesOf(before.value), entriesOf(after)];
  const row = recordRow(after.content.approvalId);
  const operations: RowOperation[] = [
    { kind: "replace", ...encode(APPROVAL, row, after), etag: before.etag },
    ...old.filter((entry) => !now.includes(entry)).map((left): RowOperation => ({ kind: "delete", row: left })),
    ...now.filter((entry) => !old.includes(entry)).map((entered) => inserted(entered, after)),
  ];
  try {
    await table.transact(PARTITION, operations);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    throw new RecoveryError("etag-mismatch", `approval ${after.content.approvalId} was changed since it was read`);
  }
}

/** One page of a list. Records that are unreadable are left out and named. */
async function listOf(table: Table, request: PageRequest, range: { prefix: string; before?: string }) {
  const {
    entries,
    unreadable = [],
    ...page
  } = await pageOf(table, PARTITION, request, (row) => decode(ENTRY, row), range);
  const read = await readable(entries, ({ approvalId }) => getApproval(table, approvalId));
  const all = [...unreadable, ...(read.unreadable ?? [])];
  const found = read.entries.flatMap((one) => one?.value ?? []);
  return { ...page, entries: found, ...(all.length > 0 && { unreadable: all }) };
}

export const listApprovals = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  listOf(table, page, { prefix: "newest." });

/** An id may begin with another one and a dot, so the plan is compared as well. */
export async function listOpen(table: Table, page: PageRequest, planId?: string): Promise<Page<Approval>> {
  if (planId === undefined) return listOf(table, page, { prefix: "open." });
  const found = await listOf(table, page, { prefix: `open.${planId}.` });
  return { ...found, entries: found.entries.filter(({ content }) => content.planId === planId) };
}

export const listToReview = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  listOf(table, page, { prefix: "review." });

export const listUnheard = (table: Table, page: PageRequest): Promise<Page<Approval>> =>
  listOf(table, page, { prefix: "unheard." });

export const listOverdue = (table: Table, page: PageRequest, before: string): Promise<Page<Approval>> =>
  listOf(table, page, { prefix: "overdue.", before: `overdue.${digitsOf(toMs(before))}.` });
