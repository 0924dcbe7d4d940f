import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { TERMINAL_STATUSES } from "../../../host/durable/task-hub.js";
import type { ItemRecord } from "../../../src/domain/item-record.js";
import { type Row, TableConflict, type Tables } from "../../../src/store/tables/port.js";
import { HUB_ROWS, type Poison } from "../evidence.js";
import type { Random } from "../random.js";
import type { MishapOf } from "../generators/faults.js";
import type { SpoilableHistory, SpoiltRow } from "./corruptible-history.js";
import type { Journal } from "./tables.js";

type Mishap = MishapOf<"poison">;

/** A row that is spoilt, and how it comes right again. */
export interface Spoilt {
  poison: Poison;
  /** Brings back what stood there, unless the row is gone or somebody wrote it meanwhile, which is noted. */
  mend(): Promise<void>;
  isSpoilt(): Promise<boolean>;
  /** Whether somebody tried to read it, or will when he is asked for it. */
  isMet(): boolean;
}

/** Where a row is, and what it belongs to. */
interface Place {
  table: string;
  row: Row;
  of: string;
}

interface PoisonerOptions {
  clock: VirtualClock;
  tables: Tables;
  history: SpoilableHistory;
  journal: Journal;
  random: Random;
  worldId: string;
  /** Told of each row; it is to come right again after so long. */
  found(spoilt: Spoilt, forMs: number): void;
}

/** Damages stored rows, as a disk or a careless hand would, behind the back of every host. */
export class Poisoner {
  readonly #options: PoisonerOptions;

  constructor(options: PoisonerOptions) {
    this.#options = options;
  }

  /** Spoils a row of the kind, if there is one. `subject` is the instance that was written to just now, at the hub. */
  async strike(mishap: Mishap, subject: string): Promise<void> {
    const spoilt = await this.#spoil(mishap, this.#options.random.fork(mishap.id), subject);
    if (spoilt) this.#options.found(spoilt, mishap.forMs);
  }

  #spoil(mishap: Mishap, random: Random, subject: string): Promise<Spoilt | undefined> {
    return HUB_ROWS.has(mishap.what) ? this.#spoilHub(mishap, random, subject) : this.#spoilTable(mishap, random);
  }

  async #spoilHub(mishap: Mishap, random: Random, subject: string): Promise<Spoilt | undefined> {
    const { history } = this.#options;
    const instance = await history.readInstance(subject).catch(() => undefined);
    if (!instance || TERMINAL_STATUSES.has(instance.runtimeStatus)) return undefined;
    const of = await this.#rootOf(subject);
    const row = await this.#hubRow(mishap, random, subject);
    if (!row) return undefined;
    // Only the history of a child knows what it did to its items: it is mended, whatever was drawn.
    const remedy = of === subject ? mishap.remedy : "mend";
    return {
      poison: this.#poison({ ...mishap, remedy }, { row: row.name, of, instanceId: subject }),
      isSpoilt: async () => history.isSpoilt(row),
      isMet: () => history.isMet(row),
      mend: async () => history.mend(row),
    };
  }

  async #hubRow({ what }: Mishap, random: Random, instanceId: string): Promise<SpoiltRow | undefined> {
    const { history } = this.#options;
    if (what === "instance") return history.spoilInstance(instanceId);
    if (what === "message") {
      const keys = (await history.readInbox()).messages.get(instanceId)?.map(({ key }) => key) ?? [];
      return keys.length === 0 ? undefined : history.spoilMessage(instanceId, random.pick(keys));
    }
    const rows = (await history.readExecution(instanceId).catch(() => undefined))?.events.length ?? 0;
    return rows === 0 ? undefined : history.spoilHistory(instanceId, random.int(0, rows - 1));
  }

  /** The execution that an instance, or a child of a child of it, tells of. */
  async #rootOf(instanceId: string): Promise<string> {
    const instance = await this.#options.history.readInstance(instanceId).catch(() => undefined);
    const parent = instance?.parentInstanceId;
    return parent === undefined || parent === null ? instanceId : this.#rootOf(parent);
  }

  async #spoilTable(mishap: Mishap, random: Random): Promise<Spoilt | undefined> {
    const { tables } = this.#options;
    const places = await this.#placesOf(mishap);
    if (places.length === 0) return undefined;
    const { table: name, row, of } = random.pick(places);
    const { partition, row: key, schema, json, etag } = row;
    const table = tables.table(name);
    const write = (text: string, over: string) =>
      table.transact(partition, [{ kind: "replace", row: key, schema, json: text, etag: over }]);
    const spoiltTag = await write(json.slice(0, Math.floor(json.length / 2)), etag).then(
      ([tag = ""]) => tag,
      orChanged,
    );
    if (spoiltTag === undefined) return undefined;
    const poison = this.#poison(mishap, { row: `${partition}/${key}`, of, instanceId: null });
    return {
      poison,
      isSpoilt: async () => (await table.get(partition, key))?.etag === spoiltTag,
      isMet: () => true,
      mend: async () => {
        try {
          await write(json, spoiltTag);
        } catch (error) {
          if (!(error instanceof TableConflict)) throw error;
          poison.overwritten = error.reason === "changed";
        }
      },
    };
  }

  /** Rows of the kind that would be missed: those of what is under way, if there are any. */
  async #placesOf({ what }: Mishap): Promise<Place[]> {
    const { worldId, journal } = this.#options;
    switch (what) {
      case "execution": {
        const rows = [...journal.running].map((id) => this.#rowsOf("Executions", id));
        const all = (await Promise.all(rows)).flat().filter(({ row }) => row === "record");
        return all.map((row) => ({ table: "Executions", row, of: row.partition }));
      }
      case "plan":
        return (await this.#rowsOf("Plans", "plans")).map((row) => ({ table: "Plans", row, of: row.row }));
      case "item": {
        const rows = await this.#rowsOf("Items", worldId);
        const held = rows.filter(({ json }) => heldIn(json));
        return (held.length > 0 ? held : rows).map((row) => ({ table: "Items", row, of: row.row }));
      }
      default: {
        const rows = (await Promise.all(this.#shards().map((shard) => this.#rowsOf("Estate", shard)))).flat();
        const items = rows.filter(({ row }) => row.startsWith(STATE));
        return items.map((row) => ({ table: "Estate", row, of: row.row.slice(STATE.length) }));
      }
    }
  }

  async #rowsOf(table: string, partition: string): Promise<Row[]> {
    const page = await this.#options.tables.table(table).list(partition, { limit: Number.MAX_SAFE_INTEGER });
    return page.rows.filter(({ json }) => isReadable(json));
  }

  /** Where the machines of the newest load are. */
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

  #poison({ what, remedy }: Mishap, row: Pick<Poison, "row" | "of" | "instanceId">): Poison {
    const atMs = this.#options.clock.now();
    return {
      ...{ atMs, kind: "poison", what, ...row, remedy },
      ...{ answer: null, askedMs: null, shown: null, standing: [], remediedMs: null, overwritten: false },
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

/** A row that somebody changed in the same moment stays whole. */
function orChanged(error: unknown): undefined {
  if (!(error instanceof TableConflict)) throw error;
}
