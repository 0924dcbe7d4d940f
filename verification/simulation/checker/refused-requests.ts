import type { Approval } from "../../../src/domain/approvals/approval.js";
import type { ClientEntry, Transaction } from "../evidence.js";
import { approvalsOf } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

/** Requests about approvals, and those that steer. Refused ones are the tries of those who may not, or who are late. */
const WATCHED: ReadonlySet<ClientEntry["request"]["kind"]> = new Set([
  ...(["decide", "break-glass", "review-break-glass"] as const),
  ...(["steer", "change-timer"] as const),
]);
/** What was refused is counted here. */
const SECURITY_TABLES: ReadonlySet<string> = new Set(["SecurityRecords", "WebhookReceipts"]);

/** I23: a request that is refused changes nothing in the store but the security record. */
export function refusedChangesNothing(facts: Facts): Violation[] {
  const { evidence } = facts;
  return evidence.client.flatMap((entry) => {
    if (entry.outcome !== "refused" || !WATCHED.has(entry.request.kind) || saysNothing(entry)) return [];
    if (isOvertaken(facts, entry)) return [];
    const changed = evidence.store.journal.filter(
      (write) =>
        write.request === entry.n && !SECURITY_TABLES.has(write.table) && !isExpiry(write) && !isAnnouncement(write),
    );
    if (changed.length === 0) return [];
    const what = `request ${entry.n} (${entry.request.kind}) was refused with ${entry.code}, but changed the store`;
    return [violation("I23", what, entry, ...changed)];
  });
}

/** A decision is announced to the sweep before it is recorded. One that another overtakes was announced for nothing. */
const isAnnouncement = ({ table, partition }: Transaction): boolean =>
  table === "Executions" && partition === "unsettled";

/** Whoever looks at an approval past its time notes that it is over. That is true whoever asks. */
export const isExpiry = ({ operations }: Transaction): boolean =>
  operations.some(({ row, json }) => {
    if (!row.startsWith("record.") || json === null) return false;
    return (JSON.parse(json) as Approval).status === "expired";
  });

/** A row that broke after a write is a fault, and its answer a 500: whoever gets it asks again. */
const saysNothing = ({ request, code }: ClientEntry): boolean =>
  (request.kind === "steer" || request.kind === "change-timer") && code === "row-unreadable";

/**
 * More time for an approval is written to its execution and then to the approval. When the approval ends in between, the
 * act stands in the record of the execution and has no effect.
 */
function isOvertaken(facts: Facts, { request, atMs, endedMs }: ClientEntry): boolean {
  if (request.kind !== "steer" || request.act.action !== "extend") return false;
  const writes = [...approvalsOf(facts).values()].flat();
  return writes.some(
    ({ record, ...write }) =>
      record.content.executionId === request.executionId &&
      record.status !== "pending" &&
      write.atMs >= atMs &&
      write.atMs <= (endedMs ?? Infinity),
  );
}
