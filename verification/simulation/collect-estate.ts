import type { z } from "zod";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { type EmulatedItem, type EmulatedSite, Entry } from "../../src/hypervisor/emulator/state.js";
import type { LedgerEntry } from "../../src/hypervisor/port.js";
import type { Environment } from "./client/environment.js";
import type { Estate, EstateEvent, EstateItem, EstateSite, Transaction } from "./evidence.js";
import type { Infrastructure } from "./runtime/infrastructure.js";

type Subject = z.infer<typeof EmulatedItem> | z.infer<typeof EmulatedSite>;

/** One subject in one load of the world, according to the rows that were written. */
interface SubjectTrace<S> {
  load: number;
  id: string;
  /** Removed from the world. */
  ended: boolean;
  states: { n: number; atMs: number; state: S }[];
  ledger: Map<number, LedgerEntry>;
}

const STATE = "state:";
const LEDGER = "ledger:";

/** The ground truth of the estate, from the rows that were written and not from what the product read in them. */
export async function estateOf(environment: Environment, infrastructure: Infrastructure): Promise<Estate> {
  const items = new Map<string, SubjectTrace<EmulatedItem>>();
  const sites = new Map<string, SubjectTrace<EmulatedSite>>();
  const events: EstateEvent[] = [];
  for (const transaction of infrastructure.journal.transactions) {
    if (transaction.table !== "Estate") continue;
    if (transaction.partition === "worlds") events.push(...worldEvents(transaction, events));
    else follow(transaction, items, sites);
  }
  events.push(...requestedEvents(environment));
  const newest = Math.max(...[...items.values()].map(({ load }) => load));
  const emulator = createEmulator({
    tables: infrastructure.tables,
    clock: infrastructure.clock,
    speed: 1,
    durations: "realistic",
  });
  const { id: worldId } = environment.world;
  const traces: EstateItem[] = [];
  const began = ({ states }: SubjectTrace<unknown>): number => states[0]?.atMs ?? Infinity;
  for (const { load, id, states, ledger, ended } of [...items.values()].sort((a, b) => began(a) - began(b))) {
    const truth = load === newest && !ended ? await emulator.groundTruth(worldId, id) : null;
    traces.push({ worldId, load, itemId: id, states, ledger: inOrder(ledger), truth });
  }
  const siteTraces: EstateSite[] = [];
  for (const { load, id, states, ledger } of sites.values()) {
    const { testNetworks = null } = load === newest ? await emulator.describeSite(worldId, id) : {};
    const truth = testNetworks && { testNetworks };
    siteTraces.push({ worldId, load, siteId: id, states, ledger: inOrder(ledger), truth });
  }
  return {
    items: traces,
    sites: siteTraces,
    events: events.sort((a, b) => a.atMs - b.atMs),
  };
}

const inOrder = (ledger: Map<number, LedgerEntry>): LedgerEntry[] =>
  [...ledger.values()].sort((a, b) => a.sequence - b.sequence);

function follow(
  transaction: Transaction,
  items: Map<string, SubjectTrace<EmulatedItem>>,
  sites: Map<string, SubjectTrace<EmulatedSite>>,
): void {
  const load = Number(transaction.partition.split(":")[1]);
  for (const { row, json } of transaction.operations) {
    if (json === null && row.startsWith(STATE)) end(items, `${load}/${row.slice(STATE.length)}`);
    if (json === null || !row.startsWith(STATE)) continue;
    // A page of older entries has a row of its own. Each of its entries was in a state before.
    const state = JSON.parse(json) as Subject;
    if (state.kind === "item") add(items, load, transaction, state);
    else add(sites, load, transaction, state);
  }
  for (const { row, json } of transaction.operations) {
    if (json !== null && row.startsWith(LEDGER)) page(load, json, items, sites, row);
  }
}

/** An item that is removed and imported again is another one. */
function end<S>(traces: Map<string, SubjectTrace<S>>, key: string): void {
  const ended = traces.get(key);
  if (ended === undefined) return;
  traces.delete(key);
  traces.set(`${key}/${traces.size}/ended`, { ...ended, ended: true });
}

function add<S extends Subject>(
  traces: Map<string, SubjectTrace<S>>,
  load: number,
  { n, atMs }: Transaction,
  state: S,
): void {
  const key = `${load}/${state.id}`;
  const known = traces.get(key) ?? {
    load,
    id: state.id,
    ended: false,
    states: [],
    ledger: new Map<number, LedgerEntry>(),
  };
  known.states.push({ n, atMs, state });
  for (const entry of state.ledger) known.ledger.set(entry.sequence, entry);
  traces.set(key, known);
}

function page(
  load: number,
  json: string,
  items: Map<string, SubjectTrace<EmulatedItem>>,
  sites: Map<string, SubjectTrace<EmulatedSite>>,
  row: string,
): void {
  const id = row.slice(LEDGER.length, row.lastIndexOf(":"));
  const known = items.get(`${load}/${id}`) ?? sites.get(`${load}/${id}`);
  for (const entry of Entry.array().parse(JSON.parse(json))) known?.ledger.set(entry.sequence, entry);
}

interface Header {
  load: string;
  faults: { faultId: string; mode: string; operation?: string; target: Record<string, string> }[];
}

/** Loads and faults, from successive writes of the world's header. */
function worldEvents({ atMs, operations }: Transaction, before: readonly EstateEvent[]): EstateEvent[] {
  return operations.flatMap(({ json }): EstateEvent[] => {
    if (json === null) return [];
    const { load, faults } = JSON.parse(json) as Header;
    const loaded = before.findLast((one) => one.kind === "world-loaded");
    if (loaded?.kind !== "world-loaded" || loaded.load !== Number(load)) {
      return [{ atMs, kind: "world-loaded", load: Number(load) }];
    }
    const active = activeFaults(before);
    const now = new Set(faults.map(({ faultId }) => faultId));
    return [
      ...faults
        .filter(({ faultId }) => !active.has(faultId))
        .map(
          ({ faultId, mode, operation = null, target }): EstateEvent => ({
            ...{ atMs, kind: "fault-raised", faultId, mode, operation },
            target: Object.values(target)[0] ?? "",
          }),
        ),
      ...[...active]
        .filter((id) => !now.has(id))
        .map((faultId): EstateEvent => ({ atMs, kind: "fault-cleared", faultId })),
    ];
  });
}

/** Faults of the newest load that were raised and not cleared. */
function activeFaults(events: readonly EstateEvent[]): Set<string> {
  const active = new Set<string>();
  for (const one of events) {
    if (one.kind === "world-loaded") active.clear();
    else if (one.kind === "fault-raised") active.add(one.faultId);
    else if (one.kind === "fault-cleared") active.delete(one.faultId);
  }
  return active;
}

/** Changes that users made to the estate and that leave no row of their own. */
function requestedEvents({ client }: Environment): EstateEvent[] {
  return client.ledger.flatMap(({ request, outcome, endedMs }): EstateEvent[] => {
    if (outcome !== "ok" || endedMs === null) return [];
    if (request.kind === "return-source") return [{ atMs: endedMs, kind: "source-returned", itemId: request.itemId }];
    if (request.kind === "change-target") return [{ atMs: endedMs, kind: "target-changed", itemId: request.itemId }];
    if (request.kind !== "resolve-condition") return [];
    return [{ atMs: endedMs, kind: "condition-resolved", itemId: request.itemId, type: request.type }];
  });
}
