/**
 * The log of this installation: one chain of records, in one partition for each period.
 *
 * - L1. New records and the head that names the last of them are one transaction, so the chain has no gap and no fork,
 *   whatever number of processes write, wherever one dies.
 * - L2. Records that are added at the same time share a transaction.
 * - L3. A period is closed, in its head, before the next one begins: a process whose clock is behind finds that and goes
 *   on in the later period.
 * - L4. A write whose answer was lost is found again and not repeated.
 *
 * Tests: test/suites/store-evidence.suite.ts, over memory and Azurite.
 */
import { z } from "zod";
import { BEGINNING, chainOf, Sha256, type Tip } from "../domain/evidence/chain.js";
import type { LogPlace } from "../domain/evidence/log-place.js";
import { LOG_CHAIN, type LogEntry, LogRecord, periodOf } from "../domain/evidence/log-record.js";
import type { LogPage } from "./evidence-port.js";
import { sha256 } from "./sha256.js";
import { createCoalescingQueue, type Pending } from "./tables/coalescing-queue.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { MAX_BATCH, type RowOperation, type Table, TableConflict } from "./tables/port.js";

const Period = z.string().regex(/^\d{4}-\d{2}$/);
/** `next`: the period is closed, and this one follows it. */
const Head = z.strictObject({ seq: z.int().min(0), hash: Sha256, next: Period.optional() });
type Head = z.infer<typeof Head>;
const HEAD: Codec<Head> = { what: "head of the log", schema: 1, shape: Head };
const RECORD: Codec<LogRecord> = { what: "record of the log", schema: 1, shape: LogRecord };
const PERIOD: Codec<{ period: string }> = { what: "period", schema: 1, shape: z.strictObject({ period: Period }) };

const PERIODS = "periods";
/** Where the log began, so that no two processes begin it in two periods. */
const ORIGIN = "origin";
const HEAD_ROW = "head";
const rowOf = (seq: number): string => String(seq).padStart(12, "0");
/** Sorts after every record and before the head. */
const RECORDS_END = ":";

/** One place of a transaction is the head's. */
const MAX_RECORDS = MAX_BATCH - 1;
/** More than processes can close periods and overtake one another in a row. */
const MAX_ATTEMPTS = 100;

type Waiting = Pending<LogEntry, LogPlace>;

/** Where the next record goes. Without an ETag its period has no head yet. */
interface End extends Tip {
  period: string;
  etag: string | null;
}

/** Adds entries to the log. */
export function logWriter(table: Table): (entry: LogEntry) => Promise<LogPlace> {
  /** As this process left it. Another one may have gone on since, which a conflict shows. */
  let known: End | null = null;
  const attempt = async (entries: readonly LogEntry[], wanted: string): Promise<End | null> => {
    const end = await endFor(table, known ?? (await findEnd(table, wanted)), wanted);
    known = null;
    if (end === null) return null;
    const records = chainOf(LOG_CHAIN, entries, sha256, end);
    const etag = await write(table, end, records);
    const last = records.at(-1) ?? end;
    if (etag !== null && etag !== "") known = { period: end.period, seq: last.seq, hash: last.hash, etag };
    return etag === null ? null : end;
  };
  const writeBatch = async (batch: readonly Waiting[]): Promise<void> => {
    const entries = batch.map(({ request }) => request);
    const wanted = periodOf(entries[0]?.at ?? "");
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const end = await attempt(entries, wanted);
      if (end === null) continue;
      for (const [at, { resolve }] of batch.entries()) resolve({ period: end.period, seq: end.seq + at + 1 });
      return;
    }
    throw new Error(`the log of ${wanted} could not be written ${MAX_ATTEMPTS} times`);
  };
  const enqueue = createCoalescingQueue<LogEntry, LogPlace>(
    (_key, batch) => writeBatch(batch),
    (queue) => queue.splice(0, MAX_RECORDS),
  );
  return (entry) => enqueue("log", entry);
}

/** The end of the log, in the latest period that anybody began. */
async function findEnd(table: Table, wanted: string): Promise<End> {
  const periods = (await periodsOf(table)).reverse();
  for (const period of periods) {
    const row = await table.get(period, HEAD_ROW);
    if (row === null) continue;
    const { seq, hash, next } = decode(HEAD, row);
    return next === undefined ? { period, seq, hash, etag: row.etag } : { period: next, seq, hash, etag: null };
  }
  return { period: await originOf(table, wanted), seq: 0, hash: BEGINNING, etag: null };
}

/** The last record; null while there is none. Reads only. */
export async function endOfLog(table: Table): Promise<Tip | null> {
  for (const period of (await periodsOf(table)).reverse()) {
    const row = await table.get(period, HEAD_ROW);
    if (row === null) continue;
    const { seq, hash } = decode(HEAD, row);
    return { seq, hash };
  }
  return null;
}

async function originOf(table: Table, wanted: string): Promise<string> {
  await insertPeriod(table, ORIGIN, wanted);
  const row = await table.get(PERIODS, ORIGIN);
  const period = row === null ? wanted : decode(PERIOD, row).period;
  await insertPeriod(table, period, period);
  return period;
}

async function insertPeriod(table: Table, row: string, period: string): Promise<void> {
  await table.transact(PERIODS, [{ kind: "insert", ...encode(PERIOD, row, { period }) }]).catch(ignoreConflict);
}

function ignoreConflict(thrown: unknown): null {
  if (thrown instanceof TableConflict) return null;
  throw thrown;
}

/** The end in the period that is wanted, or a later one; null when somebody else wrote meanwhile. */
async function endFor(table: Table, end: End, wanted: string): Promise<End | null> {
  if (wanted <= end.period || end.etag === null) return end;
  await insertPeriod(table, wanted, wanted);
  const { period, seq, hash, etag } = end;
  const closed = encode(HEAD, HEAD_ROW, { seq, hash, next: wanted });
  const written = await table.transact(period, [{ kind: "replace", ...closed, etag }]).catch(ignoreConflict);
  return written && { period: wanted, seq, hash, etag: null };
}

/** The ETag of the head with the records written, empty when it is not known; null when somebody else wrote meanwhile. */
async function write(table: Table, end: End, records: readonly LogRecord[]): Promise<string | null> {
  const { seq, hash } = records.at(-1) ?? end;
  const head = encode(HEAD, HEAD_ROW, { seq, hash });
  const rows = records.map(
    (record): RowOperation => ({ kind: "insert", ...encode(RECORD, rowOf(record.seq), record) }),
  );
  const operation: RowOperation =
    end.etag === null ? { kind: "insert", ...head } : { kind: "replace", ...head, etag: end.etag };
  const written = await table.transact(end.period, [operation, ...rows]).catch(ignoreConflict);
  if (written !== null) return written[0] ?? "";
  const [first] = records;
  const found = first && (await table.get(end.period, rowOf(first.seq)));
  return found && decode(RECORD, found).hash === first?.hash ? "" : null;
}

async function periodsOf(table: Table): Promise<string[]> {
  const { rows } = await table.list(PERIODS, { before: ORIGIN, limit: 1_000 });
  return rows.map(({ row }) => row);
}

/** The records from a place on. */
export async function readLog(table: Table, from: LogPlace | null, limit: number): Promise<LogPage> {
  const page: LogPage = { records: [] };
  const periods = (await periodsOf(table)).filter((period) => period >= (from?.period ?? ""));
  for (const period of periods) {
    const first = period === from?.period ? rowOf(from.seq) : "";
    const left = limit - page.records.length;
    const { rows, more } = await table.list(period, { from: first, before: RECORDS_END, limit: left });
    const records = rows.map((row) => ({ period, record: decode(RECORD, row) }));
    page.records.push(...records);
    const last = records.at(-1);
    const isFull = page.records.length >= limit && (more || period !== periods.at(-1));
    if (isFull && last) return { ...page, next: { period, seq: last.record.seq + 1 } };
  }
  return page;
}
