import type { Approval, ApprovalStatus } from "../../../src/domain/approvals/approval.js";
import { type Facts, writesOf } from "./facts.js";

/** A write of the record of an approval. */
export interface ApprovalWrite {
  atMs: number;
  generation: number;
  record: Approval;
}

const known = new WeakMap<Facts, ReadonlyMap<string, readonly ApprovalWrite[]>>();

/** The writes of each approval by its id, oldest first. */
export function approvalsOf(facts: Facts): ReadonlyMap<string, readonly ApprovalWrite[]> {
  const found = known.get(facts) ?? writesOfApprovals(facts);
  known.set(facts, found);
  return found;
}

function writesOfApprovals({ evidence }: Facts): Map<string, ApprovalWrite[]> {
  const writes = new Map<string, ApprovalWrite[]>();
  for (const { atMs, generation, row, value } of writesOf(evidence, "Approvals")) {
    if (!row.startsWith("record.")) continue;
    const record = value as Approval;
    const { approvalId } = record.content;
    writes.set(approvalId, [...(writes.get(approvalId) ?? []), { atMs, generation, record }]);
  }
  return writes;
}

/** The writes that brought an approval into a status. */
export const arrivalsAt = (writes: readonly ApprovalWrite[], status: ApprovalStatus): ApprovalWrite[] =>
  writes.filter(({ record }, at) => record.status === status && writes[at - 1]?.record.status !== status);
