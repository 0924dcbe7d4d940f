import type { Execution } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { isOutcomeUnknown } from "../../../src/domain/items/post-execution-conditions.js";
import { switchOf } from "../../../src/domain/steering/in-force.js";
import type { ItemState } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem, EmulatedSite, Params, Task } from "../../../src/hypervisor/emulator/state.js";
import type { LedgerEntry, OperationName } from "../../../src/hypervisor/port.js";
import type { EstateItem, EstateSite, Evidence } from "../evidence.js";

/** The parts of a task key: its execution, step, attempt and subject. */
export interface KeyParts {
  executionId: string;
  step: string;
  attempt: number;
  subject: string;
}

export function partsOf(key: string): KeyParts {
  const [executionId = "", named = "", ...subject] = key.split("/");
  const tried = /^(.+)\.(\d+)$/.exec(named);
  return {
    executionId,
    step: tried?.[1] ?? named,
    attempt: Number(tried?.[2] ?? 1),
    subject: subject.join("/"),
  };
}

type Subject = EmulatedItem | EmulatedSite;
interface SubjectTrace<S extends Subject> {
  ledger: LedgerEntry[];
  states: { atMs: number; state: S }[];
}

/** A write of a subject's state: the state before and after it. */
export interface Change<S> {
  atMs: number;
  before: S;
  after: S;
}

/**
 * One accepted mutation and the write that contained it. A test clean-up acts under the key of the test, so `key` names
 * the owner and not the actor.
 */
export interface Effect<S = EmulatedItem> extends Change<S> {
  entry: LedgerEntry;
  key: KeyParts;
  /** When it took effect, in milliseconds since the epoch. The write may be later. */
  effectMs: number;
  /** When it began; the time of the effect if its task is no longer stored. */
  beganMs: number;
  params: Params;
}

/** A task as it first appeared. */
export interface Begin {
  key: KeyParts;
  text: string;
  operation: OperationName;
  beganMs: number;
  /** When the hypervisor took it; it may begin later. */
  takenMs: number;
  params: Params;
}

export function changesOf<S extends Subject>({ states }: SubjectTrace<S>): Change<S>[] {
  return states.slice(1).flatMap(({ atMs, state }, index) => {
    const before = states[index]?.state;
    return before === undefined ? [] : [{ atMs, before, after: state }];
  });
}

export function effectsOf<S extends Subject>(watched: SubjectTrace<S>): Effect<S>[] {
  return changesOf(watched).flatMap((change) => {
    const { before, after } = change;
    const fresh = watched.ledger.filter(({ sequence }) => sequence > before.entries && sequence <= after.entries);
    return fresh.map((entry) => {
      const task = after.tasks[entry.key] ?? before.tasks[entry.key];
      const effectMs = Date.parse(entry.at);
      return {
        ...change,
        entry,
        key: partsOf(entry.key),
        effectMs,
        beganMs: task?.beganMs ?? effectMs,
        params: task?.params ?? {},
      };
    });
  });
}

const beginOf = (text: string, { operation, beganMs, params }: Task, takenMs: number): Begin => ({
  key: partsOf(text),
  text,
  operation,
  beganMs,
  takenMs,
  params,
});

/** Every task that the subject accepted. A task that was refused immediately never began. */
export function beginsOf<S extends Subject>(watched: SubjectTrace<S>): Begin[] {
  return changesOf(watched).flatMap(({ atMs, before, after }) =>
    Object.entries(after.tasks).flatMap(([key, task]) => {
      const refusedAtOnce = task.state === "failed" && before.tasks[key] === undefined;
      return before.tasks[key] !== undefined || refusedAtOnce ? [] : [beginOf(key, task, atMs)];
    }),
  );
}

/** A write of an item's record, in the order of the journal. */
export interface RecordWrite {
  n: number;
  atMs: number;
  record: ItemRecord;
}

/** An execution and the true times at which its record changed. */
export interface ExecutionTrace {
  record: Execution;
  createdMs: number;
  /** When its record ended; null when it has not. */
  endedMs: number | null;
  /** When a cancel was first recorded in it. */
  cancelMs: number | null;
  /** When a switch to unplanned was first recorded in it. */
  switchedMs: number | null;
}

export type Ended = Extract<Execution, { outcomes: unknown }>;

export const hasEnded = (execution: Execution): execution is Ended => "outcomes" in execution;

/** Derived data that several invariants need, computed once for each run. */
export interface Facts {
  evidence: Evidence;
  /** By execution id. */
  executions: ReadonlyMap<string, ExecutionTrace>;
  /** Writes of item records by item id, oldest first. A new import of the world continues the same list. */
  records: ReadonlyMap<string, readonly RecordWrite[]>;
  items: readonly { item: EstateItem; effects: readonly Effect[]; begins: readonly Begin[] }[];
  sites: readonly { site: EstateSite; effects: readonly Effect<EmulatedSite>[]; begins: readonly Begin[] }[];
}

export function factsOf(evidence: Evidence): Facts {
  const { items, sites } = evidence.estate;
  return {
    evidence,
    executions: executionsOf(evidence),
    records: recordsOf(evidence),
    items: items.map((item) => ({ item, effects: effectsOf(item), begins: beginsOf(item) })),
    sites: sites.map((site) => ({ site, effects: effectsOf(site), begins: beginsOf(site) })),
  };
}

/** The rows of one table that were written, in order. Rows that are not JSON were corrupted, and are skipped. */
export function* writesOf({ store }: Evidence, wanted: string): Generator<RowWrite> {
  for (const { n, atMs, table, partition, generation, operations } of store.journal) {
    if (table !== wanted) continue;
    for (const { row, json } of operations) {
      const value = json === null ? undefined : parsed(json);
      if (value !== undefined) yield { n, atMs, generation, partition, row, value };
    }
  }
}

export interface RowWrite {
  n: number;
  atMs: number;
  generation: number;
  partition: string;
  row: string;
  value: unknown;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function recordsOf(evidence: Evidence): Map<string, RecordWrite[]> {
  const writes = new Map<string, RecordWrite[]>();
  for (const { n, atMs, row, value } of writesOf(evidence, "Items")) {
    const write = { n, atMs, record: value as ItemRecord };
    const known = writes.get(row);
    if (known === undefined) writes.set(row, [write]);
    else known.push(write);
  }
  return writes;
}

function executionsOf(evidence: Evidence): Map<string, ExecutionTrace> {
  const trace = new Map<string, ExecutionTrace>();
  for (const { atMs, partition, row, value } of writesOf(evidence, "Executions")) {
    if (row !== "record") continue;
    const record = value as Execution;
    const known = trace.get(partition) ?? { createdMs: atMs, endedMs: null, cancelMs: null, switchedMs: null };
    const cancelMs = known.cancelMs ?? (record.cancelRequest === undefined ? null : atMs);
    const switchedMs = known.switchedMs ?? (switchOf(record) === undefined ? null : atMs);
    trace.set(partition, {
      ...known,
      record,
      cancelMs,
      switchedMs,
      endedMs: known.endedMs ?? (hasEnded(record) ? atMs : null),
    });
  }
  return trace;
}

/** The state of a subject at a time: after the last write that was not later. */
export function stateAt<S extends Subject>({ states }: SubjectTrace<S>, atMs: number): S | undefined {
  return states.findLast((seen) => seen.atMs <= atMs)?.state;
}

/** The state of an item at a time, in the load of the world that was current then. */
export function itemAt({ items }: Facts, itemId: string, atMs: number): EmulatedItem | undefined {
  const loads = items.filter(({ item }) => item.itemId === itemId && (item.states[0]?.atMs ?? Infinity) <= atMs);
  const newest = loads.at(-1);
  return newest === undefined ? undefined : stateAt(newest.item, atMs);
}

/** The state of an item when a write was made. Much may happen at one moment, so only the order of writes tells. */
export function itemBefore({ items }: Facts, itemId: string, { n }: { n: number }): EmulatedItem | undefined {
  const newest = items.findLast(({ item }) => item.itemId === itemId && (item.states[0]?.n ?? Infinity) < n);
  return newest?.item.states.findLast((seen) => seen.n < n)?.state;
}

/**
 * Whether a reset of the world has loaded its estate and could not replace its records, because a row was unreadable. The
 * row of the world says so, and nothing starts until the import is repeated. Another import is refused meanwhile.
 */
const isHalfReset = ({ evidence: { client, store } }: Facts): boolean =>
  store.rows.some(({ table, partition, json }) => {
    return table === "Worlds" && partition === "worlds" && JSON.parse(json).change?.kind === "reset";
  }) &&
  client.findLast(({ request, code }) => request.kind === "import-world" && code !== "world-changing")?.code ===
    "row-unreadable";

/**
 * Whether a reset had loaded the estate of an item when a write was made, and had not replaced the records yet: until it
 * has, records tell of the load before.
 */
export function isResetting({ evidence, items }: Facts, itemId: string, { n }: { n: number }): boolean {
  const worlds = [...writesOf(evidence, "Worlds")].filter((write) => write.partition === "worlds" && write.n < n);
  const last = worlds.at(-1);
  if ((last?.value as { change?: { kind: string } } | undefined)?.change?.kind !== "reset") return false;
  const since = worlds.findLast(({ value }) => (value as { change?: object }).change === undefined)?.n ?? -1;
  return items.some(({ item }) => item.itemId === itemId && (item.states[0]?.n ?? 0) > since);
}

/** The items of the load of the world that is current at the end, unless their records are of the load before. */
export const currentItems = (facts: Facts): Facts["items"] =>
  isHalfReset(facts) ? [] : facts.items.filter(({ item }) => item.truth !== null);

/**
 * When an execution released an item, and the record that it left; undefined when it never held the item. A record of
 * unknown outcome is corrected later, and the execution's own outcome does not reflect that.
 */
export function releaseBy({ records }: Facts, itemId: string, executionId: string): RecordWrite | undefined {
  const writes = records.get(itemId) ?? [];
  const isHeld = (write: RecordWrite | undefined): boolean => write?.record.heldBy?.executionId === executionId;
  const releases = writes.filter((write, at) => !isHeld(write) && isHeld(writes[at - 1]));
  return releases.find(({ record }) => isOutcomeUnknown(record)) ?? releases.at(-1);
}

/** The state in which an execution found an item; undefined when it never held it. */
export function stateBefore({ records }: Facts, itemId: string, executionId: string): ItemState | undefined {
  const writes = records.get(itemId) ?? [];
  const taken = writes.findIndex(({ record }) => record.heldBy?.executionId === executionId);
  return writes[taken - 1]?.record.state;
}
