import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { Execution, type StepRecord } from "../domain/execution.js";
import { Guid } from "../domain/text.js";
import { pageOf, readable } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { fromRow, STEPS, toRow } from "./step-rows.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type Table, TableConflict } from "./tables/port.js";
import { newestFirst } from "./time-keys.js";
import { announceChange, watchExecution } from "./unsettled.js";

const EXECUTION: Codec<Execution> = { what: "execution", schema: 1, shape: Execution };
const ENTRY: Codec<{ executionId: string }> = {
  what: "list entry",
  schema: 1,
  shape: z.strictObject({ executionId: Guid }),
};

/** The partition of an execution has its record and its steps. The list of all executions is another partition. */
const RECORD = "record";
const LIST = "newest-first";
const STEP_PREFIX = "steps.";
const STEPS_END = "steps/";

/** Sorts the newest first. The id makes it unique. */
const listRow = ({ requestedAt, executionId }: Execution): string => `${newestFirst(requestedAt)}.${executionId}`;

const stepRow = (part: string): string => `${STEP_PREFIX}${part.replaceAll("/", "~")}`;

/**
 * The record decides whether an execution exists. It is written last, so that the sweep and the list find whatever is
 * recorded, wherever the request dies. An entry without its record is left out.
 */
export async function createExecution(
  table: Table,
  execution: Execution,
): Promise<{ execution: Execution; created: boolean }> {
  const { executionId } = execution;
  await watchExecution(table, executionId, execution.requestedAt);
  await insert(table, LIST, encode(ENTRY, listRow(execution), { executionId }));
  if (await insert(table, executionId, encode(EXECUTION, RECORD, execution))) return { execution, created: true };
  const known = (await getExecution(table, executionId))?.value;
  if (known === undefined) throw new RecoveryError("execution-not-found", `execution ${executionId} is gone`);
  if (listRow(known) !== listRow(execution)) await removeEntry(table, listRow(execution));
  return { execution: known, created: false };
}

/** Removes the entry of a request that was not the first to record its execution. */
async function removeEntry(table: Table, row: string): Promise<void> {
  await table.transact(LIST, [{ kind: "delete", row }]).catch((error: unknown) => {
    if (!(error instanceof TableConflict)) throw error;
  });
}

/** False if the row existed already. */
async function insert(table: Table, partition: string, columns: { row: string; schema: number; json: string }) {
  try {
    await table.transact(partition, [{ kind: "insert", ...columns }]);
    return true;
  } catch (error) {
    if (error instanceof TableConflict) return false;
    throw error;
  }
}

export async function getExecution(table: Table, executionId: string): Promise<Tagged<Execution> | null> {
  const row = await table.get(executionId, RECORD);
  return row === null ? null : { value: decode(EXECUTION, row), etag: row.etag };
}

export async function updateExecution(table: Table, execution: Execution, etag: string): Promise<string> {
  try {
    const columns = encode(EXECUTION, RECORD, execution);
    const [changed = ""] = await table.transact(execution.executionId, [{ kind: "replace", ...columns, etag }]);
    return changed;
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    throw new RecoveryError("etag-mismatch", `execution ${execution.executionId} was changed since it was read`);
  }
}

/** Replaces the record by one that the sweep has to read. It is announced first, so nothing that was recorded is missed. */
export async function updateWatched(table: Table, execution: Execution, etag: string): Promise<string> {
  await announceChange(table, execution);
  return updateExecution(table, execution, etag);
}

export async function listExecutions(table: Table, request: PageRequest): Promise<Page<Execution>> {
  const page = await pageOf(table, LIST, request, (row) => ({ ...decode(ENTRY, row), row: row.row }));
  const found = await readable(page.entries, async ({ executionId, row }) => {
    const execution = (await getExecution(table, executionId))?.value;
    return execution !== undefined && listRow(execution) === row ? [execution] : [];
  });
  const unreadable = [...(page.unreadable ?? []), ...(found.unreadable ?? [])];
  const entries = found.entries.flat();
  return { ...page, entries, ...(unreadable.length > 0 && { unreadable }) };
}

export async function putSteps(table: Table, executionId: string, records: readonly StepRecord[]): Promise<void> {
  await Promise.all(records.map((record) => putStep(table, executionId, record)));
}

async function putStep(table: Table, executionId: string, record: StepRecord): Promise<void> {
  const columns = encode(STEPS, stepRow(record.part), toRow(record));
  if (await insert(table, executionId, columns)) return;
  const known = await table.get(executionId, columns.row);
  if (known === null) return putStep(table, executionId, record);
  decode(STEPS, known);
  await table.transact(executionId, [{ kind: "replace", ...columns, etag: known.etag }]);
}

const PAGE = 900;

export const readSteps = (row: Row): StepRecord => fromRow(decode(STEPS, row));

/** @param read reads the steps of a row, such as `readSteps` */
export async function getSteps(
  table: Table,
  executionId: string,
  read: (row: Row) => StepRecord,
): Promise<StepRecord[]> {
  const rows: Row[] = [];
  for (let from = STEP_PREFIX; ; ) {
    const page = await table.list(executionId, { from, before: STEPS_END, limit: PAGE });
    rows.push(...page.rows);
    const last = page.rows.at(-1);
    if (!page.more || last === undefined) return rows.map(read);
    from = `${last.row}!`;
  }
}
