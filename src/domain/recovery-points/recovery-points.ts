import { toInstant } from "../text.js";
import type { ReplicationPolicy } from "../worlds/world.js";
import type { RecoveryPoint } from "./recovery-point-choice.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Every recovery point of the last two hours is kept; older ones are pruned. */
const KEEP_ALL_MS = 2 * HOUR_MS;
const MAX_SLOT_MS = 4 * HOUR_MS;

/** What decides which recovery points exist. Times are milliseconds since the epoch. */
export interface ReplicationHistory {
  policy: Pick<ReplicationPolicy, "crashConsistentMinutes" | "appConsistentMinutes" | "retentionDays">;
  replicationGroupId: string | null;
  /** When initial replication was complete. */
  protectedSinceMs: number;
  /** When replication stopped. Since then no point is made and none is pruned. Null while it runs. */
  stoppedAtMs: number | null;
  /** Periods without replication, in which no point was made. */
  gaps: readonly { fromMs: number; toMs: number }[];
  /** The time from a write until it is in a processed point. */
  processingMs: number;
}

/** A rule of pruning: of the points older than an age, one stays in each slot. */
interface PruningRule {
  olderThanMs: number;
  slotMs: number;
}

/** The rules of a retention time (B.7). They apply in order, so that a wider slot chooses among the points that are left. */
function pruningRulesOf(retentionDays: number): PruningRule[] {
  if (retentionDays <= 1) return [{ olderThanMs: KEEP_ALL_MS, slotMs: HOUR_MS }];
  const everyTwoHours = { olderThanMs: KEEP_ALL_MS, slotMs: 2 * HOUR_MS };
  return retentionDays <= 7 ? [everyTwoHours] : [everyTwoHours, { olderThanMs: 7 * DAY_MS, slotMs: MAX_SLOT_MS }];
}

/** A point without its name: thousands are pruned before the few that stay get names. */
interface Moment {
  timeMs: number;
  app: boolean;
}

function scheduled(everyMinutes: number, app: boolean, fromMs: number, toMs: number): Moment[] {
  const everyMs = everyMinutes * MINUTE_MS;
  if (everyMs === 0) return [];
  const firstMs = Math.ceil(fromMs / everyMs) * everyMs;
  const count = Math.max(0, Math.floor((toMs - firstMs) / everyMs) + 1);
  return Array.from({ length: count }, (_, index) => ({ timeMs: firstMs + index * everyMs, app }));
}

/** Newest first; at the same time, the app-consistent point first. */
const newestMomentFirst = (a: Moment, b: Moment): number => b.timeMs - a.timeMs || Number(b.app) - Number(a.app);

/** The oldest app-consistent point of each slot stays, otherwise the oldest point, so a pruned point never reappears. */
function prune(moments: Moment[], atMs: number, { olderThanMs, slotMs }: PruningRule): Moment[] {
  const kept: Moment[] = [];
  const slots = new Map<number, Moment>();
  for (const moment of moments.sort(newestMomentFirst)) {
    if (atMs - moment.timeMs <= olderThanMs) {
      kept.push(moment);
      continue;
    }
    const slot = Math.floor(moment.timeMs / slotMs);
    if (moment.app || !slots.get(slot)?.app) slots.set(slot, moment);
  }
  return [...kept, ...slots.values()];
}

type NamedMoment = Omit<RecoveryPoint, "replicationGroupId">;

/** All items share the schedule, so the names are cached: by kind, then by time. */
const NAMES = { app: new Map<number, NamedMoment>(), crash: new Map<number, NamedMoment>() };
const MAX_CACHED_NAMES = 10_000;

function nameOf({ timeMs, app }: Moment): NamedMoment {
  const kind = app ? "app" : "crash";
  const known = NAMES[kind].get(timeMs);
  if (known) return known;
  const time = toInstant(timeMs);
  const id = `${kind}-${time.replaceAll(/[-:]|\.000/g, "")}`;
  const name: NamedMoment = { id, time, consistency: app ? "app-consistent" : "crash-consistent" };
  if (NAMES[kind].size === MAX_CACHED_NAMES) NAMES[kind].clear();
  NAMES[kind].set(timeMs, name);
  return name;
}

const named = (moment: Moment, replicationGroupId: string | null): RecoveryPoint => ({
  ...nameOf(moment),
  replicationGroupId,
});

/** The first of `recoveryPointsAt`, much faster: it looks first at the recent points, which are not pruned. */
export function newestPointAt(history: ReplicationHistory, nowMs: number): RecoveryPoint | null {
  const atMs = Math.min(nowMs, history.stoppedAtMs ?? nowMs);
  const protectedSinceMs = Math.max(history.protectedSinceMs, atMs - KEEP_ALL_MS);
  const [newest = momentsAt(history, nowMs)[0]] = momentsAt({ ...history, protectedSinceMs }, nowMs);
  return newest === undefined ? null : named(newest, history.replicationGroupId);
}

/**
 * The processed recovery points of an item at a time, newest first. They lie on a schedule of the policy's intervals that
 * all items share, start with the protection, and are pruned with age. After replication has stopped, they stay.
 */
export function recoveryPointsAt(history: ReplicationHistory, nowMs: number): RecoveryPoint[] {
  return momentsAt(history, nowMs).map((moment) => named(moment, history.replicationGroupId));
}

function momentsAt(history: ReplicationHistory, nowMs: number): Moment[] {
  const atMs = Math.min(nowMs, history.stoppedAtMs ?? nowMs);
  const { crashConsistentMinutes, appConsistentMinutes, retentionDays } = history.policy;
  const newestMs = atMs - history.processingMs;
  const oldestMs = atMs - retentionDays * DAY_MS;
  // Starts at the boundary of a slot. Otherwise a pruned point would reappear when the kept one passes its retention.
  const fromMs = Math.max(history.protectedSinceMs, Math.floor(oldestMs / MAX_SLOT_MS) * MAX_SLOT_MS);
  const wasMade = ({ timeMs }: Moment): boolean =>
    history.gaps.every((gap) => timeMs <= gap.fromMs - history.processingMs || timeMs >= gap.toMs);
  const made = [
    ...scheduled(crashConsistentMinutes, false, fromMs, newestMs),
    ...scheduled(appConsistentMinutes, true, fromMs, newestMs),
  ].filter(wasMade);
  return pruningRulesOf(retentionDays)
    .reduce((left, rule) => prune(left, atMs, rule), made)
    .filter(({ timeMs }) => timeMs >= oldestMs)
    .sort(newestMomentFirst);
}
