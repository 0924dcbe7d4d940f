import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { Execution, type StepRecord } from "../domain/execution.js";
import { Guid, toMs } from "../domain/text.js";
import { pageOf, readable } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { fromRow, STEPS, toRow } from "./step-rows.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type Table, TableConflict } from "./tables/port.js";

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
const LAST_MS = 9_999_999_999_999;

/** Sorts the newest first. The id makes it unique. */
const listRow = ({ requestedAt, executionId }: Execution): string =>
  `${String(LAST_MS - toMs(requestedAt)).padStart(13, "0")}.${executionId}`;

const stepRow = (part: string): string => `${STEP_PREFIX}${part.replaceAll("/", "~")}`;

/** The record decides whether an execution exists. Its entry in the list follows; a repeated start adds a missing one. */
export async function createExecution(
  table: Table,
  execution: Execution,
): Promise<{ execution: Execution; created: boolean }> {
  const created = await insert(table, execution.executionId, encode(EXECUTION, RECORD, execution));
  const known = created ? execution : (await getExecution(table, execution.executionId))?.value;
  if (known === undefined) throw new RecoveryError("execution-not-found", `execution ${execution.executionId} is gone`);
  await insert(table, LIST, encode(ENTRY, listRow(known), { executionId: known.executionId }));
  return { execution: known, created };
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

export async function listExecutions(table: Table, request: PageRequest): Promise<Page<Execution>> {
  const page = await pageOf(table, LIST, request, (row) => decode(ENTRY, row).executionId);
  const found = await readable(page.entries, (executionId) => getExecution(table, executionId));
  const unreadable = [...(page.unreadable ?? []), ...(found.unreadable ?? [])];
  const entries = found.entries.flatMap((execution) => execution?.value ?? []);
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
