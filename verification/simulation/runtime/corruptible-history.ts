import { EVENT_TYPE_NAMES } from "../../../host/durable/history.js";
import { fromColumns, toColumns } from "../../../host/durable/store/history-rows.js";
import { instanceColumns, instanceFromRow, standIn } from "../../../host/durable/store/instance-rows.js";
import { historyRowKey, partitionKeyOf } from "../../../host/durable/store/keys.js";
import { MemoryHistoryStore } from "../../../host/durable/store/memory-store.js";
import {
  type Commit,
  type InboxMessage,
  type StoredExecution,
  type StoredInbox,
  type StoredInstance,
  UnreadableError,
} from "../../../host/durable/store/port.js";
import type { InstanceFilter, InstancePage } from "../../../host/durable/task-hub.js";

const HUB = "Simulation";

/** A corrupted row of the hub. Its name is the one that the host uses. */
export type CorruptedHubRow = { instanceId: string; name: string } & (
  | { kind: "history"; index: number }
  | { kind: "instance" }
  | { kind: "message"; key: string }
);

/**
 * The hub in memory, with rows in which a column is damaged. It reports them as the hub in Table Storage does, with the
 * same code that reads the columns.
 */
export class CorruptibleHistory extends MemoryHistoryStore {
  readonly #corrupted = new Set<CorruptedHubRow>();
  /** Corrupted rows of histories that a host tried to read. */
  readonly #observed = new Set<CorruptedHubRow>();

  corruptHistory(instanceId: string, index: number): CorruptedHubRow {
    const name = `row '${historyRowKey(index)}' of '${instanceId}' in table ${HUB}History`;
    return this.#markCorrupt({ kind: "history", instanceId, index, name });
  }

  corruptInstance(instanceId: string): CorruptedHubRow {
    return this.#markCorrupt({
      kind: "instance",
      instanceId,
      name: `the row of '${instanceId}' in table ${HUB}Instances`,
    });
  }

  corruptMessage(instanceId: string, key: string): CorruptedHubRow {
    return this.#markCorrupt({
      ...{ kind: "message", instanceId, key },
      name: `row '${key}' of '${instanceId}' in table ${HUB}Inbox`,
    });
  }

  #markCorrupt(row: CorruptedHubRow): CorruptedHubRow {
    this.#corrupted.add(row);
    return row;
  }

  /** Restores the row. */
  repair(row: CorruptedHubRow): void {
    this.#corrupted.delete(row);
  }

  /** Whether a host can know of it. A host that has an instance in memory does not read its history. */
  isObservable(row: CorruptedHubRow): boolean {
    return row.kind !== "history" || this.#observed.has(row);
  }

  isCorrupt(row: CorruptedHubRow): boolean {
    return this.#corrupted.has(row);
  }

  #find<K extends CorruptedHubRow["kind"]>(kind: K, instanceId: string): Extract<CorruptedHubRow, { kind: K }>[] {
    return [...this.#corrupted].filter(
      (row): row is Extract<CorruptedHubRow, { kind: K }> => row.kind === kind && row.instanceId === instanceId,
    );
  }

  #forget(gone: (row: CorruptedHubRow) => boolean): void {
    for (const row of [...this.#corrupted].filter(gone)) this.#corrupted.delete(row);
  }

  override async createInstance(instance: StoredInstance): Promise<StoredInstance | undefined> {
    const existing = await super.createInstance(instance);
    return existing && this.#read(existing);
  }

  override async replaceInstance(instance: StoredInstance): Promise<void> {
    await super.replaceInstance(instance);
    this.#forget(({ instanceId }) => instanceId === instance.instanceId);
  }

  override async readInstance(instanceId: string): Promise<StoredInstance | undefined> {
    const instance = await super.readInstance(instanceId);
    return instance && this.#read(instance);
  }

  override async listInstances(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage> {
    const page = await super.listInstances(filter, top, continuation);
    return { ...page, instances: page.instances.map((instance) => this.#shownInstance(instance as StoredInstance)) };
  }

  override async purge(instanceId: string): Promise<void> {
    await super.purge(instanceId);
    this.#forget((row) => row.instanceId === instanceId);
  }

  override async commit(commit: Commit): Promise<void> {
    await super.commit(commit);
    const { instanceId, firstRow, events } = commit;
    const isWritten = (index: number): boolean => index >= firstRow && index < firstRow + events.length;
    this.#forget((row) => row.kind === "history" && row.instanceId === instanceId && isWritten(row.index));
  }

  override async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    const execution = await super.readExecution(instanceId);
    for (const corrupted of this.#find("history", instanceId)) {
      const { index, name } = corrupted;
      this.#observed.add(corrupted);
      const row = execution?.events[index];
      if (!row || !execution) continue;
      const columns = {
        ...toColumns(row.event, execution.executionId),
        EventType: `${EVENT_TYPE_NAMES[row.event.EventType]}?`,
      };
      unreadable(name, () => fromColumns(columns));
    }
    return execution;
  }

  override async deleteInbox(instanceId: string, keys: string[]): Promise<void> {
    await super.deleteInbox(instanceId, keys);
    this.#forget((row) => row.kind === "message" && row.instanceId === instanceId && keys.includes(row.key));
  }

  override async readInbox(): Promise<StoredInbox> {
    const inbox = await super.readInbox();
    for (const [instanceId, messages] of inbox.messages) {
      const [corrupted] = this.#find("message", instanceId);
      if (!corrupted) continue;
      inbox.unreadable.set(instanceId, new UnreadableError(corrupted.name, new Error("Unexpected end of JSON input")));
      const left = messages.filter(({ key }: InboxMessage) => key !== corrupted.key);
      if (left.length > 0) inbox.messages.set(instanceId, left);
      else inbox.messages.delete(instanceId);
    }
    return inbox;
  }

  #read(instance: StoredInstance): StoredInstance {
    const [corrupted] = this.#find("instance", instance.instanceId);
    if (!corrupted) return instance;
    const row = damagedColumns(instance);
    return unreadable(
      corrupted.name,
      () => instanceFromRow(row, null, null),
      (reason) => standIn(row, reason),
    );
  }

  #shownInstance(instance: StoredInstance): StoredInstance {
    try {
      return this.#read(instance);
    } catch (error) {
      if (error instanceof UnreadableError && error.standIn) return error.standIn;
      throw error;
    }
  }
}

function unreadable<T>(name: string, read: () => T, shownInstance?: (reason: string) => StoredInstance): T {
  try {
    return read();
  } catch (error) {
    throw new UnreadableError(name, error, shownInstance);
  }
}

/** The columns of an instance's row as a host reads them, without the name of its function. */
function damagedColumns(instance: StoredInstance): Record<string, unknown> {
  const { Name: _, ...columns } = instanceColumns(instance, HUB);
  const read = Object.entries(columns).map(([name, value]) => [
    name,
    typeof value === "object" ? new Date(value.value) : value,
  ]);
  return { ...Object.fromEntries(read), partitionKey: partitionKeyOf(instance.instanceId) };
}
