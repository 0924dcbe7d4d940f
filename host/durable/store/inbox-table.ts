import { odata, type TableClient, type TransactionAction } from "@azure/data-tables";
import { EVENT_TYPE_NAMES, type HistoryEvent } from "../history.js";
import { instanceIdOf, partitionKeyOf } from "./keys.js";
import { isLarge, type LargeValues } from "./large-values.js";
import { type InboxMessage, type StoredInbox, UnreadableError } from "./port.js";
import { httpStatus, isTransient, type TransientFaults } from "./transient-faults.js";
import { transactionChunks } from "./wire.js";
import type { Witnesses } from "./witnesses.js";

const MAX_DELETES_PER_TRANSACTION = 100;

type InboxRow = {
  partitionKey: string;
  rowKey: string;
  Event: string;
  EventBlobName?: string;
};

/** The messages of clients between their acknowledgement and the episode that takes them. It is nearly always empty. */
export class InboxTable {
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

  async append(instanceId: string, messages: InboxMessage[]): Promise<void> {
    const rows = await Promise.all(messages.map((message) => this.#toRow(partitionKeyOf(instanceId), message)));
    for (const chunk of transactionChunks(rows)) await this.#write(chunk);
    for (const { partitionKey, rowKey } of rows) this.#witnesses.add({ table: this.#table, partitionKey, rowKey });
  }

  async #write(rows: InboxRow[]): Promise<void> {
    const [only] = rows;
    if (only && rows.length === 1) {
      await this.#faults.withRetry("write a message", () => this.#table.upsertEntity(only, "Replace"));
    } else {
      const actions = rows.map((row): TransactionAction => ["upsert", row, "Replace"]);
      await this.#faults.withRetry("write messages", () => this.#table.submitTransaction(actions));
    }
  }

  async delete(instanceId: string, keys: string[]): Promise<void> {
    const partitionKey = partitionKeyOf(instanceId);
    for (const key of keys) this.#witnesses.forget(this.#table, partitionKey, key);
    for (let from = 0; from < keys.length; from += MAX_DELETES_PER_TRANSACTION) {
      await this.#deleteSome(partitionKey, keys.slice(from, from + MAX_DELETES_PER_TRANSACTION));
    }
  }

  /** In one transaction, or one by one when some are already deleted. */
  async #deleteSome(partitionKey: string, keys: string[]): Promise<void> {
    const actions = keys.map((rowKey): TransactionAction => ["delete", { partitionKey, rowKey }]);
    try {
      if (keys.length > 1)
        await this.#faults.withRetry("delete messages", () => this.#table.submitTransaction(actions));
      else
        for (const key of keys)
          await this.#faults.withRetry("delete a message", () => this.#table.deleteEntity(partitionKey, key));
    } catch (error) {
      if (httpStatus(error) !== 404) throw error;
      if (keys.length > 1) for (const key of keys) await this.#deleteSome(partitionKey, [key]);
    }
  }

  async deleteAll(instanceId: string): Promise<void> {
    const filter = odata`PartitionKey eq ${partitionKeyOf(instanceId)}`;
    const keys: string[] = [];
    for await (const row of this.#table.listEntities({
      queryOptions: { filter, select: ["PartitionKey", "RowKey"] },
    })) {
      keys.push(String(row.rowKey));
    }
    await this.delete(instanceId, keys);
  }

  async readAll(): Promise<StoredInbox> {
    return this.#faults.withRetry("read the inbox", async () => {
      const inbox: StoredInbox = { messages: new Map(), unreadable: new Map() };
      for await (const row of this.#table.listEntities<InboxRow>()) {
        const instanceId = instanceIdOf(row.partitionKey);
        try {
          const messages = inbox.messages.get(instanceId) ?? [];
          messages.push({ key: row.rowKey, event: await this.#readEvent(row) });
          inbox.messages.set(instanceId, messages);
        } catch (error) {
          if (isTransient(error)) throw error;
          const name = `row '${row.rowKey}' of '${instanceId}' in table ${this.#table.tableName}`;
          inbox.unreadable.set(instanceId, new UnreadableError(name, error));
        }
      }
      return inbox;
    });
  }

  async #readEvent(row: InboxRow): Promise<HistoryEvent> {
    const text = row.EventBlobName ? await this.#large.get(row.EventBlobName) : row.Event;
    const event = JSON.parse(text) as Partial<HistoryEvent> | null;
    if (typeof event?.EventType !== "number" || EVENT_TYPE_NAMES[event.EventType] === undefined) {
      throw new Error("it holds no event of a kind that this version knows");
    }
    return event as HistoryEvent;
  }

  async #toRow(partitionKey: string, { key, event }: InboxMessage): Promise<InboxRow> {
    const text = JSON.stringify(event);
    if (!isLarge(text)) return { partitionKey, rowKey: key, Event: text };
    const name = await this.#large.put(partitionKey, `inbox-${key}-Event`, text);
    return { partitionKey, rowKey: key, Event: "", EventBlobName: name };
  }
}
