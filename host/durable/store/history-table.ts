/*
 * The history of every instance: one partition per instance and one row per event, as on the genuine host.
 *
 * I1. An episode counts as a whole or not at all. It is one transaction; a longer episode takes several, and the last
 *     row, an OrchestratorCompleted, makes it count. Test: durable/history-store.test.ts ("what a crash left of an
 *     episode in several transactions never happened").
 * I2. A repeated commit counts once: it recognises its own rows by their commit id. Test: durable/history-store.suite.ts
 *     ("a commit that is repeated counts once"), history-store.test.ts ("the repeat of a commit that was written in part").
 * I3. A commit never replaces rows of another host. It fails with HubLostError instead.
 *     Test: durable/history-store.suite.ts ("rows that somebody else has written stop the commit").
 * I4. Before a commit fails that way, the storage is checked: it may have lost data instead.
 *     Test: durable/history-store.test.ts ("looks at the storage before it names another host").
 * I5. An episode with results of activities that ran before an outage is not written: it fails with OutdatedError, unless
 *     it is in the table already. Test: durable/history-store.test.ts ("an episode that tells of activities from before").
 * I6. A damaged or missing row is reported by name and is never read as a shorter history. Test: durable/poison.test.ts.
 */

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
import { httpStatus, isTransient, type TransientFaults } from "./transient-faults.js";
import { transactionChunks } from "./wire.js";
import type { Witnesses } from "./witnesses.js";

type Row = Columns & { partitionKey: string; rowKey: string };
type StoredRow = Record<string, unknown> & { rowKey: string };

/** The history table of a hub. Rows after the last OrchestratorCompleted are what a crash left of an uncommitted episode. */
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
    for (const chunk of transactionChunks(rows)) {
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
    this.#witnesses.add({ table: this.#table, partitionKey, rowKey, mark: { column: "CommitId", value: commitId } });
  }

  /** Rows that exist already are either its own, from an earlier attempt, or another host's, and then the hub is lost. */
  async #submit(actions: TransactionAction[], last: Row, { commitId, outagesAtStart }: Commit): Promise<void> {
    try {
      await this.#faults.withRetry("commit an episode", async () => {
        const isOutdated = outagesAtStart !== undefined && outagesAtStart !== this.#faults.outages;
        if (!isOutdated) await this.#table.submitTransaction(actions);
        else if ((await this.#commitIdIn(last)) !== commitId) throw new OutdatedError();
      });
    } catch (error) {
      if (httpStatus(error) !== 409) throw error;
      if ((await this.#commitIdIn(last)) === commitId) return;
      throw new HubLostError(
        `Another host has written the history of '${last.partitionKey}'. This host stops, so that no step runs twice. Give each host its own hub (extensions.durableTask.hubName).`,
      );
    }
  }

  /** Requires a check of the storage first: the row may look like another host's because the storage has lost data. */
  async #commitIdIn({ partitionKey, rowKey }: Row): Promise<string | undefined> {
    this.#faults.requireCheck();
    const read = () => this.#table.getEntity<{ CommitId?: string }>(partitionKey, rowKey);
    try {
      return (await this.#faults.withRetry("read an episode", read)).CommitId;
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
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
    const rows = await this.#readRows(instanceId);
    if (rows.length === 0) return undefined;
    const sentinelRow = rows.find((row) => row.rowKey === SENTINEL);
    const all = rows.filter((row) => row.rowKey !== SENTINEL);
    const rowsPresent = all.reduce((count, row) => Math.max(count, Number.parseInt(row.rowKey, 16) + 1), 0);
    if (sentinelRow === undefined) throw this.#unreadable(instanceId, SENTINEL, "it is missing");
    const executionId = String(sentinelRow["ExecutionId"]);
    const storedStartId = String(sentinelRow["StartId"] ?? "");
    const isCurrent = startId === undefined || startId === storedStartId;
    const rowsOfExecution = isCurrent ? all.filter((row) => row["ExecutionId"] === executionId) : [];
    const gap = firstGap(rowsOfExecution);
    if (gap !== undefined) throw this.#unreadable(instanceId, gap, "it is missing");
    const committed = committedRows(rowsOfExecution);
    const events = await Promise.all(committed.map((row) => this.#toEvent(instanceId, row)));
    return {
      executionId,
      startId: storedStartId,
      events,
      customStatus: lastValue(committed, "CustomStatus", "null"),
      inboxThrough: lastValue(committed, "InboxThrough") ?? "",
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
    const rows = await this.#readRows(instanceId, ["PartitionKey", "RowKey"]);
    for (const chunk of rows.length === 0 ? [] : transactionChunks(rows)) {
      const actions = chunk.map(({ rowKey }): TransactionAction => ["delete", { partitionKey, rowKey }]);
      await this.#faults.withRetry("delete history", () => this.#table.submitTransaction(actions));
    }
  }

  async #readRows(instanceId: string, select?: string[]): Promise<StoredRow[]> {
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

/** The key of the first missing row that has a row after it. Rows are only ever added, so such a row was lost. */
function firstGap(rows: StoredRow[]): string | undefined {
  const keys = new Set(rows.map(({ rowKey }) => rowKey));
  const missing = Array.from({ length: rows.length }, (_, index) => historyRowKey(index));
  return missing.find((key) => !keys.has(key));
}

/** The rows from the first up to the last OrchestratorCompleted, without a gap. */
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

function lastValue(rows: StoredRow[], column: string, none?: string): string | null {
  const value = rows.findLast((row) => typeof row[column] === "string")?.[column];
  return typeof value === "string" && value !== none ? value : null;
}
