import { TableClient } from "@azure/data-tables";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";
import type { InstanceFilter, InstancePage } from "../task-hub.js";
import { HistoryTable } from "./history-table.js";
import { InboxTable } from "./inbox-table.js";
import { InstanceTable } from "./instance-table.js";
import { partitionKeyOf } from "./keys.js";
import { LargeValues } from "./large-values.js";
import type {
  Commit,
  HistoryStore,
  InboxMessage,
  StoredExecution,
  StoredInbox,
  StoredInstance,
  Unfinished,
} from "./port.js";
import { httpStatus, TransientFaults } from "./transient-faults.js";
import { asciiBodyPolicy } from "./wire.js";
import { Witnesses } from "./witnesses.js";

/** A task hub in Azure Table Storage, or in Azurite. */
export class TableHistoryStore implements HistoryStore {
  readonly #tables: TableClient[];
  readonly #faults: TransientFaults;
  readonly #large: LargeValues;
  readonly #instances: InstanceTable;
  readonly #history: HistoryTable;
  readonly #inbox: InboxTable;
  readonly #witnesses = new Witnesses();

  constructor(options: {
    connectionString: string;
    hubName: string;
    clock: Clock;
    logger: Logger;
    /** Shared with other users of the same storage. Default: its own. */
    faults?: TransientFaults;
  }) {
    const { connectionString, hubName, clock, logger } = options;
    const openHubTable = (suffix: string): TableClient => openTable(connectionString, `${hubName}${suffix}`);
    const [instances, history, inbox] = [openHubTable("Instances"), openHubTable("History"), openHubTable("Inbox")];
    this.#tables = [instances, history, inbox];
    this.#faults = options.faults ?? new TransientFaults(clock, logger);
    this.#large = new LargeValues(connectionString, hubName, this.#faults);
    const [large, faults, witnesses] = [this.#large, this.#faults, this.#witnesses];
    this.#instances = new InstanceTable({ table: instances, large, faults, hubName, witnesses });
    this.#history = new HistoryTable(history, large, faults, witnesses);
    this.#inbox = new InboxTable(inbox, large, faults, witnesses);
  }

  get outages(): number {
    return this.#faults.outages;
  }

  watch(): () => void {
    return this.#faults.watch();
  }

  async open(): Promise<void> {
    await Promise.all([...this.#tables.map((table) => createTable(table, this.#faults)), this.#large.open()]);
  }

  /** Makes requests give up that wait for the storage. */
  close(): void {
    this.#faults.close();
  }

  /** Names a recently acknowledged row that the storage has lost; undefined when it has them all. */
  async findLost(): Promise<string | undefined> {
    const row = await this.#witnesses.findLost();
    return row && `row '${row.rowKey}' of '${row.partitionKey}' in table ${row.table.tableName}`;
  }

  createInstance(instance: StoredInstance): Promise<StoredInstance | undefined> {
    return this.#instances.create(instance);
  }

  async replaceInstance(instance: StoredInstance): Promise<void> {
    await this.#instances.replace(instance);
    await this.#history.deleteAll(instance.instanceId);
    await this.#inbox.deleteAll(instance.instanceId);
  }

  updateInstance(instance: StoredInstance): Promise<void> {
    return this.#instances.update(instance);
  }

  readInstance(instanceId: string): Promise<StoredInstance | undefined> {
    return this.#instances.read(instanceId);
  }

  listInstances(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage> {
    return this.#instances.list(filter, top, continuation);
  }

  unfinishedInstances(): Promise<Unfinished[]> {
    return this.#instances.unfinished();
  }

  async purge(instanceId: string): Promise<void> {
    await this.#history.deleteAll(instanceId);
    await this.#inbox.deleteAll(instanceId);
    await this.#large.deleteAll(partitionKeyOf(instanceId));
    await this.#instances.delete(instanceId);
  }

  commit(commit: Commit): Promise<void> {
    return this.#history.commit(commit);
  }

  readExecution(instanceId: string, startId?: string): Promise<StoredExecution | undefined> {
    return this.#history.read(instanceId, startId);
  }

  appendInbox(instanceId: string, messages: InboxMessage[]): Promise<void> {
    return this.#inbox.append(instanceId, messages);
  }

  deleteInbox(instanceId: string, keys: string[]): Promise<void> {
    return this.#inbox.delete(instanceId, keys);
  }

  readInbox(): Promise<StoredInbox> {
    return this.#inbox.readAll();
  }
}

export function openTable(connectionString: string, name: string): TableClient {
  const table = TableClient.fromConnectionString(connectionString, name, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  table.pipeline.addPolicy(asciiBodyPolicy);
  return table;
}

export async function createTable(table: TableClient, faults: TransientFaults): Promise<void> {
  await faults.withRetry("create a table", async () => {
    try {
      await table.createTable();
    } catch (error) {
      if (httpStatus(error) !== 409) throw error;
    }
  });
}
