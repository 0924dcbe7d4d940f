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

/** Which row of the hub is spoilt, named as the host names it. */
export type SpoiltRow = { instanceId: string; name: string } & (
  | { kind: "history"; index: number }
  | { kind: "instance" }
  | { kind: "message"; key: string }
);

/**
 * The hub in memory, with rows of which a column is damaged: it then says what the hub in Table Storage says, by the
 * same code that reads its columns.
 */
export class SpoilableHistory extends MemoryHistoryStore {
  readonly #spoilt = new Set<SpoiltRow>();
  /** Rows of histories that somebody tried to read. */
  readonly #met = new Set<SpoiltRow>();

  spoilHistory(instanceId: string, index: number): SpoiltRow {
    const name = `row '${historyRowKey(index)}' of '${instanceId}' in table ${HUB}History`;
    return this.#spoil({ kind: "history", instanceId, index, name });
  }

  spoilInstance(instanceId: string): SpoiltRow {
    return this.#spoil({ kind: "instance", instanceId, name: `the row of '${instanceId}' in table ${HUB}Instances` });
  }

  spoilMessage(instanceId: string, key: string): SpoiltRow {
    return this.#spoil({
      ...{ kind: "message", instanceId, key },
      name: `row '${key}' of '${instanceId}' in table ${HUB}Inbox`,
    });
  }

  #spoil(row: SpoiltRow): SpoiltRow {
    this.#spoilt.add(row);
    return row;
  }

  /** Brings back what stood in the row. */
  mend(row: SpoiltRow): void {
    this.#spoilt.delete(row);
  }

  /** Whether anybody can know of it: a host that has an instance in memory does not read its history. */
  isMet(row: SpoiltRow): boolean {
    return row.kind !== "history" || this.#met.has(row);
  }

  isSpoilt(row: SpoiltRow): boolean {
    return this.#spoilt.has(row);
  }

  #find<K extends SpoiltRow["kind"]>(kind: K, instanceId: string): Extract<SpoiltRow, { kind: K }>[] {
    return [...this.#spoilt].filter(
      (row): row is Extract<SpoiltRow, { kind: K }> => row.kind === kind && row.instanceId === instanceId,
    );
  }

  #forget(gone: (row: SpoiltRow) => boolean): void {
    for (const row of [...this.#spoilt].filter(gone)) this.#spoilt.delete(row);
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
    return { ...page, instances: page.instances.map((instance) => this.#shown(instance as StoredInstance)) };
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
    for (const spoilt of this.#find("history", instanceId)) {
      const { index, name } = spoilt;
      this.#met.add(spoilt);
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
      const [spoilt] = this.#find("message", instanceId);
      if (!spoilt) continue;
      inbox.unreadable.set(instanceId, new UnreadableError(spoilt.name, new Error("Unexpected end of JSON input")));
      const left = messages.filter(({ key }: InboxMessage) => key !== spoilt.key);
      if (left.length > 0) inbox.messages.set(instanceId, left);
      else inbox.messages.delete(instanceId);
    }
    return inbox;
  }

  #read(instance: StoredInstance): StoredInstance {
    const [spoilt] = this.#find("instance", instance.instanceId);
    if (!spoilt) return instance;
    const row = damagedColumns(instance);
    return unreadable(
      spoilt.name,
      () => instanceFromRow(row, null, null),
      (reason) => standIn(row, reason),
    );
  }

  #shown(instance: StoredInstance): StoredInstance {
    try {
      return this.#read(instance);
    } catch (error) {
      if (error instanceof UnreadableError && error.standIn) return error.standIn;
      throw error;
    }
  }
}

function unreadable<T>(name: string, read: () => T, shown?: (reason: string) => StoredInstance): T {
  try {
    return read();
  } catch (error) {
    throw new UnreadableError(name, error, shown);
  }
}

/** The columns of an instance's row as they are read back, without the name of its function. */
function damagedColumns(instance: StoredInstance): Record<string, unknown> {
  const { Name: _, ...columns } = instanceColumns(instance, HUB);
  const read = Object.entries(columns).map(([name, value]) => [
    name,
    typeof value === "object" ? new Date(value.value) : value,
  ]);
  return { ...Object.fromEntries(read), partitionKey: partitionKeyOf(instance.instanceId) };
}
