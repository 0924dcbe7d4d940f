import { decode, encode } from "../../store/tables/codec.js";
import { type Table, TableConflict } from "../../store/tables/port.js";
import { NO_PLACES, PLACES, type Places } from "./places.js";
import type { WorldHeader } from "./state.js";
import { partitionOfSites } from "./world-rows.js";

/** Writers of one row are few; each loss of a race means that another one got on. */
const MOST_TRIES = 50;
const ROW = "places";

/** The row as it was read or written last; one that is not there yet has no ETag. */
interface Held {
  partition: string;
  places: Places;
  etag: string | null;
}

/** What is to be written and answered; null when only the row itself can tell. */
type Decision<T> = { places: Places; answer: T } | null;

/** The places of each world: one row that every process changes. */
export interface PlacesRow {
  /** As this process saw it last, or as it is when it has not seen it. */
  seen(header: WorldHeader): Promise<Places>;
  /** Decides on what is remembered of the row, or on what it says when that is out of date, and writes it. */
  change<T>(header: WorldHeader, decide: (places: Places, isFresh: boolean) => Decision<T>): Promise<T>;
}

export function createPlacesRow(table: Table): PlacesRow {
  const known = new Map<string, Held>();

  const remembered = (header: WorldHeader): Held | undefined => {
    const held = known.get(header.worldId);
    return held?.partition === partitionOfSites(header) ? held : undefined;
  };

  const read = async (partition: string): Promise<Held> => {
    const row = await table.get(partition, ROW);
    if (row === null) return { partition, places: NO_PLACES, etag: null };
    return { partition, places: decode(PLACES, row), etag: row.etag };
  };

  const write = async ({ worldId }: WorldHeader, { partition, etag }: Held, places: Places): Promise<void> => {
    const columns = encode(PLACES, ROW, places);
    const [written = ""] = await table.transact(partition, [
      etag === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag },
    ]);
    known.set(worldId, { partition, places, etag: written });
  };

  return {
    seen: async (header) => (remembered(header) ?? (await read(partitionOfSites(header)))).places,
    change: async (header, decide) => {
      let held = remembered(header);
      for (let tries = 1; ; tries += 1) {
        const isFresh = held === undefined;
        const current: Held = held ?? (await read(partitionOfSites(header)));
        held = undefined;
        const decided = decide(current.places, isFresh);
        if (decided === null) continue;
        try {
          await write(header, current, decided.places);
          return decided.answer;
        } catch (error) {
          known.delete(header.worldId);
          if (!(error instanceof TableConflict) || tries === MOST_TRIES) throw error;
        }
      }
    },
  };
}
