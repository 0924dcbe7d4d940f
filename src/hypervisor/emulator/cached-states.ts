import type { RecoveryError } from "../../domain/errors.js";
import { type Codec, decode, encode } from "../../store/tables/codec.js";
import type { Row, RowOperation, Table } from "../../store/tables/port.js";
import { type EmulatedEntity, LEDGER, type WorldHeader } from "./state.js";
import { stateRow } from "./world-rows.js";
import type { Worlds } from "./worlds.js";

/** A ledger of this length moves to a row of its own, so that the row of the state stays small. */
const LEDGER_PAGE = 32;
/** States in the cache, which saves a read when operations on an item follow one another. */
const MAX_CACHED = 1_000;

export const ledgerPrefix = (id: string): string => `ledger:${id}:`;

/** A state as it was last read or written. */
export interface CachedState<S> {
  state: S;
  partition: string;
  etag: string;
}

/** Writes a state. A full ledger moves to a row of its own in the same transaction. */
async function write<S extends EmulatedEntity>(
  table: Table,
  codec: Codec<S>,
  current: CachedState<S>,
  changed: S,
): Promise<CachedState<S>> {
  const [first] = changed.ledger;
  const full = first !== undefined && changed.ledger.length >= LEDGER_PAGE;
  const revision = current.state.revision + 1;
  const state = { ...changed, revision, ...(full && { ledger: [] }) };
  const operations: RowOperation[] = [
    { kind: "replace", ...encode(codec, stateRow(state.id), state), etag: current.etag },
  ];
  if (full) {
    const page = `${ledgerPrefix(state.id)}${String(first.sequence).padStart(10, "0")}`;
    operations.push({ kind: "insert", ...encode(LEDGER, page, changed.ledger) });
  }
  const [etag = ""] = await table.transact(current.partition, operations);
  return { ...current, state, etag };
}

/** How the states of a kind are stored. */
export interface StoredKind<S extends EmulatedEntity> {
  codec: Codec<S>;
  partition: (header: WorldHeader, id: string) => string;
  missing: (worldId: string, id: string) => RecoveryError;
}

/** The rows of states, and those that this process has read or written lately. */
export function createCachedStates<S extends EmulatedEntity>(table: Table, worlds: Worlds, kind: StoredKind<S>) {
  const rowOf = async (header: WorldHeader, id: string): Promise<Row> => {
    const row = await table.get(kind.partition(header, id), stateRow(id));
    if (row !== null) return row;
    worlds.forget(header.worldId);
    throw kind.missing(header.worldId, id);
  };

  const cache = new Map<string, CachedState<S>>();

  const keyOf = (header: WorldHeader, id: string): string => `${kind.partition(header, id)}/${id}`;

  const store = (key: string, current: CachedState<S>): void => {
    cache.delete(key);
    cache.set(key, current);
    const [oldest] = cache.keys();
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  };

  const readFresh = async (header: WorldHeader, id: string): Promise<CachedState<S>> => {
    const row = await rowOf(header, id);
    return { state: decode(kind.codec, row), partition: row.partition, etag: row.etag };
  };

  /** Writes a changed state, and forgets the cached one when another writer was first. */
  const save = async (key: string, current: CachedState<S>, state: S): Promise<void> => {
    try {
      store(key, await write(table, kind.codec, current, state));
    } catch (error) {
      cache.delete(key);
      throw error;
    }
  };

  const cached = (key: string): CachedState<S> | undefined => cache.get(key);
  const forget = (key: string): boolean => cache.delete(key);
  return { keyOf, cached, forget, rowOf, readFresh, save };
}

export type CachedStates<S extends EmulatedEntity> = ReturnType<typeof createCachedStates<S>>;
