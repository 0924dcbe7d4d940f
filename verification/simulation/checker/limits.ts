import { MAX_BATCH, MAX_ROW_CHARACTERS } from "../../../src/store/tables/port.js";
import type { Evidence, Transaction } from "../evidence.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** The largest custom status that the engine accepts, in bytes of UTF-16. */
const MAX_STATUS_BYTES = 16 * 1_024;

/**
 * A longer history makes every episode of its instance expensive, because the episode writes into its partition and
 * replays it. Machines that wait for the slots of a hypervisor leave it one by one. Then each of the 16 of a slice is
 * polled up to twelve times without the others, and each poll takes up to seven rows.
 */
const MAX_HISTORY_ROWS = 16 * 12 * 7;

interface Span {
  atMs: number;
  endedMs: number | null;
  generation: number;
}

/** The maximum concurrency of each host. A call that ended at the time it began was concurrent with nothing. */
function maxConcurrency(spans: readonly Span[]): Map<number, { max: number; atMs: number }> {
  const steps = spans.flatMap(({ atMs, endedMs, generation }) => [
    { generation, atMs, by: 1 },
    { generation, atMs: endedMs ?? Infinity, by: -1 },
  ]);
  steps.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  const now = new Map<number, number>();
  const max = new Map<number, { max: number; atMs: number }>();
  for (const { generation, atMs, by } of steps) {
    const count = (now.get(generation) ?? 0) + by;
    now.set(generation, count);
    if (count > (max.get(generation)?.max ?? 0)) max.set(generation, { max: count, atMs });
  }
  return max;
}

function tooManyAtOnce(what: string, spans: readonly Span[], limit: number): Violation[] {
  return [...maxConcurrency(spans)].flatMap(([generation, { max, atMs }]) =>
    max <= limit
      ? []
      : [
          violation(
            "I21",
            `host ${generation} had ${max} concurrent ${what} at ${moment(atMs)}, the limit is ${limit}`,
          ),
        ],
  );
}

/** Operations in progress at each hypervisor, according to the estate's entry for each that took effect. */
function tooManyAtSites({ items, sites, evidence }: Facts): Violation[] {
  const entries = [...items.flatMap(({ item }) => item.ledger), ...sites.flatMap(({ site }) => site.ledger)];
  const spans = new Map<string, Span[]>();
  for (const { beganAt, at, siteIds } of entries) {
    const span = { atMs: Date.parse(beganAt), endedMs: Date.parse(at), generation: 0 };
    for (const siteId of siteIds) spans.set(siteId, [...(spans.get(siteId) ?? []), span]);
  }
  return [...spans].flatMap(([siteId, all]) => {
    const { max, atMs } = maxConcurrency(all).get(0) ?? { max: 0, atMs: 0 };
    const limit = evidence.limits.hypervisorConcurrency ?? Infinity;
    return max <= limit
      ? []
      : [violation("I21", `site ${siteId} had ${max} concurrent operations at ${moment(atMs)}, the limit is ${limit}`)];
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
    return bytes <= MAX_STATUS_BYTES
      ? []
      : [violation("I21", `the custom status of ${instance.instanceId} has ${bytes} bytes`)];
  });
}

function historyTooLong({ hub }: Evidence): Violation[] {
  return hub.instances.flatMap(({ instance: { name, instanceId }, history }) => {
    const rows = history?.events.length ?? 0;
    return rows <= MAX_HISTORY_ROWS ? [] : [violation("I21", `the history of ${name} ${instanceId} has ${rows} rows`)];
  });
}

/** I21: nothing exceeds its configured concurrency, and nothing exceeds the size of what stores it. */
export function withinLimits(facts: Facts): Violation[] {
  const { evidence } = facts;
  const { effects, limits, store } = evidence;
  const begunByHosts = effects.activities.filter(({ straggler }) => !straggler);
  return [
    ...tooManyAtOnce("operations", effects.operations, limits.operationConcurrency),
    ...tooManyAtOnce("activities", begunByHosts, limits.activityConcurrency),
    ...tooManyAtSites(facts),
    ...store.journal.flatMap(tooLarge),
    ...statusTooLarge(evidence),
    ...historyTooLong(evidence),
  ];
}
