/**
 * The executions that the sweep watches. Shown in store-records.suite.ts and sweep.test.ts:
 *
 * U1. Whatever is recorded is found: the entry is written before the record, and again before a late claim
 *     ("a start that dies after any of its writes is found by the sweep").
 * U2. What has come to rest costs nothing: a settled execution has no entry ("an idle host reads nothing of…").
 * U3. A damaged entry hides no execution, because its key is the execution id ("a damaged entry is still listed").
 * U4. An entry is removed only as it was read, so a claim that was announced meanwhile keeps it ("an entry that was
 *     written again…").
 * U5. Whatever people record later is announced: the entry is written again before the record, so the sweep of every
 *     process sees another ETag and reads the execution ("a decision that dies after any of its writes is announced, if
 *     it was recorded at all").
 */
import { z } from "zod";
import { hasCode } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { Guid, Instant } from "../domain/text.js";
import type { Tagged, Trouble, UnsettledExecution } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type Table, TableConflict } from "./tables/port.js";

const ENTRY: Codec<UnsettledExecution> = {
  what: "unsettled execution",
  schema: 1,
  shape: z.strictObject({
    executionId: Guid,
    since: Instant,
    trouble: z.strictObject({ reason: z.string(), since: Instant, loggedAt: Instant }).optional(),
  }),
};
const UNSETTLED = "unsettled";
const PAGE = 900;
const NEVER = new Date(0).toISOString();

/** Writes the entry of an execution that is about to be recorded, or to claim items late. */
export async function watchExecution(table: Table, executionId: string, since: string): Promise<void> {
  const entry = encode(ENTRY, executionId, { executionId, since });
  try {
    await table.transact(UNSETTLED, [{ kind: "insert", ...entry }]);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    const row = await table.get(UNSETTLED, executionId);
    if (row === null) return watchExecution(table, executionId, since);
    const known = readEntry(row);
    if (!known.isReadable || known.value.since >= since) return;
    const later = encode(ENTRY, executionId, { ...known.value, since });
    await write(table, { kind: "replace", ...later, etag: row.etag });
  }
}

/**
 * Writes the entry again as it is, so that it has another ETag. A race that is lost has the same effect, and an entry that
 * cannot be read keeps its bytes: its execution is read at each sweep.
 */
export async function announceChange(table: Table, { executionId, requestedAt }: Execution): Promise<void> {
  const row = await table.get(UNSETTLED, executionId);
  if (row === null) return watchExecution(table, executionId, requestedAt);
  const known = readEntry(row);
  if (known.isReadable) {
    await write(table, { kind: "replace", ...encode(ENTRY, executionId, known.value), etag: row.etag });
  }
}

export async function listUnsettled(table: Table): Promise<Tagged<UnsettledExecution>[]> {
  const found: Tagged<UnsettledExecution>[] = [];
  for (let from = ""; ; ) {
    const { rows, more } = await table.list(UNSETTLED, { from, limit: PAGE });
    found.push(...rows.map((row) => ({ value: readEntry(row).value, etag: row.etag })));
    const last = rows.at(-1);
    if (!more || last === undefined) return found;
    from = `${last.row}!`;
  }
}

function readEntry(row: Row): { value: UnsettledExecution; isReadable: boolean } {
  try {
    return { value: decode(ENTRY, row), isReadable: true };
  } catch (thrown) {
    if (!hasCode(thrown, "row-unreadable")) throw thrown;
    const trouble = { reason: thrown.message, since: NEVER, loggedAt: NEVER };
    return { value: { executionId: row.row, since: NEVER, trouble }, isReadable: false };
  }
}

/** Notes why an execution cannot be settled, or that nothing prevents it any more. Leaves an entry that changed. */
export async function noteTrouble(
  table: Table,
  { value, etag }: Tagged<UnsettledExecution>,
  trouble: Trouble | null,
): Promise<void> {
  const { executionId, since } = value;
  const row = await table.get(UNSETTLED, executionId);
  if (row === null || !readEntry(row).isReadable) return;
  const entry = { executionId, since, ...(trouble !== null && { trouble }) };
  await write(table, { kind: "replace", ...encode(ENTRY, executionId, entry), etag });
}

/** Removes the entry of an execution that owes nothing any more. Leaves an entry that changed. */
export async function settleExecution(table: Table, { value, etag }: Tagged<UnsettledExecution>): Promise<void> {
  const row = await table.get(UNSETTLED, value.executionId);
  if (row === null) return;
  decode(ENTRY, row);
  await write(table, { kind: "delete", row: value.executionId, etag });
}

/** A write that loses a race changes nothing: the next sweep reads the entry again. */
async function write(table: Table, operation: Parameters<Table["transact"]>[1][number]): Promise<void> {
  await table.transact(UNSETTLED, [operation]).catch((thrown: unknown) => {
    if (!(thrown instanceof TableConflict)) throw thrown;
  });
}
