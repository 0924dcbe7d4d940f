import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { type Codec, decode, encode } from "../../store/tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "../../store/tables/port.js";
import type { LedgerEntry, TaskReply } from "../port.js";
import type { Admission } from "./admission.js";
import type { Seat, Stay } from "./places.js";
import { type EmulatedItem, type EmulatedSite, type Entry, ITEM, LEDGER, SITE, type WorldHeader } from "./state.js";
import {
  beginOrLook,
  type Call,
  type EmulatedReply,
  goneOn,
  holderOf,
  settle,
  stayOf,
  type TaskRules,
} from "./tasks.js";
import { partitionOfItem, partitionOfSites, stateRow } from "./world-rows.js";
import { emulatedMs, realMsOf, type Worlds } from "./worlds.js";

/** A ledger page is moved to a row of its own when it is this long, so that a state's row stays small. */
const LEDGER_PAGE = 32;
/** States kept in memory, so that one operation after the other on an item need not read it again. */
const MOST_REMEMBERED = 1_000;
/** Writers of one item are few; each loss of a race means that another one got on. */
const MOST_TRIES = 50;
const PAGE = 900;

/** Where a kind of subject is kept, and how its tasks behave. */
export interface Kind<S extends EmulatedItem | EmulatedSite> {
  codec: Codec<S>;
  rules: TaskRules<S>;
  partition: (header: WorldHeader, id: string) => string;
  missing: (worldId: string, id: string) => RecoveryError;
}

export const itemKind = (rules: TaskRules<EmulatedItem>): Kind<EmulatedItem> => ({
  codec: ITEM,
  rules,
  partition: partitionOfItem,
  missing: (worldId, id) => new RecoveryError("item-not-found", `world ${worldId} has no item ${id}`),
});

export const siteKind = (rules: TaskRules<EmulatedSite>): Kind<EmulatedSite> => ({
  codec: SITE,
  rules,
  partition: partitionOfSites,
  missing: (worldId, id) => new RecoveryError("not-found", `world ${worldId} has no site ${id}`),
});

export interface Subjects<S extends EmulatedItem | EmulatedSite> {
  run(worldId: string, id: string, call: Omit<Call, "nowMs" | "header">): Promise<TaskReply<unknown>>;
  ledger(worldId: string, id: string): Promise<LedgerEntry[]>;
  read(worldId: string, id: string): Promise<S>;
  /** Something that happens to it by itself, at the moment it is told. */
  change(worldId: string, id: string, happens: (state: S, atMs: number) => S): Promise<void>;
  /** What it is under now, with everything that has happened to it by itself; null when it is at rest. */
  stay(header: WorldHeader, id: string): Promise<Stay | null>;
}

const ledgerPrefix = (id: string): string => `ledger:${id}:`;

/** A state as it was read or written last. */
interface Held<S> {
  state: S;
  partition: string;
  etag: string;
}

/** Full ledgers are moved in the same transaction in which the state is written. */
async function write<S extends EmulatedItem | EmulatedSite>(
  table: Table,
  codec: Codec<S>,
  held: Held<S>,
  changed: S,
): Promise<Held<S>> {
  const [first] = changed.ledger;
  const full = first !== undefined && changed.ledger.length >= LEDGER_PAGE;
  const state = full ? { ...changed, ledger: [] } : changed;
  const operations: RowOperation[] = [
    { kind: "replace", ...encode(codec, stateRow(state.id), state), etag: held.etag },
  ];
  if (full) {
    const page = `${ledgerPrefix(state.id)}${String(first.sequence).padStart(10, "0")}`;
    operations.push({ kind: "insert", ...encode(LEDGER, page, changed.ledger) });
  }
  const [etag = ""] = await table.transact(held.partition, operations);
  return { ...held, state, etag };
}

export function createSubjects<S extends EmulatedItem | EmulatedSite>(
  table: Table,
  worlds: Worlds,
  clock: Clock,
  kind: Kind<S>,
  admission: Admission,
): Subjects<S> {
  const rowOf = async (header: WorldHeader, id: string): Promise<Row> => {
    const row = await table.get(kind.partition(header, id), stateRow(id));
    if (row !== null) return row;
    worlds.forget(header.worldId);
    throw kind.missing(header.worldId, id);
  };

  const remembered = new Map<string, Held<S>>();

  const keyOf = (header: WorldHeader, id: string): string => `${kind.partition(header, id)}/${id}`;

  const remember = (key: string, held: Held<S>): void => {
    remembered.delete(key);
    remembered.set(key, held);
    const [oldest] = remembered.keys();
    if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  };

  const readFresh = async (header: WorldHeader, id: string): Promise<Held<S>> => {
    const row = await rowOf(header, id);
    return { state: decode(kind.codec, row), partition: row.partition, etag: row.etag };
  };

  /** Writes a changed state; one that another writer was quicker with is forgotten. */
  const keep = async (key: string, held: Held<S>, state: S): Promise<void> => {
    try {
      remember(key, await write(table, kind.codec, held, state));
    } catch (error) {
      remembered.delete(key);
      throw error;
    }
  };

  /**
   * What is remembered may be out of date. That shows when the change is written, and an answer that is final stays
   * so; any other answer is looked for again in the table.
   */
  const attempt = async (worldId: string, id: string, call: Omit<Call, "nowMs" | "header">) => {
    const header = await worlds.header(worldId);
    const key = keyOf(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const turnOf = ({ state }: Held<S>) => beginOrLook(kind.rules, state, { ...call, header, nowMs });
    let held = remembered.get(key) ?? (await readFresh(header, id));
    let turn = turnOf(held);
    const isFinal = "reply" in turn && turn.reply.state !== "waiting";
    if (turn.state === held.state && !isFinal && remembered.get(key) === held) {
      held = await readFresh(header, id);
      turn = turnOf(held);
    }
    if (turn.state !== held.state) {
      const { place, settled } = await placeFor(admission, header, held.state, turn.state, nowMs);
      if (!place.begins) return inRealTime(waitingFor(place), header);
      await keep(key, held, turn.state);
      await settled();
    }
    if ("fault" in turn) throw turn.fault;
    return inRealTime(turn.reply, header);
  };

  const happen = async (worldId: string, id: string, happens: (state: S, atMs: number) => S) => {
    const header = await worlds.header(worldId);
    const held = await readFresh(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const changed = happens(settle(kind.rules, held.state, nowMs), nowMs);
    if (changed !== held.state) await keep(keyOf(header, id), held, changed);
  };

  const present = async (header: WorldHeader, id: string): Promise<Stay | null> => {
    const held = await readFresh(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const state = settle(kind.rules, goneOn(kind.rules, held.state, header, nowMs), nowMs);
    if (state !== held.state) await keep(keyOf(header, id), held, state);
    return stayOf(state)?.stay ?? null;
  };

  return {
    stay: (header, id) => untilWritten(() => present(header, id)),
    run: (worldId, id, call) => untilWritten(() => attempt(worldId, id, call)),
    change: (worldId, id, happens) => untilWritten(() => happen(worldId, id, happens)),
    ledger: async (worldId, id) => {
      const header = await worlds.header(worldId);
      const row = await rowOf(header, id);
      const pages = await ledgerPages(table, row.partition, id);
      return [...pages, ...decode(kind.codec, row).ledger].sort((a, b) => a.sequence - b.sequence);
    },
    read: async (worldId, id) => decode(kind.codec, await rowOf(await worlds.header(worldId), id)),
  };
}

/**
 * The place of what a change begins. One that hangs from now on keeps its place before that is written, one that hung
 * is noted after it (`settled`), so that a place is never free too early.
 */
async function placeFor(
  admission: Admission,
  header: WorldHeader,
  before: EmulatedItem | EmulatedSite,
  after: EmulatedItem | EmulatedSite,
  atMs: number,
): Promise<{ place: Seat; settled: () => Promise<void> }> {
  const was = stayOf(before);
  const is = stayOf(after);
  const begins: Seat = { begins: true };
  if (is !== null && is.key !== was?.key) {
    return {
      place: await admission.ask(header, { ...is.stay, undoes: is.undoes, atMs }),
      settled: async () => undefined,
    };
  }
  const holder = holderOf(after);
  const hung = was?.stay.untilMs === null;
  const hangs = is?.stay.untilMs === null;
  if (hangs && !hung) await admission.note(header, holder, is.stay);
  const settled = async () => (hung && !hangs ? admission.note(header, holder, is?.stay ?? null) : undefined);
  return { place: begins, settled };
}

/** Begins again when another writer was quicker. */
async function untilWritten<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TableConflict) || tries === MOST_TRIES) throw error;
    }
  }
}

async function ledgerPages(table: Table, partition: string, id: string): Promise<Entry[]> {
  const prefix = ledgerPrefix(id);
  const { rows } = await table.list(partition, { from: prefix, before: `${prefix}~`, limit: PAGE });
  return rows.flatMap((row) => decode(LEDGER, row));
}

const waitingFor = ({ lookAtMs: untilMs, hanging }: Extract<Seat, { begins: false }>): EmulatedReply => ({
  state: "waiting",
  untilMs,
  hanging,
  begun: false,
});

function inRealTime(reply: EmulatedReply, header: WorldHeader): TaskReply<unknown> {
  if (reply.state !== "waiting") return reply;
  const { untilMs, hanging, begun } = reply;
  return { state: "waiting", doneAt: toInstant(realMsOf(header, untilMs)), hanging, begun };
}
