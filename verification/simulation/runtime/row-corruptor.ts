/**
 * The row corruptor damages stored rows without the knowledge of any host. Its guarantees (row-corruptor.test.ts):
 *
 * C1. A corrupted row can't be decoded, and is written with a new ETag like any other write.
 * C2. A repair restores the row byte for byte, unless the row is gone or was overwritten. It never overwrites a newer
 *     row, and records that there was one.
 * C3. It corrupts only readable rows, so that a row never has two corruptions.
 * C4. It corrupts rows of the hub only for instances that have not ended, and always repairs the history of a child
 *     (simulation.test.ts: every seed comes to rest, I11; mutants.test.ts: I26 catches a product that hides such a row).
 */
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { TERMINAL_STATUSES } from "../../../host/durable/task-hub.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { type Row, TableConflict, type Tables } from "../../../src/store/tables/port.js";
import { HUB_ROWS, type RowCorruption } from "../evidence.js";
import type { FaultOf } from "../generators/faults.js";
import type { Random } from "../random.js";
import { seedLabel } from "../seed-labels.js";
import type { CorruptedHubRow, CorruptibleHistory } from "./corruptible-history.js";
import type { Journal } from "./tables.js";

type CorruptionFault = FaultOf<"row-corruption">;

/** A corrupted row, and how it is repaired. */
export interface CorruptionHandle {
  record: RowCorruption;
  /** Restores the row, unless it is gone or was overwritten in the meantime, which is recorded. */
  repair(): Promise<void>;
  isCorrupt(): Promise<boolean>;
  /** Whether a host tried to read it, or will read it when asked. */
  isObservable(): boolean;
}

/** A row and its owner. */
interface TargetRow {
  table: string;
  row: Row;
  ownerId: string;
}

interface RowCorruptorOptions {
  clock: VirtualClock;
  tables: Tables;
  history: CorruptibleHistory;
  journal: Journal;
  random: Random;
  worldId: string;
  /** Called for each corrupted row, with the time after which it is to be repaired. */
  onCorrupted(handle: CorruptionHandle, forMs: number): void;
}

/** Damages stored rows without the knowledge of any host, as a disk fault or a careless edit would. */
export class RowCorruptor {
  readonly #options: RowCorruptorOptions;

  constructor(options: RowCorruptorOptions) {
    this.#options = options;
  }

  /** Corrupts a row of the given kind, if there is one. `subject` is the instance at the hub that was just written. */
  async inject(fault: CorruptionFault, subject: string): Promise<void> {
    const handle = await this.#corrupt(fault, this.#options.random.fork(seedLabel(fault.id)), subject);
    if (handle) this.#options.onCorrupted(handle, fault.forMs);
  }

  #corrupt(fault: CorruptionFault, random: Random, subject: string): Promise<CorruptionHandle | undefined> {
    return HUB_ROWS.has(fault.what)
      ? this.#corruptHubRow(fault, random, subject)
      : this.#corruptTableRow(fault, random);
  }

  async #corruptHubRow(fault: CorruptionFault, random: Random, subject: string): Promise<CorruptionHandle | undefined> {
    const { history } = this.#options;
    const instance = await history.readInstance(subject).catch(() => undefined);
    if (!instance || TERMINAL_STATUSES.has(instance.runtimeStatus)) return undefined;
    const ownerId = await this.#rootOf(subject);
    const row = await this.#hubRow(fault, random, subject);
    if (!row) return undefined;
    // Only a child's history knows what it did to its items, so it is always repaired.
    const remedy = ownerId === subject ? fault.remedy : "repair";
    return {
      record: this.#record({ ...fault, remedy }, { row: row.name, ownerId, instanceId: subject }),
      isCorrupt: async () => history.isCorrupt(row),
      isObservable: () => history.isObservable(row),
      repair: async () => history.repair(row),
    };
  }

  async #hubRow({ what }: CorruptionFault, random: Random, instanceId: string): Promise<CorruptedHubRow | undefined> {
    const { history } = this.#options;
    if (what === "instance") return history.corruptInstance(instanceId);
    if (what === "message") {
      const keys = (await history.readInbox()).messages.get(instanceId)?.map(({ key }) => key) ?? [];
      return keys.length === 0 ? undefined : history.corruptMessage(instanceId, random.pick(keys));
    }
    const rows = (await history.readExecution(instanceId).catch(() => undefined))?.events.length ?? 0;
    return rows === 0 ? undefined : history.corruptHistory(instanceId, random.int(0, rows - 1));
  }

  /** The execution at the root of an instance's parents. */
  async #rootOf(instanceId: string): Promise<string> {
    const instance = await this.#options.history.readInstance(instanceId).catch(() => undefined);
    const parent = instance?.parentInstanceId;
    return parent === undefined || parent === null ? instanceId : this.#rootOf(parent);
  }

  async #corruptTableRow(fault: CorruptionFault, random: Random): Promise<CorruptionHandle | undefined> {
    const { tables } = this.#options;
    const targets = await this.#targetRows(fault);
    if (targets.length === 0) return undefined;
    const { table: name, row, ownerId } = random.pick(targets);
    const { partition, row: key, schema, json, etag } = row;
    const table = tables.table(name);
    const write = (text: string, over: string) =>
      table.transact(partition, [{ kind: "replace", row: key, schema, json: text, etag: over }]);
    const corruptedTag = await write(json.slice(0, Math.floor(json.length / 2)), etag).then(
      ([tag = ""]) => tag,
      orChanged,
    );
    if (corruptedTag === undefined) return undefined;
    const record = this.#record(fault, { row: `${partition}/${key}`, ownerId, instanceId: null });
    return {
      record,
      isCorrupt: async () => (await table.get(partition, key))?.etag === corruptedTag,
      isObservable: () => true,
      repair: async () => {
        try {
          await write(json, corruptedTag);
        } catch (error) {
          if (!(error instanceof TableConflict)) throw error;
          record.overwritten = error.reason === "changed";
        }
      },
    };
  }

  /** Candidate rows of the kind. Rows of running executions are preferred, because their loss is noticed. */
  async #targetRows({ what }: CorruptionFault): Promise<TargetRow[]> {
    const { worldId, journal } = this.#options;
    switch (what) {
      case "execution": {
        const rows = [...journal.running].map((id) => this.#rowsOf("Executions", id));
        const all = (await Promise.all(rows)).flat().filter(({ row }) => row === "record");
        return all.map((row) => ({ table: "Executions", row, ownerId: row.partition }));
      }
      case "plan":
        return (await this.#rowsOf("Plans", "plans")).map((row) => ({ table: "Plans", row, ownerId: row.row }));
      case "item": {
        const rows = await this.#rowsOf("Items", worldId);
        const held = rows.filter(({ json }) => heldIn(json));
        return (held.length > 0 ? held : rows).map((row) => ({ table: "Items", row, ownerId: row.row }));
      }
      default: {
        const rows = (await Promise.all(this.#shards().map((shard) => this.#rowsOf("Estate", shard)))).flat();
        const items = rows.filter(({ row }) => row.startsWith(STATE));
        return items.map((row) => ({ table: "Estate", row, ownerId: row.row.slice(STATE.length) }));
      }
    }
  }

  async #rowsOf(table: string, partition: string): Promise<Row[]> {
    const page = await this.#options.tables.table(table).list(partition, { limit: Number.MAX_SAFE_INTEGER });
    return page.rows.filter(({ json }) => isReadable(json));
  }

  /** The partitions that contain the machines of the newest load. */
  #shards(): string[] {
    const written = this.#options.journal.transactions.filter(({ table }) => table === "Estate");
    const partitions = new Set(written.map(({ partition }) => partition));
    const loads = [...partitions].map((partition) => Number(partition.split(":")[1] ?? 0));
    const newest = Math.max(...loads);
    return [...partitions].filter((partition) => {
      const [, load, shard] = partition.split(":");
      return Number(load) === newest && shard !== "sites";
    });
  }

  #record(
    { what, remedy }: CorruptionFault,
    row: Pick<RowCorruption, "row" | "ownerId" | "instanceId">,
  ): RowCorruption {
    const atMs = this.#options.clock.now();
    return {
      ...{ atMs, kind: "row-corruption", what, ...row, remedy },
      ...{ answer: null, observedMs: null, hubReason: null, suspended: [], repairedMs: null, overwritten: false },
    };
  }
}

const STATE = "state:";

function isReadable(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return json.startsWith("deflated:");
  }
}

const heldIn = (json: string): boolean => (JSON.parse(json) as ItemRecord).heldBy !== null;

/** A row that was changed at the same time stays intact. */
function orChanged(error: unknown): undefined {
  if (!(error instanceof TableConflict)) throw error;
}
