import { toInstant, toMs } from "../domain/text.js";
import {
  type RefusedWebhooks,
  SecurityRecord,
  type TokenMade,
  type WebhookRefusal,
} from "../domain/webhooks/security-record.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest } from "./port.js";
import { createCoalescingQueue } from "./tables/coalescing-queue.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

const RECORD: Codec<SecurityRecord> = { what: "security record", schema: 1, shape: SecurityRecord };
const RECORDS = "records";
const MINUTE_MS = 60_000;
/** Rows are ordered by key, and the newest is read first. */
const LAST_MINUTE = 999_999_999;

interface Refusal {
  sourceId: string | null;
  reason: WebhookRefusal;
  at: string;
}

const minuteOf = (at: string): number => Math.floor(toMs(at) / MINUTE_MS);
const minuteKey = (at: string): string => String(LAST_MINUTE - minuteOf(at)).padStart(9, "0");
/** A name that is no source has no row of its own. The two letters keep a source named like that apart. */
const rowOf = ({ sourceId, at }: Refusal): string =>
  `${minuteKey(at)}-${sourceId === null ? "unknown" : `s-${sourceId}`}`;

/** Counts refused requests. Those of one source that arrive while a write is under way become one write. */
export function refusalCounter(table: Table): (refusal: Refusal) => Promise<void> {
  const enqueue = createCoalescingQueue<Refusal, void>(async (row, batch) => {
    await add(
      table,
      row,
      batch.map(({ request }) => request),
    );
    for (const { resolve } of batch) resolve();
  });
  return (refusal) => enqueue(rowOf(refusal), refusal);
}

function add(table: Table, row: string, refusals: readonly Refusal[]): Promise<void> {
  return updateWithRetry(
    () => table.get(RECORDS, row),
    (found) => {
      const before = found === null ? null : decode(RECORD, found);
      const counted = count(before?.kind === "webhook-refused" ? before : null, refusals);
      if (counted === null) return { answer: undefined };
      const columns = encode(RECORD, row, counted);
      const write = () =>
        table.transact(RECORDS, [
          found === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag: found.etag },
        ]);
      return { answer: undefined, write };
    },
  );
}

function count(before: RefusedWebhooks | null, refusals: readonly Refusal[]): RefusedWebhooks | null {
  const last = refusals.at(-1);
  if (last === undefined) return before;
  const reasons = { ...before?.reasons };
  for (const { reason } of refusals) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return {
    kind: "webhook-refused",
    sourceId: last.sourceId,
    minute: toInstant(minuteOf(last.at) * MINUTE_MS),
    count: (before?.count ?? 0) + refusals.length,
    reasons,
    lastReason: last.reason,
    lastAt: last.at,
  };
}

/** A repetition changes nothing. */
export async function recordTokenMade(table: Table, made: Omit<TokenMade, "kind" | "minute">): Promise<void> {
  const minute = toInstant(minuteOf(made.lastAt) * MINUTE_MS);
  const record: SecurityRecord = { kind: "token-for-another-person", ...made, minute };
  const row = `${minuteKey(made.lastAt)}-t-${made.tokenId}`;
  await table.transact(RECORDS, [{ kind: "put", ...encode(RECORD, row, record) }]);
}

export const listSecurityRecords = (table: Table, page: PageRequest): Promise<Page<SecurityRecord>> =>
  pageOf(table, RECORDS, page, (row) => decode(RECORD, row));

export async function purgeSecurityRecords(table: Table, before: string, limit: number): Promise<number> {
  const { rows } = await table.list(RECORDS, { from: minuteKey(before), limit });
  for (const { row } of rows) {
    await table.transact(RECORDS, [{ kind: "delete", row }]).catch((thrown: unknown) => {
      if (!(thrown instanceof TableConflict)) throw thrown;
    });
  }
  return rows.length;
}
