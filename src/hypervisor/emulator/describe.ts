import type { Clock } from "../../domain/clock.js";
import { hasCode, RecoveryError } from "../../domain/errors.js";
import type { ItemSnapshot, SiteSnapshot } from "../../domain/items/snapshot.js";
import type { Observation } from "../../domain/plans/probes.js";
import { diskCoverageOf } from "../../domain/recovery-points/recovery-point-solver.js";
import { toInstant } from "../../domain/text.js";
import type { Occupancy } from "../../domain/worlds/occupancy.js";
import { decode } from "../../store/tables/codec.js";
import type { Table } from "../../store/tables/port.js";
import type { GroundTruth, Leftovers, RecoveryPoints, StartedCopy } from "../port.js";
import { isUnreachable } from "./faults.js";
import { observationOf } from "./observe.js";
import { narrowed, occupancyOf, readClaims } from "./occupancies.js";
import {
  currentPolicy,
  dataLossOf,
  hasPendingData,
  lastWriteAt,
  newestPointOf,
  pointsOf,
  receivedPoint,
  replicaSequences,
  rpoSeconds,
  sourceSequences,
} from "./replication.js";
import { type EmulatedItem, type EmulatedSite, ITEM, SITE, type WorldHeader } from "./state.js";
import { settle, type TaskRules } from "./tasks.js";
import { partitionOfItem, partitionOfSites, stateRow } from "./world-rows.js";
import { emulatedMs, type Worlds } from "./worlds.js";

/** Above this number of items of one shard, one query costs less than single reads. */
const MAX_SINGLE_READS = 8;
const PAGE = 900;

interface Rules {
  item: TaskRules<EmulatedItem>;
  site: TaskRules<EmulatedSite>;
}

/** Read access. Every state is shown as it is now, with the effects of all due tasks. */
export interface Descriptions {
  items(worldId: string, itemIds: readonly string[]): Promise<ItemSnapshot[]>;
  site(worldId: string, siteId: string): Promise<SiteSnapshot>;
  recoveryPoints(worldId: string, itemId: string): Promise<RecoveryPoints>;
  observe(worldId: string, itemId: string, copy: StartedCopy): Promise<Observation>;
  leftovers(worldId: string, itemIds: readonly string[], executionId: string | null): Promise<Leftovers>;
  groundTruth(worldId: string, itemId: string): Promise<GroundTruth>;
}

export function createDescriptions(table: Table, worlds: Worlds, clock: Clock, rules: Rules): Descriptions {
  const statesIn = async (header: WorldHeader, itemIds: readonly string[]) => {
    const nowMs = emulatedMs(header, clock.now());
    const found = await readItems(table, header, itemIds);
    const missing = itemIds.filter((itemId) => !found.has(itemId));
    if (missing.length > 0) {
      throw new RecoveryError("item-not-found", `world ${header.worldId} has no item ${missing.join(", ")}`);
    }
    const states = itemIds.flatMap((itemId) => found.get(itemId) ?? []);
    return { nowMs, states: states.map((state) => settle(rules.item, state, nowMs)) };
  };

  const statesOf = (worldId: string, itemIds: readonly string[]) =>
    worlds.inCurrentLoad(worldId, (header) => statesIn(header, itemIds));

  const oneState = async (worldId: string, itemId: string) => {
    const { nowMs, states } = await statesOf(worldId, [itemId]);
    const [state] = states;
    if (state === undefined) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
    return { nowMs, state };
  };

  const siteState = (worldId: string, siteId: string) =>
    worlds.inCurrentLoad(worldId, async (header) => {
      const row = await table.get(partitionOfSites(header), stateRow(siteId));
      if (row === null) throw new RecoveryError("not-found", `world ${worldId} has no site ${siteId}`);
      return { header, state: settle(rules.site, decode(SITE, row), emulatedMs(header, clock.now())) };
    });

  return {
    items: async (worldId, itemIds) => {
      const { nowMs, states } = await statesOf(worldId, itemIds);
      return states.map((state) => itemSnapshot(state, nowMs));
    },
    site: async (worldId, siteId) => {
      const { header, state } = await siteState(worldId, siteId);
      const { site, machineNames, machineAddresses, testNetworks } = state;
      const taken = await takenAt(table, header, state, rules.item, emulatedMs(header, clock.now()));
      return { site, reachable: !isUnreachable(header, siteId), machineNames, machineAddresses, taken, testNetworks };
    },
    recoveryPoints: async (worldId, itemId) => {
      const { nowMs, state } = await oneState(worldId, itemId);
      const points = pointsOf(state, nowMs);
      return {
        itemId,
        replicationGroupId: state.item.replicationGroupId ?? null,
        points,
        pending: state.promotedFrom === null && hasPendingData(state, points, nowMs),
        receivedUntil: receivedPoint(state, nowMs).time,
        lastWriteAt: lastWriteAt(state, nowMs),
        disks: diskCoverageOf(state.item, state.machine),
        at: toInstant(nowMs),
      };
    },
    observe: async (worldId, itemId, copy) => {
      const { nowMs, state } = await oneState(worldId, itemId);
      return observationOf(state, copy, nowMs);
    },
    leftovers: async (worldId, itemIds, executionId) => {
      const { states } = await statesOf(worldId, itemIds);
      const siteIds = [...new Set(states.flatMap(sitesOf))];
      const sites = await Promise.all(siteIds.map((siteId) => siteState(worldId, siteId)));
      return leftoversOf(
        states,
        sites.map(({ state }) => state),
        (owner) => executionId === null || owner === executionId,
      );
    },
    groundTruth: async (worldId, itemId) => {
      const { nowMs, state } = await oneState(worldId, itemId);
      const { source, replica, epoch } = state;
      return {
        source: { power: source.power, writable: source.writable, sequences: sourceSequences(state, nowMs) },
        replica: { power: replica.power, writable: replica.writable, sequences: replicaSequences(state, nowMs) },
        epoch,
      };
    },
  };
}

/** What items have taken at a site. A claim that is not confirmed is compared with its item. */
async function takenAt(
  table: Table,
  header: WorldHeader,
  site: EmulatedSite,
  rules: TaskRules<EmulatedItem>,
  nowMs: number,
): Promise<Occupancy[]> {
  const { claims } = await readClaims(table, header, site.id);
  const doubtful = Object.entries(claims).flatMap(([itemId, { isConfirmed }]) => (isConfirmed ? [] : [itemId]));
  const states = await readableItems(table, header, doubtful);
  return Object.entries(claims).flatMap(([itemId, claim]) => {
    const state = states.get(itemId);
    const real = state === undefined ? claim : narrowed(claim, settle(rules, state, nowMs), site);
    return real === undefined ? [] : [occupancyOf(itemId, real)];
  });
}

/** The items that can be read. One that cannot keeps what it claimed, and does not hold the others up. */
async function readableItems(
  table: Table,
  header: WorldHeader,
  itemIds: readonly string[],
): Promise<Map<string, EmulatedItem>> {
  if (itemIds.length === 0) return new Map();
  try {
    return await readItems(table, header, itemIds);
  } catch (thrown) {
    if (!hasCode(thrown, "row-unreadable")) throw thrown;
    if (itemIds.length === 1) return new Map();
    const middle = Math.ceil(itemIds.length / 2);
    const halves = [itemIds.slice(0, middle), itemIds.slice(middle)];
    const read = await Promise.all(halves.map((half) => readableItems(table, header, half)));
    return new Map(read.flatMap((found) => [...found]));
  }
}

async function readItems(
  table: Table,
  header: WorldHeader,
  itemIds: readonly string[],
): Promise<Map<string, EmulatedItem>> {
  const shards = new Map<string, string[]>();
  for (const itemId of itemIds) {
    const partition = partitionOfItem(header, itemId);
    shards.set(partition, [...(shards.get(partition) ?? []), itemId]);
  }
  const read = await Promise.all([...shards].map(([partition, ids]) => readShard(table, partition, ids)));
  return new Map(read.flat().map((state) => [state.id, state]));
}

/**
 * Each shard is decoded as it arrives, and nothing of it that nobody asked for: a thousand rows in one go hold the
 * process for a tenth of a second, and every request with it.
 */
async function readShard(table: Table, partition: string, ids: readonly string[]): Promise<EmulatedItem[]> {
  const wanted = ids.map(stateRow);
  const rows =
    ids.length <= MAX_SINGLE_READS
      ? await Promise.all(wanted.map((row) => table.get(partition, row)))
      : (await table.list(partition, { from: stateRow(""), before: "state;", limit: PAGE })).rows;
  const isWanted = new Set(wanted);
  return rows.flatMap((row) => (row !== null && isWanted.has(row.row) ? decode(ITEM, row) : []));
}

function itemSnapshot(state: EmulatedItem, nowMs: number): ItemSnapshot {
  const { item, machine, epoch, promotedFrom, direction, source, replica, replication, testCopies } = state;
  return {
    item,
    machine,
    policy: currentPolicy(state),
    epoch,
    promotedFrom,
    dataLoss: promotedFrom === null ? null : dataLossOf(state, promotedFrom, nowMs),
    direction,
    source,
    replica,
    replication: {
      state: replication.stoppedAtMs === null ? "replicating" : "stopped",
      rpoSeconds: rpoSeconds(state, nowMs),
      newestPoint: newestPointOf(state, nowMs),
      reversed: state.reversed,
    },
    agentRegistered: state.agentAtMs === null || state.agentAtMs <= nowMs,
    conditions: state.conditions.map(({ type, sinceMs }) => ({ type, since: toInstant(sinceMs) })),
    leftBehind: state.leftBehind,
    testCopies: testCopies.map(({ executionId, networkId, power }) => ({ executionId, networkId, power })),
  };
}

const sitesOf = ({ source, replica }: EmulatedItem): string[] => [source.siteId, replica.siteId];

function leftoversOf(
  items: readonly EmulatedItem[],
  sites: readonly EmulatedSite[],
  concerns: (executionId: string) => boolean,
): Leftovers {
  const at = (site: EmulatedSite) => items.filter((item) => sitesOf(item).includes(site.id)).map(({ id }) => id);
  return {
    testCopies: items.flatMap(({ id, replica, testCopies }) =>
      testCopies
        .filter(({ executionId }) => concerns(executionId))
        .map(({ executionId, name }) => ({ itemId: id, siteId: replica.siteId, executionId, name })),
    ),
    testNetworks: sites.flatMap((site) =>
      site.testNetworks
        .filter(({ executionId }) => concerns(executionId))
        .map(({ id, executionId }) => ({ siteId: site.id, networkId: id, executionId, itemIds: at(site) })),
    ),
  };
}
