import { MAX_BATCH, MAX_ROW_CHARACTERS } from "../../../src/store/tables/port.js";
import type { Evidence, Transaction } from "../evidence.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** The most that the engine takes as a custom status, in bytes of UTF-16. */
const MOST_STATUS_BYTES = 16 * 1_024;

/** A history beyond this makes every episode of its instance dear: to write into its partition, and to replay. */
const MOST_HISTORY_ROWS = 1_000;

interface Span {
  atMs: number;
  endedMs: number | null;
  generation: number;
}

/** How many of one host were under way at once, at most. What ended in the moment it began was beside nothing. */
function mostAtOnce(spans: readonly Span[]): Map<number, { most: number; atMs: number }> {
  const steps = spans.flatMap(({ atMs, endedMs, generation }) => [
    { generation, atMs, by: 1 },
    { generation, atMs: endedMs ?? Infinity, by: -1 },
  ]);
  steps.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  const now = new Map<number, number>();
  const most = new Map<number, { most: number; atMs: number }>();
  for (const { generation, atMs, by } of steps) {
    const count = (now.get(generation) ?? 0) + by;
    now.set(generation, count);
    if (count > (most.get(generation)?.most ?? 0)) most.set(generation, { most: count, atMs });
  }
  return most;
}

function tooManyAtOnce(what: string, spans: readonly Span[], limit: number): Violation[] {
  return [...mostAtOnce(spans)].flatMap(([generation, { most, atMs }]) =>
    most <= limit
      ? []
      : [violation("I21", `host ${generation} had ${most} ${what} under way at ${moment(atMs)}, of at most ${limit}`)],
  );
}

/** Runs of activities as the host began them: one that was delivered twice at once came from outside its limit. */
function begunByHosts({ effects }: Evidence): Evidence["effects"]["activities"] {
  const endedMs = new Map<string, number>();
  return effects.activities.filter((run) => {
    const task = `${run.generation} ${run.instanceId} ${run.taskId}`;
    const known = endedMs.get(task) ?? -Infinity;
    endedMs.set(task, Math.max(known, run.endedMs ?? Infinity));
    return known <= run.atMs;
  });
}

/** Operations that each hypervisor had under way, by what the estate says of each that took effect. */
function tooManyAtSites({ items, sites, evidence }: Facts): Violation[] {
  const entries = [...items.flatMap(({ item }) => item.ledger), ...sites.flatMap(({ site }) => site.ledger)];
  const spans = new Map<string, Span[]>();
  for (const { beganAt, at, siteIds } of entries) {
    const span = { atMs: Date.parse(beganAt), endedMs: Date.parse(at), generation: 0 };
    for (const siteId of siteIds) spans.set(siteId, [...(spans.get(siteId) ?? []), span]);
  }
  return [...spans].flatMap(([siteId, all]) => {
    const { most, atMs } = mostAtOnce(all).get(0) ?? { most: 0, atMs: 0 };
    const limit = evidence.limits.hypervisorOperations ?? Infinity;
    return most <= limit
      ? []
      : [violation("I21", `site ${siteId} had ${most} operations under way at ${moment(atMs)}, of at most ${limit}`)];
  });
}

function tooLarge({ operations, table, partition, atMs }: Transaction): Violation[] {
  const where = `a transaction on ${table}/${partition} at ${moment(atMs)}`;
  const rows = new Set(operations.map(({ row }) => row));
  const long = operations.find(({ json }) => (json?.length ?? 0) > MAX_ROW_CHARACTERS);
  return [
    ...(operations.length > MAX_BATCH ? [violation("I21", `${where} had ${operations.length} operations`)] : []),
    ...(rows.size < operations.length ? [violation("I21", `${where} named a row twice`, ...rows)] : []),
    ...(long === undefined ? [] : [violation("I21", `${where} wrote ${long.json?.length} characters to ${long.row}`)]),
  ];
}

function statusTooLarge({ hub }: Evidence): Violation[] {
  return hub.instances.flatMap(({ instance, history }) => {
    const bytes = (history?.customStatus?.length ?? 0) * 2;
    return bytes <= MOST_STATUS_BYTES
      ? []
      : [violation("I21", `the custom status of ${instance.instanceId} has ${bytes} bytes`)];
  });
}

function historyTooLong({ hub }: Evidence): Violation[] {
  return hub.instances.flatMap(({ instance: { name, instanceId }, history }) => {
    const rows = history?.events.length ?? 0;
    return rows <= MOST_HISTORY_ROWS ? [] : [violation("I21", `the history of ${name} ${instanceId} has ${rows} rows`)];
  });
}

/** I21: no more under way at once than configured, and nothing larger than what holds it. */
export function limitsHold(facts: Facts): Violation[] {
  const { evidence } = facts;
  const { effects, limits, store } = evidence;
  return [
    ...tooManyAtOnce("operations", effects.operations, limits.operationsAtOnce),
    ...tooManyAtOnce("activities", begunByHosts(evidence), limits.activitiesAtOnce),
    ...tooManyAtSites(facts),
    ...store.journal.flatMap(tooLarge),
    ...statusTooLarge(evidence),
    ...historyTooLong(evidence),
  ];
}
