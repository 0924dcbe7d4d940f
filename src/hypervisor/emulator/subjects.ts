import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { type Codec, decode, encode } from "../../store/tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "../../store/tables/port.js";
import type { LedgerEntry, TaskReply } from "../port.js";
import { type EmulatedItem, type EmulatedSite, type Entry, ITEM, LEDGER, SITE, type WorldHeader } from "./state.js";
import { beginOrLook, type Call, type EmulatedReply, settle, type TaskRules } from "./tasks.js";
import { partitionOfItem, partitionOfSites, stateRow } from "./world-rows.js";
import { emulatedMs, realMsOf, type Worlds } from "./worlds.js";

/** A ledger page is moved to a row of its own when it is this long, so that a state's row stays small. */
const LEDGER_PAGE = 32;
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
}

const ledgerPrefix = (id: string): string => `ledger:${id}:`;

/** Full ledgers are moved in the same transaction in which the state is written. */
function writesOf<S extends EmulatedItem | EmulatedSite>(codec: Codec<S>, state: S, etag: string): RowOperation[] {
  const [first] = state.ledger;
  if (first === undefined || state.ledger.length < LEDGER_PAGE) {
    return [{ kind: "replace", ...encode(codec, stateRow(state.id), state), etag }];
  }
  const page = `${ledgerPrefix(state.id)}${String(first.sequence).padStart(10, "0")}`;
  return [
    { kind: "replace", ...encode(codec, stateRow(state.id), { ...state, ledger: [] }), etag },
    { kind: "insert", ...encode(LEDGER, page, state.ledger) },
  ];
}

export function createSubjects<S extends EmulatedItem | EmulatedSite>(
  table: Table,
  worlds: Worlds,
  clock: Clock,
  kind: Kind<S>,
): Subjects<S> {
  const rowOf = async (header: WorldHeader, id: string): Promise<Row> => {
    const row = await table.get(kind.partition(header, id), stateRow(id));
    if (row !== null) return row;
    worlds.forget(header.worldId);
    throw kind.missing(header.worldId, id);
  };

  const attempt = async (worldId: string, id: string, call: Omit<Call, "nowMs" | "header">) => {
    const header = await worlds.header(worldId);
    const row = await rowOf(header, id);
    const before = decode(kind.codec, row);
    const turn = beginOrLook(kind.rules, before, { ...call, header, nowMs: emulatedMs(header, clock.now()) });
    if (turn.state !== before) await table.transact(row.partition, writesOf(kind.codec, turn.state, row.etag));
    if ("fault" in turn) throw turn.fault;
    return inRealTime(turn.reply, header);
  };

  const happen = async (worldId: string, id: string, happens: (state: S, atMs: number) => S) => {
    const header = await worlds.header(worldId);
    const row = await rowOf(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const state = happens(settle(kind.rules, decode(kind.codec, row), nowMs), nowMs);
    await table.transact(row.partition, writesOf(kind.codec, state, row.etag));
  };

  return {
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

function inRealTime(reply: EmulatedReply, header: WorldHeader): TaskReply<unknown> {
  if (reply.state !== "waiting") return reply;
  return { state: "waiting", doneAt: toInstant(realMsOf(header, reply.untilMs)), hanging: reply.hanging };
}
