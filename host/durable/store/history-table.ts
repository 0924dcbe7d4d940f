import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { EVENT_TYPE_NAMES, EventType } from "../history.js";
import { type Columns, dateTime, fromColumns, toColumns } from "./history-rows.js";
import { historyRowKey, partitionKeyOf, SENTINEL } from "./keys.js";
import { isLarge, type LargeValues } from "./large-values.js";
import {
  type Commit,
  HubLostError,
  OutdatedError,
  type StoredEvent,
  type StoredExecution,
  UnreadableError,
} from "./port.js";
import { isTransient, statusOf, type TransientFaults } from "./transient-faults.js";
import type { Witnesses } from "./witnesses.js";

/** What fits into one transaction, with room for the sentinel. */
const ROWS_PER_TRANSACTION = 95;
const CHARACTERS_PER_TRANSACTION = 1_000_000;

type Row = Columns & { partitionKey: string; rowKey: string };
type StoredRow = Record<string, unknown> & { rowKey: string };

/**
 * The history table: one partition an instance, one row an event, as on the genuine host. An episode is one
 * transaction whose last row, an OrchestratorCompleted, makes it count; longer ones take several, and rows behind
 * the last such row are what a crash left of an episode that never happened.
 */
export class HistoryTable {
  readonly #table: TableClient;
  readonly #large: LargeValues;
  readonly #faults: TransientFaults;
  readonly #witnesses: Witnesses;

  constructor(table: TableClient, large: LargeValues, faults: TransientFaults, witnesses: Witnesses) {
    this.#table = table;
    this.#large = large;
    this.#faults = faults;
    this.#witnesses = witnesses;
  }

  async commit(commit: Commit): Promise<void> {
    const { commitId } = commit;
    const rows = await Promise.all(
      commit.events.map((stored, index) => this.#toRow(commit, stored, commit.firstRow + index)),
    );
    const last = rows.at(-1) as Row;
    if (commit.customStatus !== undefined) last["CustomStatus"] = commit.customStatus ?? "null";
    if (commit.inboxThrough !== undefined) last["InboxThrough"] = commit.inboxThrough;
    if (commit.overwriteBelow > commit.firstRow) this.#witnesses.forget(this.#table, last.partitionKey);
    let index = commit.firstRow;
    for (const chunk of chunksOf(rows)) {
      (chunk.at(-1) as Row)["CommitId"] = commitId;
      const actions = chunk.map((row, at): TransactionAction => {
        return index + at < commit.overwriteBelow ? ["upsert", row, "Replace"] : ["create", row];
      });
      if (commit.checkpoint && (index === 0 || index + chunk.length === commit.firstRow + rows.length)) {
        actions.push(["upsert", sentinel(commit), "Replace"]);
      }
      await this.#submit(actions, chunk.at(-1) as Row, commit);
      index += chunk.length;
    }
    const { partitionKey, rowKey } = last;
    this.#witnesses.saw({ table: this.#table, partitionKey, rowKey, mark: { column: "CommitId", value: commitId } });
  }

  /** A repeat of a transaction that had been applied meets its own rows; anybody else's mean that the hub is lost. */
  async #submit(actions: TransactionAction[], last: Row, { commitId, since }: Commit): Promise<void> {
    try {
      await this.#faults.withRetry("commit an episode", async () => {
        const isOutdated = since !== undefined && since !== this.#faults.outages;
        if (!isOutdated) await this.#table.submitTransaction(actions);
        else if ((await this.#commitIdIn(last)) !== commitId) throw new OutdatedError();
      });
    } catch (error) {
      if (statusOf(error) !== 409) throw error;
      if ((await this.#commitIdIn(last)) === commitId) return;
      throw new HubLostError(
        `Another host has written the history of '${last.partitionKey}'. This one stops, so that no step runs twice. Give each host a hub of its own (extensions.durableTask.hubName).`,
      );
    }
  }

  /** Before anybody is told from what a row says that it is another host's, the storage is looked at: it may have gone back in time. */
  async #commitIdIn({ partitionKey, rowKey }: Row): Promise<string | undefined> {
    this.#faults.distrust();
    const read = () => this.#table.getEntity<{ CommitId?: string }>(partitionKey, rowKey);
    try {
      return (await this.#faults.withRetry("read an episode", read)).CommitId;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  async #toRow(commit: Commit, { event, taskInput }: StoredEvent, index: number): Promise<Row> {
    const partitionKey = partitionKeyOf(commit.instanceId);
    const rowKey = historyRowKey(index);
    const columns: Columns = {
      ...toColumns(event, commit.executionId),
      ...(taskInput === null ? {} : { TaskInput: taskInput }),
    };
    for (const [name, value] of Object.entries(columns)) {
      if (typeof value !== "string" || !isLarge(value)) continue;
      const label = `history-${rowKey}-${EVENT_TYPE_NAMES[event.EventType]}-${name}`;
      columns[name] = "";
      columns[`${name}BlobName`] = await this.#large.put(partitionKey, label, value);
    }
    return { partitionKey, rowKey, ...columns };
  }

  /** The committed events of the execution that the sentinel names. */
  async read(instanceId: string, startId?: string): Promise<StoredExecution | undefined> {
    const rows = await this.#rowsOf(instanceId);
    if (rows.length === 0) return undefined;
    const mark = rows.find((row) => row.rowKey === SENTINEL);
    const all = rows.filter((row) => row.rowKey !== SENTINEL);
    const rowsPresent = all.reduce((most, row) => Math.max(most, Number.parseInt(row.rowKey, 16) + 1), 0);
    if (mark === undefined) throw this.#unreadable(instanceId, SENTINEL, "it is missing");
    const executionId = String(mark["ExecutionId"]);
    const ofStart = String(mark["StartId"] ?? "");
    const present = startId === undefined || startId === ofStart;
    const rowsOfExecution = present ? all.filter((row) => row["ExecutionId"] === executionId) : [];
    const gap = firstGap(rowsOfExecution);
    if (gap !== undefined) throw this.#unreadable(instanceId, gap, "it is missing");
    const committed = committedRows(rowsOfExecution);
    const events = await Promise.all(committed.map((row) => this.#toEvent(instanceId, row)));
    return {
      executionId,
      startId: ofStart,
      events,
      customStatus: lastOf(committed, "CustomStatus", "null"),
      inboxThrough: lastOf(committed, "InboxThrough") ?? "",
      rowsPresent,
    };
  }

  async #toEvent(instanceId: string, row: StoredRow): Promise<StoredEvent> {
    try {
      for (const name of Object.keys(row)) {
        if (!name.endsWith("BlobName")) continue;
        row[name.slice(0, -"BlobName".length)] = await this.#large.get(String(row[name]));
      }
      return { event: fromColumns(row), taskInput: typeof row["TaskInput"] === "string" ? row["TaskInput"] : null };
    } catch (error) {
      if (isTransient(error)) throw error;
      throw this.#unreadable(instanceId, row.rowKey, error);
    }
  }

  #unreadable(instanceId: string, rowKey: string, error: unknown): UnreadableError {
    return new UnreadableError(`row '${rowKey}' of '${instanceId}' in table ${this.#table.tableName}`, error);
  }

  async deleteAll(instanceId: string): Promise<void> {
    const partitionKey = partitionKeyOf(instanceId);
    this.#witnesses.forget(this.#table, partitionKey);
    const rows = await this.#rowsOf(instanceId, ["PartitionKey", "RowKey"]);
    for (let from = 0; from < rows.length; from += ROWS_PER_TRANSACTION) {
      const actions = rows
        .slice(from, from + ROWS_PER_TRANSACTION)
        .map((row): TransactionAction => ["delete", { partitionKey, rowKey: row.rowKey }]);
      await this.#faults.withRetry("delete history", () => this.#table.submitTransaction(actions));
    }
  }

  async #rowsOf(instanceId: string, select?: string[]): Promise<StoredRow[]> {
    const filter = odata`PartitionKey eq ${partitionKeyOf(instanceId)}`;
    return this.#faults.withRetry("read a history", async () => {
      const rows: StoredRow[] = [];
      for await (const row of this.#table.listEntities({ queryOptions: { filter, ...(select ? { select } : {}) } })) {
        rows.push(row as StoredRow);
      }
      return rows;
    });
  }
}

function sentinel(commit: Commit): Row {
  return {
    partitionKey: partitionKeyOf(commit.instanceId),
    rowKey: SENTINEL,
    ExecutionId: commit.executionId,
    IsCheckpointComplete: true,
    CheckpointCompletedTimestamp: dateTime(new Date(commit.committedMs).toISOString()),
    StartId: commit.startId,
  };
}

/** The key of a row that is missing before another one: rows are only ever added, so none is left out. */
function firstGap(rows: StoredRow[]): string | undefined {
  const keys = new Set(rows.map(({ rowKey }) => rowKey));
  const missing = Array.from({ length: rows.length }, (_, index) => historyRowKey(index));
  return missing.find((key) => !keys.has(key));
}

/** Rows without a gap from the first on, up to the last OrchestratorCompleted. */
function committedRows(rows: StoredRow[]): StoredRow[] {
  const sorted = [...rows].sort((a, b) => (a.rowKey < b.rowKey ? -1 : 1));
  const completed = EVENT_TYPE_NAMES[EventType.OrchestratorCompleted];
  let through = 0;
  for (const [index, row] of sorted.entries()) {
    if (row.rowKey !== historyRowKey(index)) break;
    if (row["EventType"] === completed) through = index + 1;
  }
  return sorted.slice(0, through);
}

function lastOf(rows: StoredRow[], column: string, none?: string): string | null {
  const value = rows.findLast((row) => typeof row[column] === "string")?.[column];
  return typeof value === "string" && value !== none ? value : null;
}

function* chunksOf(rows: Row[]): Generator<Row[]> {
  let chunk: Row[] = [];
  let size = 0;
  for (const row of rows) {
    const characters = Object.values(row).reduce<number>(
      (sum, value) => sum + (typeof value === "string" ? value.length : 16),
      0,
    );
    if (chunk.length === ROWS_PER_TRANSACTION || (size > 0 && size + characters > CHARACTERS_PER_TRANSACTION)) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(row);
    size += characters;
  }
  yield chunk;
}
