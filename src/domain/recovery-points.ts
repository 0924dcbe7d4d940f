import { RecoveryError } from "./errors.js";
import type { RecoveryPoint, RecoveryPointChoice } from "./recovery-point-choice.js";
import { toInstant, toMs } from "./text.js";
import type { ReplicationPolicy } from "./world.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Every point of the last two hours is kept; older ones are thinned out. */
const KEEP_ALL_MS = 2 * HOUR_MS;

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

/** How wide the slots are in which one point is kept, for a point of this age (B.7: by the policy's retention). */
function slotMs(ageMs: number, retentionDays: number): number {
  if (ageMs <= KEEP_ALL_MS) return 0;
  if (retentionDays <= 1) return HOUR_MS;
  return retentionDays > 7 && ageMs > 7 * DAY_MS ? 4 * HOUR_MS : 2 * HOUR_MS;
}

/** The name of a point on the schedule: the same for all members of a replication group. */
const pointId = (consistency: RecoveryPoint["consistency"], timeMs: number): string =>
  `${consistency === "app-consistent" ? "app" : "crash"}-${toInstant(timeMs).replaceAll(/[-:]|\.000/g, "")}`;

function scheduled(
  history: ReplicationHistory,
  consistency: RecoveryPoint["consistency"],
  fromMs: number,
  toMs: number,
) {
  const { crashConsistentMinutes, appConsistentMinutes } = history.policy;
  const everyMs = (consistency === "app-consistent" ? appConsistentMinutes : crashConsistentMinutes) * MINUTE_MS;
  if (everyMs === 0) return [];
  const points: RecoveryPoint[] = [];
  for (let timeMs = Math.ceil(fromMs / everyMs) * everyMs; timeMs <= toMs; timeMs += everyMs) {
    points.push({
      id: pointId(consistency, timeMs),
      time: toInstant(timeMs),
      consistency,
      replicationGroupId: history.replicationGroupId,
    });
  }
  return points;
}

const newestFirst = (a: RecoveryPoint, b: RecoveryPoint): number =>
  toMs(b.time) - toMs(a.time) || a.consistency.localeCompare(b.consistency);

/** Of each slot the oldest app-consistent point stays, or else the oldest: what is dropped never comes back later. */
function prune(points: RecoveryPoint[], atMs: number, retentionDays: number): RecoveryPoint[] {
  const kept = new Map<string, RecoveryPoint>();
  for (const point of points.toSorted(newestFirst)) {
    const timeMs = toMs(point.time);
    const slot = slotMs(atMs - timeMs, retentionDays);
    const key = slot === 0 ? point.id : `${slot}/${Math.floor(timeMs / slot)}`;
    const rival = kept.get(key);
    if (rival === undefined || point.consistency === "app-consistent" || rival.consistency !== "app-consistent") {
      kept.set(key, point);
    }
  }
  return [...kept.values()];
}

/**
 * The processed recovery points of an item at a moment, newest first: on a grid of the policy's intervals that all
 * items share, from the start of protection, thinned out with age. Once replication has stopped, they stay as they were.
 */
export function recoveryPointsAt(history: ReplicationHistory, nowMs: number): RecoveryPoint[] {
  const atMs = Math.min(nowMs, history.stoppedAtMs ?? nowMs);
  const { retentionDays } = history.policy;
  const newestMs = atMs - history.processingMs;
  const oldestMs = Math.max(history.protectedSinceMs, atMs - retentionDays * DAY_MS);
  const points = [
    ...scheduled(history, "crash-consistent", oldestMs, newestMs),
    ...scheduled(history, "app-consistent", oldestMs, newestMs),
  ];
  const wasMade = ({ time }: RecoveryPoint): boolean =>
    history.gaps.every(
      ({ fromMs, toMs: untilMs }) => toMs(time) <= fromMs - history.processingMs || toMs(time) >= untilMs,
    );
  return prune(points.filter(wasMade), atMs, retentionDays).sort(newestFirst);
}

const matches: Record<Exclude<RecoveryPointChoice["kind"], "custom">, (point: RecoveryPoint) => boolean> = {
  latest: () => true,
  "latest-processed": () => true,
  "latest-app-consistent": (point) => point.consistency === "app-consistent",
  "latest-crash-consistent": (point) => point.consistency === "crash-consistent",
};

/**
 * The newest of an item's points that a choice admits. `latest` asks for pending data to be processed first, and then
 * for the newest. Throws `no-recovery-point` when there is none.
 */
export function choosePoint(points: readonly RecoveryPoint[], choice: RecoveryPointChoice): RecoveryPoint {
  const admits =
    choice.kind === "custom" ? (point: RecoveryPoint) => point.id === choice.pointId : matches[choice.kind];
  const chosen = points.filter(admits).sort(newestFirst)[0];
  if (chosen !== undefined) return chosen;
  const wanted = choice.kind === "custom" ? `named ${choice.pointId}` : `for ${choice.kind}`;
  throw new RecoveryError("no-recovery-point", `there is no recovery point ${wanted}`);
}

/** Choices that a replication group answers with one common point; `latest` is each member's own (F4). */
export const wantsCommonPoint = (choice: RecoveryPointChoice): boolean =>
  choice.kind !== "latest" && choice.kind !== "custom";

/**
 * The newest point that every member of a replication group has and the choice admits, by id. Throws
 * `no-common-recovery-point` when there is none.
 */
export function chooseCommonPoint(
  members: readonly { itemId: string; points: readonly RecoveryPoint[] }[],
  choice: RecoveryPointChoice,
): RecoveryPoint {
  const [first, ...others] = members;
  const common = (first?.points ?? []).filter(
    (point) =>
      point.replicationGroupId !== null && others.every(({ points }) => points.some(({ id }) => id === point.id)),
  );
  try {
    return choosePoint(common, choice);
  } catch {
    const names = members.map(({ itemId }) => itemId).join(", ");
    throw new RecoveryError("no-common-recovery-point", `${names} have no common recovery point for ${choice.kind}`);
  }
}
