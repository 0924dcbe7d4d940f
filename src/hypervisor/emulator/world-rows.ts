import { z } from "zod";
import { chunksOf } from "../../domain/chunks.js";
import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import type { World } from "../../domain/worlds/world.js";
import { type Codec, decode, encode } from "../../store/tables/codec.js";
import { MAX_BATCH, type Row, type RowOperation, type Table, TableConflict } from "../../store/tables/port.js";
import { seedOf } from "./seeded.js";
import { type EmulatedItem, type EmulatedSite, HEADER, ITEM, LEDGER, Load, SITE, type WorldHeader } from "./state.js";

/** A loaded world has already replicated for a day, so that recovery points exist immediately. */
const REPLICATED_BEFORE_MS = 86_400_000;
const ITEMS_PER_SHARD = 100;
const HEADERS = "worlds";
const PAGE = 900;

export const partitionOfSites = ({ worldId, load }: Load): string => `${worldId}:${load}:sites`;

/** Items share partitions, so that loading and describing a world takes few requests. */
export const partitionOfItem = ({ worldId, load, shards }: WorldHeader, itemId: string): string =>
  `${worldId}:${load}:${seedOf(itemId) % shards}`;

/** The row of an item or site. Its ledger rows are in the same partition. */
export const stateRow = (id: string): string => `state:${id}`;

/** The row of what items have taken at a site, in the partition of the sites. */
export const claimsRow = (siteId: string): string => `claims:${siteId}`;

const partitionsOf = (header: Load): string[] => [
  partitionOfSites(header),
  ...Array.from({ length: header.shards }, (_, shard) => `${header.worldId}:${header.load}:${shard}`),
];

export async function readHeader(table: Table, worldId: string): Promise<{ header: WorldHeader; etag: string }> {
  const row = await table.get(HEADERS, worldId);
  if (row === null) throw new RecoveryError("world-not-found", `the emulator has no world ${worldId}`);
  if (isOutdated(row)) {
    const versions = `its rows have version ${row.schema}, this program reads version ${HEADER.schema}`;
    const advice = `import world ${worldId} again with ?mode=reset`;
    throw new RecoveryError("row-unreadable", `${advice}: an older build wrote it, ${versions}`);
  }
  return { header: decode(HEADER, row), etag: row.etag };
}

const isOutdated = ({ schema }: Row): boolean => schema > 0 && schema < HEADER.schema;

/** Finds the rows of the previous load, also those of an older build. Fails on those of a newer build. */
function earlierLoad(row: Row | null): Load | null {
  if (row === null) return null;
  return isOutdated(row) ? Load.parse(JSON.parse(row.json)) : decode(HEADER, row);
}

/** Changes the header, and repeats the change when another writer was first. */
export async function changeHeader(
  table: Table,
  worldId: string,
  change: (header: WorldHeader) => WorldHeader,
): Promise<WorldHeader> {
  for (;;) {
    const { header, etag } = await readHeader(table, worldId);
    const changed = change(header);
    try {
      await table.transact(HEADERS, [{ kind: "replace", ...encode(HEADER, worldId, changed), etag }]);
      return changed;
    } catch (error) {
      if (!(error instanceof TableConflict)) throw error;
    }
  }
}

const fresh = { revision: 0, tasks: {}, ledger: [], entries: 0, faultHits: {} };

export function itemsOf(world: World, nowMs: number): EmulatedItem[] {
  const machines = new Map(world.machines.map((machine) => [machine.id, machine]));
  const policies = new Map(world.policies.map((policy) => [policy.id, policy]));
  return world.items.map((item) => {
    const machine = machines.get(item.machineId);
    const policy = policies.get(item.policyId);
    if (machine === undefined || policy === undefined) {
      throw new RecoveryError("world-invalid", `item ${item.id} names an unknown machine or policy`);
    }
    const sinceMs = nowMs - REPLICATED_BEFORE_MS;
    return {
      ...fresh,
      kind: "item",
      id: item.id,
      item,
      machine,
      policy,
      seed: seedOf(`${world.seed}/${item.id}`),
      epoch: 0,
      direction: "primary-to-recovery",
      source: {
        siteId: item.sourceSiteId,
        power: "on",
        heartbeat: "ok",
        tools: machine.form === "physical" ? "absent" : "running",
        writable: true,
      },
      replica: { siteId: item.targetSiteId, power: "off", heartbeat: "none", tools: "absent", writable: false },
      writesBefore: [],
      sourceWrites: [{ fromMs: sinceMs, toMs: null }],
      replicaWrites: [],
      replication: { sinceMs, stoppedAtMs: null, gaps: [] },
      madePoints: [],
      pointsDeleted: false,
      promotedFrom: null,
      reversed: false,
      agentAtMs: null,
      conditions: [],
      leftBehind: [],
      cameHome: false,
      homeDatastoreId: null,
      testCopies: [],
    };
  });
}

export function sitesOf(world: World): EmulatedSite[] {
  const itemIds = new Map(world.items.map(({ id, machineId }) => [machineId, id]));
  return world.sites.map((site) => ({
    ...fresh,
    kind: "site",
    id: site.id,
    site,
    machineNames: [
      ...site.existingMachines,
      ...world.machines.filter(({ siteId }) => siteId === site.id).map(({ name }) => name),
    ],
    machineAddresses: world.machines
      .filter(({ siteId }) => siteId === site.id)
      .flatMap(({ id, nics }) =>
        nics.flatMap(({ networkId, ip, assignment }) =>
          assignment === "static" && ip !== undefined
            ? [{ networkId, address: ip, itemId: itemIds.get(id) ?? null }]
            : [],
        ),
      ),
    testNetworks: [],
    seed: seedOf(`${world.seed}/${site.id}`),
  }));
}

async function writeAll(table: Table, partition: string, operations: readonly RowOperation[]): Promise<void> {
  for (const batch of chunksOf(operations, MAX_BATCH)) await table.transact(partition, batch);
}

/**
 * Writes the header last. Until then every process sees the previous load. A row says meanwhile which loads have rows, so
 * that what a process left when it died is cleared by the next load, or by the removal.
 */
export async function loadWorld(table: Table, world: World, clock: Clock, speed: number): Promise<WorldHeader> {
  const nowMs = clock.now();
  const earlier = earlierLoad(await table.get(HEADERS, world.id));
  const header: WorldHeader = {
    worldId: world.id,
    load: nextLoad(earlier),
    shards: Math.max(1, Math.ceil(world.items.length / ITEMS_PER_SHARD)),
    anchor: { realMs: nowMs, emulatedMs: nowMs, speed },
    links: world.links,
    siteIds: world.sites.map(({ id }) => id),
    faults: [],
    faultsEver: 0,
  };
  if (earlier !== null) for (const partition of partitionsOf(earlier)) await refuseNewer(table, partition);
  await clearUnfinished(table, world.id);
  for (const partition of partitionsOf(header)) await clear(table, partition);
  await table.transact(LOADING, [
    { kind: "put", ...encode(LOADS, world.id, [header, ...(earlier === null ? [] : [earlier])].map(loadOf)) },
  ]);
  await insertStates(table, header, itemsOf(world, nowMs), sitesOf(world));
  await table.transact(HEADERS, [{ kind: "put", ...encode(HEADER, world.id, header) }]);
  if (earlier !== null) for (const partition of partitionsOf(earlier)) await clear(table, partition);
  await forgetLoading(table, world.id);
  return header;
}

const LOADING = "loading";
const LOADS: Codec<Load[]> = { what: "loads of an emulated world", schema: 1, shape: z.array(Load) };

const loadOf = ({ worldId, load, shards }: Load): Load => ({ worldId, load, shards });

/** Clears the loads that a load which never ended has left; not the one in use. */
async function clearUnfinished(table: Table, worldId: string): Promise<void> {
  const row = await table.get(LOADING, worldId);
  if (row === null) return;
  const current = earlierLoad(await table.get(HEADERS, worldId));
  const left = decode(LOADS, row).filter(({ load }) => load !== current?.load);
  for (const partition of left.flatMap(partitionsOf)) await clear(table, partition);
}

const forgetLoading = (table: Table, worldId: string): Promise<unknown> => removeRow(table, LOADING, worldId);

async function removeRow(table: Table, partition: string, row: string): Promise<void> {
  await table.transact(partition, [{ kind: "delete", row }]).catch((error: unknown) => {
    if (!(error instanceof TableConflict)) throw error;
  });
}

/** Inserts the rows of items and sites. */
export async function insertStates(
  table: Table,
  header: WorldHeader,
  items: readonly EmulatedItem[],
  sites: readonly EmulatedSite[],
): Promise<void> {
  const shards = new Map<string, RowOperation[]>();
  for (const item of items) {
    const partition = partitionOfItem(header, item.id);
    shards.set(partition, [
      ...(shards.get(partition) ?? []),
      { kind: "insert", ...encode(ITEM, stateRow(item.id), item) },
    ]);
  }
  const writes = [...shards].map(([partition, operations]) => writeAll(table, partition, operations));
  await Promise.allSettled(writes); // no write is under way any more when the caller hears of a failed one
  await Promise.all(writes);
  const operations = sites.map((site): RowOperation => ({ kind: "insert", ...encode(SITE, stateRow(site.id), site) }));
  await writeAll(table, partitionOfSites(header), operations);
}

/** Removes every row of a world, its header last. */
export async function removeWorldRows(table: Table, worldId: string): Promise<void> {
  const current = earlierLoad(await table.get(HEADERS, worldId));
  if (current !== null) for (const partition of partitionsOf(current)) await refuseNewer(table, partition);
  await clearUnfinished(table, worldId);
  await forgetLoading(table, worldId);
  if (current === null) return;
  for (const partition of partitionsOf(current)) await clear(table, partition);
  await removeRow(table, HEADERS, worldId);
}

const nextLoad = (earlier: Load | null): string => String(Number(earlier?.load ?? 0) + 1);

const NEWEST = Math.max(ITEM.schema, SITE.schema, LEDGER.schema);

/** Protects rows of a newer build from removal by this one. */
async function refuseNewer(table: Table, partition: string): Promise<void> {
  for (let from = ""; ; ) {
    const { rows, more } = await table.list(partition, { from, limit: PAGE });
    const newer = rows.find(({ schema }) => schema > NEWEST);
    if (newer !== undefined) {
      const text = `row ${partition}/${newer.row} has version ${newer.schema} and this program knows version ${NEWEST}`;
      throw new RecoveryError("row-unreadable", `${text}; it was left untouched`);
    }
    const last = rows.at(-1);
    if (!more || last === undefined) return;
    from = `${last.row}!`;
  }
}

async function clear(table: Table, partition: string): Promise<void> {
  for (;;) {
    const { rows, more } = await table.list(partition, { limit: PAGE });
    const deletions = rows.map(({ row }): RowOperation => ({ kind: "delete", row }));
    await writeAll(table, partition, deletions);
    if (!more) return;
  }
}
