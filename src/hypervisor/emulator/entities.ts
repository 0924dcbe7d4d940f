/**
 * Stores the items and sites of a world and runs operations on them. Each has one row, which any process may write.
 * Shown in hypervisor-tasks.suite.ts and hypervisor-limits.suite.ts:
 *
 * I1. All that an operation changes is written in one transaction under the ETag that was read, so concurrent processes
 *     cause one effect ("20 calls at the same time have one effect", "another process can poll…").
 * I2. A cached state never gives an outdated answer: a final answer stays valid, a change fails on its ETag, and any
 *     other answer is read again ("an answer that is not final is read again…").
 * I3. An operation begins only with its slots reserved (slot-scheduler.ts, "I21: …").
 * I4. An operation begins only with what it takes at its sites taken (occupancies.ts, "two processes…").
 * I5. The ledger stays complete when its pages move to rows of their own ("a ledger longer than a page…").
 */
import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { decode } from "../../store/tables/codec.js";
import type { Table } from "../../store/tables/port.js";
import { retryOnConflict } from "../../store/update-with-retry.js";
import type { LedgerEntry, TaskReply } from "../port.js";
import { type CachedState, createCachedStates, ledgerPrefix, type StoredKind } from "./cached-states.js";
import type { Reservation } from "./operation-slots.js";
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
import { type ClaimKeeper, createStepWriter } from "./step-writer.js";
import { beginOrPoll, type Call, type EmulatedReply, reservationOf, resumed, settle, type TaskRules } from "./tasks.js";
import { partitionOfItem, partitionOfSites } from "./world-rows.js";
import { emulatedMs, realMsOf, type Worlds } from "./worlds.js";

/** An entity has few writers. Each lost race means that another writer succeeded. */
const MAX_ATTEMPTS = 50;
/** So often an operation gives way to another one that is about to begin, before it takes what that one has claimed. */
const MAX_GIVING_WAY = 25;
const PAGE = 900;

/** How items, or sites, are stored, and how their tasks behave. */
export interface EntityKind<S extends EmulatedEntity> extends StoredKind<S> {
  rules: TaskRules<S>;
  /** What an entity takes at sites; null for kinds that take nothing. */
  claims: ClaimKeeper<S> | null;
}

export const itemKind = (
  rules: TaskRules<EmulatedItem>,
  claims: ClaimKeeper<EmulatedItem>,
): EntityKind<EmulatedItem> => ({
  codec: ITEM,
  rules,
  claims,
  partition: partitionOfItem,
  missing: (worldId, id) => new RecoveryError("item-not-found", `world ${worldId} has no item ${id}`),
});

export const siteKind = (rules: TaskRules<EmulatedSite>): EntityKind<EmulatedSite> => ({
  codec: SITE,
  rules,
  claims: null,
  partition: partitionOfSites,
  missing: (worldId, id) => new RecoveryError("not-found", `world ${worldId} has no site ${id}`),
});

export interface EntityStore<S extends EmulatedEntity> {
  runTask(worldId: string, id: string, call: Omit<Call, "nowMs" | "header">): Promise<TaskReply<unknown>>;
  ledger(worldId: string, id: string): Promise<LedgerEntry[]>;
  read(worldId: string, id: string): Promise<S>;
  /** Applies a change that is not an operation. */
  change(worldId: string, id: string, apply: (state: S, atMs: number) => S): Promise<void>;
  /** Reads a state as it is now. */
  peek(header: WorldHeader, id: string): Promise<S>;
  /** Reads a state and rewrites its row, so that every write that is under way fails and is decided again. */
  touch(header: WorldHeader, id: string): Promise<S>;
  /** Ends what is due, resumes what no fault holds any more, and answers the slots still in use; null for none. */
  currentReservation(header: WorldHeader, id: string): Promise<Reservation | null>;
}

export function createEntityStore<S extends EmulatedEntity>(
  table: Table,
  worlds: Worlds,
  clock: Clock,
  kind: EntityKind<S>,
  slots: SlotScheduler,
): EntityStore<S> {
  const states = createCachedStates(table, worlds, kind);
  const { keyOf, cached, rowOf, readFresh, save } = states;
  const { writeStep, recordClaims } = createStepWriter(kind, states, slots);

  const attempt = async (worldId: string, id: string, call: Omit<Call, "nowMs" | "header">, count: number) => {
    const header = await worlds.header(worldId);
    const key = keyOf(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const stepFrom = ({ state }: CachedState<S>) => beginOrPoll(kind.rules, state, { ...call, header, nowMs });
    let current = cached(key) ?? (await readFresh(header, id));
    let step = stepFrom(current);
    const isFinal = "reply" in step && step.reply.state !== "waiting";
    // The cache may be outdated. A change would fail on its ETag and a final answer is valid for ever.
    if (step.state === current.state && !isFinal && cached(key) === current) {
      current = await readFresh(header, id);
      step = stepFrom(current);
    }
    if (step.state !== current.state) {
      step = await writeStep({ ...call, header, nowMs }, key, current, step, { givesWay: count <= MAX_GIVING_WAY });
    }
    const hasEnded = "reply" in step && step.reply.state !== "waiting";
    if (step.state !== current.state || hasEnded) await recordClaims(header, key, step.state);
    if ("fault" in step) throw step.fault;
    return inRealTime(step.reply, header);
  };

  const changeNow = async (worldId: string, id: string, apply: (state: S, atMs: number) => S) => {
    const header = await worlds.header(worldId);
    const current = await readFresh(header, id);
    const nowMs = emulatedMs(header, clock.now());
    const changed = apply(settle(kind.rules, current.state, nowMs), nowMs);
    if (changed === current.state) return;
    await save(keyOf(header, id), current, changed);
    await recordClaims(header, keyOf(header, id), changed);
  };

  const peek = async (header: WorldHeader, id: string): Promise<S> =>
    settle(kind.rules, (await readFresh(header, id)).state, emulatedMs(header, clock.now()));

  const touchNow = async (header: WorldHeader, id: string): Promise<S> => {
    const current = await readFresh(header, id);
    const state = settle(kind.rules, current.state, emulatedMs(header, clock.now()));
    await save(keyOf(header, id), current, state);
    return state;
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
    peek,
    touch: (header, id) => retryOnConflict(() => touchNow(header, id), MAX_ATTEMPTS),
    runTask: (worldId, id, call) => retryOnConflict((count) => attempt(worldId, id, call, count), MAX_ATTEMPTS),
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

async function ledgerPages(table: Table, partition: string, id: string): Promise<Entry[]> {
  const prefix = ledgerPrefix(id);
  const { rows } = await table.list(partition, { from: prefix, before: `${prefix}~`, limit: PAGE });
  return rows.flatMap((row) => decode(LEDGER, row));
}

function inRealTime(reply: EmulatedReply, header: WorldHeader): TaskReply<unknown> {
  if (reply.state !== "waiting") return reply;
  const { untilMs, hanging, begun } = reply;
  return { state: "waiting", doneAt: toInstant(realMsOf(header, untilMs)), hanging, begun };
}
