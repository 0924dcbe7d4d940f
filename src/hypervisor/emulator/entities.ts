/**
 * Stores the items and sites of a world and runs operations on them. Each has one row, which any process may write.
 * Shown in hypervisor-tasks.suite.ts and hypervisor-limits.suite.ts:
 *
 * I1. All that an operation changes is written in one transaction under the ETag that was read, so concurrent processes
 *     cause one effect ("20 calls at the same time have one effect", "another process can poll…").
 * I2. A cached state never gives an outdated answer: a final answer stays valid, a change fails on its ETag, and any
 *     other answer is read again ("an answer that is not final is read again…").
 * I3. An operation begins only with its slots reserved (slot-scheduler.ts, "I21: …").
 * I4. The ledger stays complete when its pages move to rows of their own ("a ledger longer than a page…").
 */
import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { type Codec, decode, encode } from "../../store/tables/codec.js";
import type { Row, RowOperation, Table } from "../../store/tables/port.js";
import { retryOnConflict } from "../../store/update-with-retry.js";
import type { LedgerEntry, TaskReply } from "../port.js";
import type { Admission, Reservation } from "./operation-slots.js";
import type { SlotScheduler } from "./slot-scheduler.js";
import {
  type EmulatedEntity,
  type EmulatedItem,
  type EmulatedSite,
  type Entry,
  ITEM,
  LEDGER,
  SITE,
  type WorldHeader,
} from "./state.js";
import {
  beginOrPoll,
  type Call,
  type EmulatedReply,
  holderOf,
  reservationOf,
  resumed,
  settle,
  type TaskRules,
} from "./tasks.js";
import { partitionOfItem, partitionOfSites, stateRow } from "./world-rows.js";
import { emulatedMs, realMsOf, type Worlds } from "./worlds.js";

/** A ledger of this length moves to a row of its own, so that the row of the state stays small. */
const LEDGER_PAGE = 32;
/** States in the cache, which saves a read when operations on an item follow one another. */
const MAX_CACHED = 1_000;
/** An entity has few writers. Each lost race means that another writer succeeded. */
const MAX_ATTEMPTS = 50;
const PAGE = 900;

/** How items, or sites, are stored, and how their tasks behave. */
export interface EntityKind<S extends EmulatedEntity> {
  codec: Codec<S>;
  rules: TaskRules<S>;
  partition: (header: WorldHeader, id: string) => string;
  missing: (worldId: string, id: string) => RecoveryError;
}

export const itemKind = (rules: TaskRules<EmulatedItem>): EntityKind<EmulatedItem> => ({
  codec: ITEM,
  rules,
  partition: partitionOfItem,
  missing: (worldId, id) => new RecoveryError("item-not-found", `world ${worldId} has no item ${id}`),
});

export const siteKind = (rules: TaskRules<EmulatedSite>): EntityKind<EmulatedSite> => ({
  codec: SITE,
  rules,
  partition: partitionOfSites,
  missing: (worldId, id) => new RecoveryError("not-found", `world ${worldId} has no site ${id}`),
});

export interface EntityStore<S extends EmulatedEntity> {
  runTask(worldId: string, id: string, call: Omit<Call, "nowMs" | "header">): Promise<TaskReply<unknown>>;
  ledger(worldId: string, id: string): Promise<LedgerEntry[]>;
  read(worldId: string, id: string): Promise<S>;
  /** Applies a change that is not an operation. */
  change(worldId: string, id: string, apply: (state: S, atMs: number) => S): Promise<void>;
  /** Ends what is due, resumes what no fault holds any more, and answers the slots still in use; null for none. */
  currentReservation(header: WorldHeader, id: string): Promise<Reservation | null>;
}

const ledgerPrefix = (id: string): string => `ledger:${id}:`;

/** A state as it was last read or written. */
interface CachedState<S> {
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
  const state = full ? { ...changed, ledger: [] } : changed;
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

export function createEntityStore<S extends EmulatedEntity>(
  table: Table,
  worlds: Worlds,
  clock: Clock,
  kind: EntityKind<S>,
  slots: SlotScheduler,
): EntityStore<S> {
  const rowOf = async (header: WorldHeader, id: string): Promise<Row> => {
    const row = await table.get(kind.partition(header, id), stateRow(id));
    if (row !== null) return row;
    worlds.forget(header.worldId);
    throw kind.missing(header.worldId, id);
  };

  const cache = new Map<string, CachedState<S>>();

  const keyOf = (header: WorldHeader, id: string): string => `${kind.partition(header, id)}/${id}`;

  const store = (key: string, cached: CachedState<S>): void => {
    cache.delete(key);
    cache.set(key, cached);
    const [oldest] = cache.keys();
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  };

  const readFresh = async (header: WorldHeader, id: string): Promise<CachedState<S>> => {
    const row = await rowOf(header, id);
    return { state: decode(kind.codec, row), partition: row.partition, etag: row.etag };
  };

  /** Writes a changed state, and forgets the cached one when another writer was first. */
  const save = async (key: string, cached: CachedState<S>, state: S): Promise<void> => {
    try {
      store(key, await write(table, kind.codec, cached, state));
    } catch (error) {
      cache.delete(key);
      throw error;
    }
  };

  const attempt = async (worldId: string, id: string, call: Omit<Call, "nowMs" | "header">) => {
    const header = await worlds.header(worldId);
    const key = keyOf(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const stepFrom = ({ state }: CachedState<S>) => beginOrPoll(kind.rules, state, { ...call, header, nowMs });
    let current = cache.get(key) ?? (await readFresh(header, id));
    let step = stepFrom(current);
    const isFinal = "reply" in step && step.reply.state !== "waiting";
    // The cache may be outdated. A change would fail on its ETag and a final answer is valid for ever.
    if (step.state === current.state && !isFinal && cache.get(key) === current) {
      current = await readFresh(header, id);
      step = stepFrom(current);
    }
    if (step.state !== current.state) {
      const { admission, afterWrite } = await reserveSlots(slots, header, current.state, step.state, nowMs);
      if (!admission.admitted) return inRealTime(waitingFor(admission), header);
      await save(key, current, step.state);
      await afterWrite();
    }
    if ("fault" in step) throw step.fault;
    return inRealTime(step.reply, header);
  };

  const changeNow = async (worldId: string, id: string, apply: (state: S, atMs: number) => S) => {
    const header = await worlds.header(worldId);
    const current = await readFresh(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const changed = apply(settle(kind.rules, current.state, nowMs), nowMs);
    if (changed !== current.state) await save(keyOf(header, id), current, changed);
  };

  const settleNow = async (header: WorldHeader, id: string): Promise<Reservation | null> => {
    const current = await readFresh(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const state = settle(kind.rules, resumed(kind.rules, current.state, header, nowMs), nowMs);
    if (state !== current.state) await save(keyOf(header, id), current, state);
    return reservationOf(state)?.reservation ?? null;
  };

  return {
    currentReservation: (header, id) => retryOnConflict(() => settleNow(header, id), MAX_ATTEMPTS),
    runTask: (worldId, id, call) => retryOnConflict(() => attempt(worldId, id, call), MAX_ATTEMPTS),
    change: (worldId, id, apply) => retryOnConflict(() => changeNow(worldId, id, apply), MAX_ATTEMPTS),
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
 * Reserves the slots of an operation that a step begins. A slot is never free too early: the reservation of an operation
 * that starts to hang is extended before the state is written, and that of one that resumes is limited `afterWrite`.
 */
async function reserveSlots(
  slots: SlotScheduler,
  header: WorldHeader,
  before: EmulatedEntity,
  after: EmulatedEntity,
  atMs: number,
): Promise<{ admission: Admission; afterWrite: () => Promise<void> }> {
  const previous = reservationOf(before);
  const next = reservationOf(after);
  if (next !== null && next.key !== previous?.key) {
    return {
      admission: await slots.request(header, { ...next.reservation, isUndo: next.isUndo, atMs }),
      afterWrite: async () => undefined,
    };
  }
  const holder = holderOf(after);
  const wasHanging = previous?.reservation.untilMs === null;
  const isHanging = next?.reservation.untilMs === null;
  if (isHanging && !wasHanging) await slots.update(header, holder, next.reservation);
  const afterWrite = async () =>
    wasHanging && !isHanging ? slots.update(header, holder, next?.reservation ?? null) : undefined;
  return { admission: { admitted: true }, afterWrite };
}

async function ledgerPages(table: Table, partition: string, id: string): Promise<Entry[]> {
  const prefix = ledgerPrefix(id);
  const { rows } = await table.list(partition, { from: prefix, before: `${prefix}~`, limit: PAGE });
  return rows.flatMap((row) => decode(LEDGER, row));
}

const waitingFor = ({ retryAtMs: untilMs, hanging }: Extract<Admission, { admitted: false }>): EmulatedReply => ({
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
