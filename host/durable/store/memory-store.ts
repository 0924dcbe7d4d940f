import { type InstanceFilter, type InstancePage, type InstanceState, TERMINAL_STATUSES } from "../task-hub.js";
import {
  type Commit,
  type HistoryStore,
  HubLostError,
  type InboxMessage,
  OutdatedError,
  type StoredEvent,
  type StoredExecution,
  type StoredInbox,
  type StoredInstance,
  type Unfinished,
} from "./port.js";

interface Partition {
  /** The id of the newest commit. */
  commitId: string;
  executionId: string;
  startId: string;
  rows: StoredEvent[];
  customStatus: string | null;
  inboxThrough: string;
}

/** Copies of rows. They are shallow, because deeper values, such as the parent of an instance, never change. */
const copyEvents = (rows: readonly StoredEvent[]): StoredEvent[] =>
  rows.map(({ event, taskInput }) => ({ event: { ...event }, taskInput }));
const copyInstance = (instance: StoredInstance): StoredInstance => ({ ...instance });

/**
 * A task hub in memory, for tests and simulations. It copies everything that goes in or out, as a storage would, so
 * that no caller shares an object with it by mistake.
 */
export class MemoryHistoryStore implements HistoryStore {
  outages = 0;
  readonly #instances = new Map<string, StoredInstance>();
  readonly #histories = new Map<string, Partition>();
  readonly #inboxes = new Map<string, Map<string, InboxMessage>>();

  watch(): () => void {
    return () => undefined;
  }

  async open(): Promise<void> {}

  async createInstance(instance: StoredInstance): Promise<StoredInstance | undefined> {
    const existing = this.#instances.get(instance.instanceId);
    if (existing && existing.startId !== instance.startId) return copyInstance(existing);
    if (!existing) this.#instances.set(instance.instanceId, copyInstance(instance));
    return undefined;
  }

  async replaceInstance(instance: StoredInstance): Promise<void> {
    this.#instances.set(instance.instanceId, copyInstance(instance));
    this.#histories.delete(instance.instanceId);
    this.#inboxes.delete(instance.instanceId);
  }

  async updateInstance(instance: StoredInstance): Promise<void> {
    const present = this.#instances.get(instance.instanceId);
    if (present?.startId !== instance.startId || TERMINAL_STATUSES.has(present.runtimeStatus)) return;
    this.#instances.set(instance.instanceId, copyInstance(instance));
  }

  async readInstance(instanceId: string): Promise<StoredInstance | undefined> {
    const instance = this.#instances.get(instanceId);
    return instance && copyInstance(instance);
  }

  async listInstances(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage> {
    const all = [...this.#instances.values()]
      .filter((instance) => matchesFilter(instance, filter))
      .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
    const from = continuation === undefined ? 0 : all.findIndex((instance) => instance.instanceId >= continuation);
    const page = from < 0 ? [] : all.slice(from, from + top);
    const next = from < 0 ? undefined : all[from + top];
    return { instances: page.map(copyInstance), ...(next ? { continuation: next.instanceId } : {}) };
  }

  async unfinishedInstances(): Promise<Unfinished[]> {
    return [...this.#instances.values()]
      .filter(({ runtimeStatus }) => !TERMINAL_STATUSES.has(runtimeStatus))
      .map(({ instanceId, name, version, parent }) => ({ instanceId, name, version, isChild: parent !== null }));
  }

  async purge(instanceId: string): Promise<void> {
    this.#instances.delete(instanceId);
    this.#histories.delete(instanceId);
    this.#inboxes.delete(instanceId);
  }

  async commit(commit: Commit): Promise<void> {
    const present = this.#histories.get(commit.instanceId);
    const kept = present?.executionId === commit.executionId ? present : undefined;
    if ((kept?.rows.length ?? 0) > commit.firstRow && commit.firstRow >= commit.overwriteBelow) {
      if (kept?.commitId === commit.commitId) return;
      throw new HubLostError(`another host has written the history of '${commit.instanceId}'`);
    }
    if (commit.outagesAtStart !== undefined && commit.outagesAtStart !== this.outages) throw new OutdatedError();
    const rows = kept?.rows ?? [];
    rows.length = commit.firstRow;
    rows.push(...copyEvents(commit.events));
    this.#histories.set(commit.instanceId, {
      commitId: commit.commitId,
      executionId: commit.executionId,
      startId: commit.startId,
      rows,
      customStatus: commit.customStatus === undefined ? (kept?.customStatus ?? null) : commit.customStatus,
      inboxThrough: commit.inboxThrough ?? kept?.inboxThrough ?? "",
    });
  }

  async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    const partition = this.#histories.get(instanceId);
    if (!partition) return undefined;
    const { executionId, startId, rows, customStatus, inboxThrough } = partition;
    return { executionId, startId, events: copyEvents(rows), customStatus, inboxThrough, rowsPresent: rows.length };
  }

  async appendInbox(instanceId: string, messages: InboxMessage[]): Promise<void> {
    const inbox = this.#inboxes.get(instanceId) ?? new Map<string, InboxMessage>();
    for (const message of messages) inbox.set(message.key, structuredClone(message));
    this.#inboxes.set(instanceId, inbox);
  }

  async deleteInbox(instanceId: string, keys: string[]): Promise<void> {
    for (const key of keys) this.#inboxes.get(instanceId)?.delete(key);
  }

  async readInbox(): Promise<StoredInbox> {
    const messages = new Map<string, InboxMessage[]>();
    for (const [instanceId, inbox] of this.#inboxes) {
      if (inbox.size > 0) messages.set(instanceId, structuredClone([...inbox.values()]));
    }
    return { messages, unreadable: new Map() };
  }
}

function matchesFilter(instance: InstanceState, filter: InstanceFilter): boolean {
  if (filter.instanceIdPrefix && !instance.instanceId.startsWith(filter.instanceIdPrefix)) return false;
  if (filter.createdFromMs !== undefined && instance.createdMs < filter.createdFromMs) return false;
  if (filter.createdToMs !== undefined && instance.createdMs > filter.createdToMs) return false;
  return !filter.runtimeStatus?.length || filter.runtimeStatus.includes(instance.runtimeStatus);
}
