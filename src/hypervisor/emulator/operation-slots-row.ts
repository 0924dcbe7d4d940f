import { decode, encode } from "../../store/tables/codec.js";
import type { Table } from "../../store/tables/port.js";
import { updateWithRetry } from "../../store/update-with-retry.js";
import { EMPTY_SLOTS, SLOTS, type Slots } from "./operation-slots.js";
import type { WorldHeader } from "./state.js";
import { partitionOfSites } from "./world-rows.js";

/** The row has few writers. Each lost race means that another writer succeeded. */
const MAX_ATTEMPTS = 50;
const ROW = "operation-slots";

/** The row as it was last read or written. It has no ETag before its first write. */
interface CachedRow {
  partition: string;
  slots: Slots;
  etag: string | null;
}

/** What to write and to answer. Null when a cached row is not enough to decide. */
type Decision<T> = { slots: Slots; answer: T } | null;

/** The slots of each world, in one row that every process changes. */
export interface SlotsRow {
  /** The cached slots, or the stored ones when this process has none cached. */
  read(header: WorldHeader): Promise<Slots>;
  /** Decides on the cached slots, or on the stored ones when the cache is empty or outdated, and writes the result. */
  change<T>(header: WorldHeader, decide: (slots: Slots, isFresh: boolean) => Decision<T>): Promise<T>;
}

export function createSlotsRow(table: Table): SlotsRow {
  const cache = new Map<string, CachedRow>();

  const cachedRow = (header: WorldHeader): CachedRow | undefined => {
    const row = cache.get(header.worldId);
    return row?.partition === partitionOfSites(header) ? row : undefined;
  };

  const readRow = async (partition: string): Promise<CachedRow> => {
    const row = await table.get(partition, ROW);
    if (row === null) return { partition, slots: EMPTY_SLOTS, etag: null };
    return { partition, slots: decode(SLOTS, row), etag: row.etag };
  };

  const write = async ({ worldId }: WorldHeader, { partition, etag }: CachedRow, slots: Slots): Promise<void> => {
    const columns = encode(SLOTS, ROW, slots);
    cache.delete(worldId);
    const [written = ""] = await table.transact(partition, [
      etag === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag },
    ]);
    cache.set(worldId, { partition, slots, etag: written });
  };

  return {
    read: async (header) => (cachedRow(header) ?? (await readRow(partitionOfSites(header)))).slots,
    change: (header, decide) => {
      let cached = cachedRow(header);
      const readAndDecide = async () => {
        const known = cached;
        cached = undefined;
        const early = known && decide(known.slots, false);
        if (early) return { row: known, ...early };
        const row = await readRow(partitionOfSites(header));
        const decision = decide(row.slots, true);
        if (decision === null) throw new Error("a fresh row is always enough to decide");
        return { row, ...decision };
      };
      return updateWithRetry(
        readAndDecide,
        ({ row, slots, answer }) => ({ answer, write: () => write(header, row, slots) }),
        MAX_ATTEMPTS,
      );
    },
  };
}
