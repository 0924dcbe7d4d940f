import type { z } from "zod";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { type EmulatedItem, type EmulatedSite, Entry } from "../../src/hypervisor/emulator/state.js";
import type { LedgerEntry } from "../../src/hypervisor/port.js";
import type { Town } from "./client/environment.js";
import type { Estate, EstateItem, EstateSite, Happening, Transaction } from "./evidence.js";
import type { Ground } from "./runtime/host.js";

type Subject = z.infer<typeof EmulatedItem> | z.infer<typeof EmulatedSite>;

/** One subject of one load of the world, as its rows were written. */
interface Told<S> {
  load: number;
  id: string;
  states: { atMs: number; state: S }[];
  ledger: Map<number, LedgerEntry>;
}

const STATE = "state:";
const LEDGER = "ledger:";

/** The estate's truth, from the rows that were written and not from what the product made of them. */
export async function estateOf(town: Town, ground: Ground): Promise<Estate> {
  const items = new Map<string, Told<EmulatedItem>>();
  const sites = new Map<string, Told<EmulatedSite>>();
  const happenings: Happening[] = [];
  for (const transaction of ground.journal.transactions) {
    if (transaction.table !== "Estate") continue;
    if (transaction.partition === "worlds") happenings.push(...worldHappenings(transaction, happenings));
    else follow(transaction, items, sites);
  }
  happenings.push(...askedHappenings(town));
  const newest = Math.max(...[...items.values()].map(({ load }) => load));
  const emulator = createEmulator({ tables: ground.tables, clock: ground.clock, speed: 1, durations: "realistic" });
  const { id: worldId } = town.world;
  const told: EstateItem[] = [];
  for (const { load, id, states, ledger } of items.values()) {
    const truth = load === newest ? await emulator.groundTruth(worldId, id) : null;
    told.push({ worldId, load, itemId: id, states, ledger: inOrder(ledger), truth });
  }
  const toldSites: EstateSite[] = [];
  for (const { load, id, states, ledger } of sites.values()) {
    const { testNetworks = null } = load === newest ? await emulator.describeSite(worldId, id) : {};
    const truth = testNetworks && { testNetworks };
    toldSites.push({ worldId, load, siteId: id, states, ledger: inOrder(ledger), truth });
  }
  return {
    items: told,
    sites: toldSites,
    happenings: happenings.sort((a, b) => a.atMs - b.atMs),
  };
}

const inOrder = (ledger: Map<number, LedgerEntry>): LedgerEntry[] =>
  [...ledger.values()].sort((a, b) => a.sequence - b.sequence);

function follow(
  transaction: Transaction,
  items: Map<string, Told<EmulatedItem>>,
  sites: Map<string, Told<EmulatedSite>>,
): void {
  const load = Number(transaction.partition.split(":")[1]);
  for (const { row, json } of transaction.operations) {
    if (json === null || !row.startsWith(STATE)) continue;
    // A page of older entries stands in rows of its own; each entry was in a state before.
    const state = JSON.parse(json) as Subject;
    if (state.kind === "item") add(items, load, transaction.atMs, state);
    else add(sites, load, transaction.atMs, state);
  }
  for (const { row, json } of transaction.operations) {
    if (json !== null && row.startsWith(LEDGER)) page(load, json, items, sites, row);
  }
}

function add<S extends Subject>(told: Map<string, Told<S>>, load: number, atMs: number, state: S): void {
  const key = `${load}/${state.id}`;
  const known = told.get(key) ?? { load, id: state.id, states: [], ledger: new Map<number, LedgerEntry>() };
  known.states.push({ atMs, state });
  for (const entry of state.ledger) known.ledger.set(entry.sequence, entry);
  told.set(key, known);
}

function page(
  load: number,
  json: string,
  items: Map<string, Told<EmulatedItem>>,
  sites: Map<string, Told<EmulatedSite>>,
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

/** Loads and faults, as the world's header has them from one write to the next. */
function worldHappenings({ atMs, operations }: Transaction, before: readonly Happening[]): Happening[] {
  return operations.flatMap(({ json }): Happening[] => {
    if (json === null) return [];
    const { load, faults } = JSON.parse(json) as Header;
    const loaded = before.findLast((one) => one.kind === "world-loaded");
    if (loaded?.kind !== "world-loaded" || loaded.load !== Number(load)) {
      return [{ atMs, kind: "world-loaded", load: Number(load) }];
    }
    const standing = standingFaults(before);
    const now = new Set(faults.map(({ faultId }) => faultId));
    return [
      ...faults
        .filter(({ faultId }) => !standing.has(faultId))
        .map(
          ({ faultId, mode, operation = null, target }): Happening => ({
            ...{ atMs, kind: "fault-raised", faultId, mode, operation },
            target: Object.values(target)[0] ?? "",
          }),
        ),
      ...[...standing]
        .filter((id) => !now.has(id))
        .map((faultId): Happening => ({ atMs, kind: "fault-cleared", faultId })),
    ];
  });
}

/** Faults of the newest load that were raised and not cleared. */
function standingFaults(happenings: readonly Happening[]): Set<string> {
  const standing = new Set<string>();
  for (const one of happenings) {
    if (one.kind === "world-loaded") standing.clear();
    else if (one.kind === "fault-raised") standing.add(one.faultId);
    else if (one.kind === "fault-cleared") standing.delete(one.faultId);
  }
  return standing;
}

/** What users did to the estate that leaves no mark of its own in it. */
function askedHappenings({ client }: Town): Happening[] {
  return client.ledger.flatMap(({ asked, outcome, endedMs }): Happening[] => {
    if (outcome !== "ok" || endedMs === null) return [];
    if (asked.kind === "source-comes-back") return [{ atMs: endedMs, kind: "source-came-back", itemId: asked.itemId }];
    if (asked.kind === "change-target") return [{ atMs: endedMs, kind: "target-changed", itemId: asked.itemId }];
    if (asked.kind !== "mend-condition") return [];
    return [{ atMs: endedMs, kind: "condition-mended", itemId: asked.itemId, type: asked.type }];
  });
}
