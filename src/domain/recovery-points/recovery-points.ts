import { toInstant } from "../text.js";
import type { ReplicationPolicy } from "../worlds/world.js";
import type { RecoveryPoint } from "./recovery-point-choice.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Every point of the last two hours is kept; older ones are thinned out. */
const KEEP_ALL_MS = 2 * HOUR_MS;
const MAX_SLOT_MS = 4 * HOUR_MS;

/** What decides which recovery points exist; all times in milliseconds since the epoch. */
export interface ReplicationHistory {
  policy: Pick<ReplicationPolicy, "crashConsistentMinutes" | "appConsistentMinutes" | "retentionDays">;
  replicationGroupId: string | null;
  /** When initial replication was complete. */
  protectedSinceMs: number;
  /** When replication stopped: from then on no point is made and none is pruned. Null while it runs. */
  stoppedAtMs: number | null;
  /** Spans in which replication had stopped before it was restored: no point was made in them. */
  gaps: readonly { fromMs: number; toMs: number }[];
  /** How long it takes until the data of a moment is in a processed point. */
  processingMs: number;
}

/** How points are thinned out: of those older than an age, one stays in each slot. */
interface Thinning {
  olderThanMs: number;
  slotMs: number;
}

/** By the policy's retention (B.7). Applied one after another, so that a wider slot chooses among what is left. */
function thinningsOf(retentionDays: number): Thinning[] {
  if (retentionDays <= 1) return [{ olderThanMs: KEEP_ALL_MS, slotMs: HOUR_MS }];
  const everyTwoHours = { olderThanMs: KEEP_ALL_MS, slotMs: 2 * HOUR_MS };
  return retentionDays <= 7 ? [everyTwoHours] : [everyTwoHours, { olderThanMs: 7 * DAY_MS, slotMs: MAX_SLOT_MS }];
}

/** A point by its moment alone: thousands are thinned out before the few that stay get names. */
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

/** Newest first; of one moment, the app-consistent point first. */
const newestMomentFirst = (a: Moment, b: Moment): number => b.timeMs - a.timeMs || Number(b.app) - Number(a.app);

/** Of each slot the oldest app-consistent point stays, or else the oldest: what is dropped never comes back later. */
function thinOut(moments: Moment[], atMs: number, { olderThanMs, slotMs }: Thinning): Moment[] {
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

/** All items share the grid, so that a name that was made once serves many. Keyed by kind, then by moment. */
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

/** The name of a point on the schedule is the same for all members of a replication group. */
const named = (moment: Moment, replicationGroupId: string | null): RecoveryPoint => ({
  ...nameOf(moment),
  replicationGroupId,
});

/** The first of `recoveryPointsAt`, for a fraction of what all cost: where none is thinned out, usually there is one. */
export function newestPointAt(history: ReplicationHistory, nowMs: number): RecoveryPoint | null {
  const atMs = Math.min(nowMs, history.stoppedAtMs ?? nowMs);
  const protectedSinceMs = Math.max(history.protectedSinceMs, atMs - KEEP_ALL_MS);
  const [newest = momentsAt(history, nowMs)[0]] = momentsAt({ ...history, protectedSinceMs }, nowMs);
  return newest === undefined ? null : named(newest, history.replicationGroupId);
}

/**
 * The processed recovery points of an item at a moment, newest first: on a grid of the policy's intervals that all
 * items share, from the start of protection, thinned out with age. Once replication has stopped, they stay as they were.
 */
export function recoveryPointsAt(history: ReplicationHistory, nowMs: number): RecoveryPoint[] {
  return momentsAt(history, nowMs).map((moment) => named(moment, history.replicationGroupId));
}

function momentsAt(history: ReplicationHistory, nowMs: number): Moment[] {
  const atMs = Math.min(nowMs, history.stoppedAtMs ?? nowMs);
  const { crashConsistentMinutes, appConsistentMinutes, retentionDays } = history.policy;
  const newestMs = atMs - history.processingMs;
  const oldestMs = atMs - retentionDays * DAY_MS;
  // From the start of a slot: were it cut, a point that was dropped would come back when its better passes retention.
  const fromMs = Math.max(history.protectedSinceMs, Math.floor(oldestMs / MAX_SLOT_MS) * MAX_SLOT_MS);
  const wasMade = ({ timeMs }: Moment): boolean =>
    history.gaps.every((gap) => timeMs <= gap.fromMs - history.processingMs || timeMs >= gap.toMs);
  const made = [
    ...scheduled(crashConsistentMinutes, false, fromMs, newestMs),
    ...scheduled(appConsistentMinutes, true, fromMs, newestMs),
  ].filter(wasMade);
  return thinningsOf(retentionDays)
    .reduce((left, thinning) => thinOut(left, atMs, thinning), made)
    .filter(({ timeMs }) => timeMs >= oldestMs)
    .sort(newestMomentFirst);
}
