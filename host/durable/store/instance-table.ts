import { odata, type TableClient } from "@azure/data-tables";
import { type InstanceFilter, type InstancePage, isRuntimeStatus, TERMINAL_STATUSES } from "../task-hub.js";
import type { Columns } from "./history-rows.js";
import { instanceColumns, instanceFromRow, projectionColumns, standIn } from "./instance-rows.js";
import { instanceIdOf, partitionKeyOf } from "./keys.js";
import { isLarge, type LargeValues } from "./large-values.js";
import { type StoredInstance, type Unfinished, UnreadableError } from "./port.js";
import { httpStatus, isTransient, type TransientFaults } from "./transient-faults.js";
import type { Witnesses } from "./witnesses.js";

type Row = Columns & { partitionKey: string; rowKey: string };

const isFinal = (status: string): boolean => isRuntimeStatus(status) && TERMINAL_STATUSES.has(status);

/** The instances table: one row per instance, with the columns of the genuine host. */
export class InstanceTable {
  readonly #table: TableClient;
  readonly #large: LargeValues;
  readonly #faults: TransientFaults;
  readonly #hubName: string;
  readonly #witnesses: Witnesses;
  /** The start id and ETag of each unfinished row, as this host last read or wrote it. */
  readonly #known = new Map<string, { startId: string; etag: string }>();

  constructor(options: {
    table: TableClient;
    large: LargeValues;
    faults: TransientFaults;
    hubName: string;
    witnesses: Witnesses;
  }) {
    this.#table = options.table;
    this.#large = options.large;
    this.#faults = options.faults;
    this.#hubName = options.hubName;
    this.#witnesses = options.witnesses;
  }

  /** Resolves with the row of another start that has the same id, if there is one. */
  async create(instance: StoredInstance): Promise<StoredInstance | undefined> {
    const row = {
      ...rowKeys(instance),
      ...instanceColumns(instance, this.#hubName),
      ...(await this.#values(instance)),
    };
    try {
      const { etag } = await this.#faults.withRetry("create an instance", () => this.#table.createEntity(row));
      this.#remember(instance, etag);
      this.#witnesses.add({ table: this.#table, ...rowKeys(instance) });
      return undefined;
    } catch (error) {
      if (httpStatus(error) !== 409) throw error;
      const existing = await this.read(instance.instanceId);
      if (!existing) return this.create(instance);
      return existing.startId === instance.startId ? undefined : existing;
    }
  }

  async replace(instance: StoredInstance): Promise<void> {
    const row = {
      ...rowKeys(instance),
      ...instanceColumns(instance, this.#hubName),
      ...(await this.#values(instance)),
    };
    const replaced = () => this.#table.upsertEntity(row, "Replace");
    const { etag } = await this.#faults.withRetry("replace an instance", replaced);
    this.#remember(instance, etag);
  }

  async update(instance: StoredInstance): Promise<void> {
    const row = { ...rowKeys(instance), ...projectionColumns(instance), ...(await this.#values(instance)) };
    const known = this.#known.get(instance.instanceId);
    let etag = known?.startId === instance.startId ? known.etag : await this.#unfinishedEtag(instance);
    while (etag !== undefined) etag = await this.#updateIfUnchanged(instance, row, etag);
  }

  /** Resolves with the ETag for another attempt, when another host has changed the row and the row is not final. */
  async #updateIfUnchanged(instance: StoredInstance, row: Row, etag: string): Promise<string | undefined> {
    try {
      const updated = () => this.#table.updateEntity(row, "Merge", { etag });
      this.#remember(instance, (await this.#faults.withRetry("update an instance", updated)).etag);
      return undefined;
    } catch (error) {
      if (httpStatus(error) === 412) return this.#unfinishedEtag(instance);
      if (httpStatus(error) !== 404) throw error;
      this.#known.delete(instance.instanceId);
      return undefined;
    }
  }

  /** The current ETag of the row; undefined when the row is gone, belongs to another start, or has a final status. */
  async #unfinishedEtag({ instanceId, startId }: StoredInstance): Promise<string | undefined> {
    const row = await this.#get(instanceId);
    if (row === undefined || (row["StartId"] ?? "") !== startId) return undefined;
    return isFinal(String(row["RuntimeStatus"])) ? undefined : row.etag;
  }

  #remember({ instanceId, startId, runtimeStatus }: StoredInstance, etag: string | undefined): void {
    if (etag === undefined || TERMINAL_STATUSES.has(runtimeStatus)) this.#known.delete(instanceId);
    else this.#known.set(instanceId, { startId, etag });
  }

  async read(instanceId: string): Promise<StoredInstance | undefined> {
    const row = await this.#get(instanceId);
    if (row === undefined) return undefined;
    const instance = await this.#toInstance(row);
    this.#remember(instance, row.etag);
    return instance;
  }

  async #get(instanceId: string) {
    try {
      const get = () => this.#table.getEntity(partitionKeyOf(instanceId), "");
      return await this.#faults.withRetry("read an instance", get);
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
      throw error;
    }
  }

  async list(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage> {
    const rows = await this.#query(conditions(filter, continuation), top + 1);
    const instances = await Promise.all(rows.slice(0, top).map((row) => this.#readOrStandIn(row)));
    const next = rows[top];
    return { instances, ...(next ? { continuation: instanceIdOf(String(next["partitionKey"])) } : {}) };
  }

  async unfinished(): Promise<Unfinished[]> {
    const terminal = [...TERMINAL_STATUSES].map((status) => odata`RuntimeStatus ne ${status}`).join(" and ");
    const rows = await this.#query(terminal, Number.POSITIVE_INFINITY);
    return rows.map((row) => ({
      instanceId: instanceIdOf(String(row["partitionKey"])),
      name: String(row["Name"] ?? ""),
      version: typeof row["Version"] === "string" ? row["Version"] : null,
      isChild: typeof row["Parent"] === "string",
    }));
  }

  async delete(instanceId: string): Promise<void> {
    this.#witnesses.forget(this.#table, partitionKeyOf(instanceId));
    this.#known.delete(instanceId);
    try {
      await this.#faults.withRetry("delete an instance", () =>
        this.#table.deleteEntity(partitionKeyOf(instanceId), ""),
      );
    } catch (error) {
      if (httpStatus(error) !== 404) throw error;
    }
  }

  async #query(filter: string, limit: number): Promise<Record<string, unknown>[]> {
    return this.#faults.withRetry("list instances", async () => {
      const rows: Record<string, unknown>[] = [];
      for await (const row of this.#table.listEntities({ queryOptions: filter === "" ? {} : { filter } })) {
        rows.push(row);
        if (rows.length >= limit) break;
      }
      return rows;
    });
  }

  /** Input and output. A large one goes to a blob, and the column holds the address of the blob. */
  async #values(instance: StoredInstance): Promise<Columns> {
    const columns: Columns = {};
    for (const [name, value] of [
      ["Input", instance.input],
      ["Output", instance.output],
    ] as const) {
      if (value === null) continue;
      columns[name] = isLarge(value) ? await this.#putLarge(instance, name, value) : value;
    }
    return columns;
  }

  async #putLarge(instance: StoredInstance, name: string, value: string): Promise<string> {
    return this.#large.url(
      await this.#large.put(partitionKeyOf(instance.instanceId), `instance-${instance.startId}-${name}`, value),
    );
  }

  async #toInstance(row: Record<string, unknown>): Promise<StoredInstance> {
    try {
      return instanceFromRow(row, await this.#fetch(row["Input"]), await this.#fetch(row["Output"]));
    } catch (error) {
      if (isTransient(error)) throw error;
      const instanceId = instanceIdOf(String(row["partitionKey"]));
      const name = `the row of '${instanceId}' in table ${this.#table.tableName}`;
      throw new UnreadableError(name, error, (reason) => standIn(row, reason));
    }
  }

  async #readOrStandIn(row: Record<string, unknown>): Promise<StoredInstance> {
    try {
      return await this.#toInstance(row);
    } catch (error) {
      if (error instanceof UnreadableError && error.standIn) return error.standIn;
      throw error;
    }
  }

  async #fetch(column: unknown): Promise<string | null> {
    if (typeof column !== "string") return null;
    const name = this.#large.nameFromUrl(column);
    return name === undefined ? column : this.#large.get(name);
  }
}

const rowKeys = (instance: StoredInstance) => ({ partitionKey: partitionKeyOf(instance.instanceId), rowKey: "" });

function conditions(filter: InstanceFilter, continuation?: string): string {
  const parts: string[] = [];
  if (filter.instanceIdPrefix) {
    const from = partitionKeyOf(filter.instanceIdPrefix);
    parts.push(odata`PartitionKey ge ${from} and PartitionKey lt ${`${from}\uffff`}`);
  }
  if (continuation !== undefined) parts.push(odata`PartitionKey ge ${partitionKeyOf(continuation)}`);
  if (filter.createdFromMs !== undefined) parts.push(odata`CreatedTime ge ${new Date(filter.createdFromMs)}`);
  if (filter.createdToMs !== undefined) parts.push(odata`CreatedTime le ${new Date(filter.createdToMs)}`);
  if (filter.runtimeStatus?.length) {
    parts.push(`(${filter.runtimeStatus.map((status) => odata`RuntimeStatus eq ${status}`).join(" or ")})`);
  }
  return parts.join(" and ");
}
