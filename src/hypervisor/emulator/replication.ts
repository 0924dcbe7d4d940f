/**
 * Replication of one item as a function of time: writes, received data, recovery points and data loss follow from the
 * spans in which copies wrote, so idle items cost nothing. Pure. Shown in hypervisor-failover.suite.ts and
 * hypervisor-failback.suite.ts:
 *
 * I1. A point made after shutdown and final synchronisation holds every write ("H2: …").
 * I2. The data loss of a promotion is what was written after its point ("H3: …", "another point can be promoted…").
 * I3. A point holds only received data. `latest` processes what waits, once ("P4: …", two tests).
 * I4. While replication is stopped or the source is off, points are neither made nor pruned ("points are frozen…", "a
 *     source that is off keeps its points…").
 * I5. Write sequences never go back when replication is reversed ("P1: …").
 * I6. A reversal sends what differs when the original machine exists, and whole disks otherwise ("V2: …").
 */
import type { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import {
  newestPointAt,
  type ReplicationHistory,
  recoveryPointsAt,
} from "../../domain/recovery-points/recovery-points.js";
import { policyOf } from "../../domain/scenario-traits.js";
import { toInstant, toMs } from "../../domain/text.js";
import type { ReplicationPolicy } from "../../domain/worlds/world.js";
import type { DiskSequence } from "../port.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem, Span } from "./state.js";

const WRITE_BYTES = 65_536;
const WRITES_PER_MB = 1_000_000 / WRITE_BYTES;
const DAY_MS = 86_400_000;

/** The seconds up to `atMs` in which a copy took writes. */
function writingSeconds(spans: readonly Span[], atMs: number): number {
  const ms = spans.reduce(
    (sum, { fromMs, toMs: endMs }) => sum + Math.max(0, Math.min(atMs, endMs ?? atMs) - fromMs),
    0,
  );
  return ms / 1_000;
}

const protectedDisks = ({ item, machine }: EmulatedItem): string[] =>
  item.protectedDisks ?? machine.disks.map(({ name }) => name);

/** The writes that each protected disk has taken. The workload writes at a constant rate while it runs. */
function writesOf(state: EmulatedItem, spans: readonly Span[], atMs: number): DiskSequence[] {
  const disks = protectedDisks(state);
  const perSecond = (state.item.changeRateMbPerSecond * WRITES_PER_MB) / disks.length;
  const sequence = Math.floor(writingSeconds(spans, atMs) * perSecond);
  return disks.map((disk) => ({ disk, sequence }));
}

export const sourceSequences = (state: EmulatedItem, atMs: number): DiskSequence[] =>
  writesOf(state, state.sourceWrites, atMs).map(({ disk, sequence }, index) => ({
    disk,
    sequence: sequence + (state.writesBefore[index] ?? 0),
  }));

/** The content of the replica: its promotion point and its own writes since then, or the newest received data. */
export function replicaSequences(state: EmulatedItem, atMs: number): DiskSequence[] {
  if (state.promotedFrom === null) return sourceSequences(state, receivedUntilMs(state, atMs));
  const own = writesOf(state, state.replicaWrites, atMs);
  return sourceSequences(state, toMs(state.promotedFrom.time)).map(({ disk, sequence }, index) => ({
    disk,
    sequence: sequence + (own[index]?.sequence ?? 0),
  }));
}

/** The delay between a write and its arrival, from the seed and the change rate. */
const receiveLagMs = (state: EmulatedItem): number =>
  seededBetween(state.seed, "receive-lag", 4_000, 12_000) * (1 + state.item.changeRateMbPerSecond / 20);

const processingMs = (state: EmulatedItem): number =>
  Math.round(seededBetween(state.seed, "processing", 20_000, 90_000));

const lastSpanEnd = (spans: readonly Span[]): number | null => spans.at(-1)?.toMs ?? null;

/**
 * Since when no point is made or pruned, because replication stopped or the source does not write; null otherwise. A
 * source that was off when replication stopped ends nothing when it writes again before replication does.
 */
export function quietSinceMs({ replication: { stoppedAtMs }, sourceWrites }: EmulatedItem): number | null {
  const offAtStop = pausesOf(sourceWrites).find(
    ({ fromMs, toMs }) => stoppedAtMs !== null && fromMs <= stoppedAtMs && stoppedAtMs <= toMs,
  );
  const since = [stoppedAtMs, lastSpanEnd(sourceWrites), offAtStop?.fromMs ?? null].filter((ms) => ms !== null);
  return since.length === 0 ? null : Math.min(...since);
}

/** The pauses between the spans in which a copy took writes. */
const pausesOf = (spans: readonly Span[]): { fromMs: number; toMs: number }[] =>
  spans.slice(1).map(({ fromMs }, index) => ({ fromMs: spans[index]?.toMs ?? fromMs, toMs: fromMs }));

/** The time of the last write of the source; `atMs` while it writes. */
const lastWriteMs = (state: EmulatedItem, atMs: number): number =>
  Math.min(atMs, lastSpanEnd(state.sourceWrites) ?? atMs);

/** Everything that the source wrote before this time has arrived. */
function receivedUntilMs(state: EmulatedItem, atMs: number): number {
  const untilMs = Math.min(atMs, state.replication.stoppedAtMs ?? atMs) - receiveLagMs(state);
  const synchronisedMs = state.madePoints.map(({ time }) => toMs(time));
  return Math.max(untilMs, state.replication.sinceMs, ...synchronisedMs);
}

/** The age of the newest received data. A source that writes nothing is up to date. */
export function rpoSeconds(state: EmulatedItem, atMs: number): number {
  const behindMs = lastWriteMs(state, atMs) - receivedUntilMs(state, atMs);
  return Math.max(0, behindMs) / 1_000;
}

/** Times are texts of one format, so they sort as texts. */
const newestFirst = (a: RecoveryPoint, b: RecoveryPoint): number => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1);

/** All points that the replica could start from, scheduled and on demand, newest first. */
export function pointsOf(state: EmulatedItem, atMs: number): RecoveryPoint[] {
  if (state.pointsDeleted) return [];
  return [...madePointsAt(state, atMs), ...recoveryPointsAt(historyOf(state), atMs)].sort(newestFirst);
}

/** The first of `pointsOf`, without computing the others. */
export function newestPointOf(state: EmulatedItem, atMs: number): RecoveryPoint | null {
  if (state.pointsDeleted) return null;
  const newest = newestPointAt(historyOf(state), atMs);
  const candidates = [...madePointsAt(state, atMs), ...(newest === null ? [] : [newest])];
  return candidates.sort(newestFirst)[0] ?? null;
}

const historyOf = (state: EmulatedItem): ReplicationHistory => ({
  policy: currentPolicy(state),
  replicationGroupId: state.item.replicationGroupId ?? null,
  protectedSinceMs: state.replication.sinceMs,
  stoppedAtMs: quietSinceMs(state),
  gaps: [...state.replication.gaps, ...pausesOf(state.sourceWrites)],
  processingMs: processingMs(state),
});

/** The on-demand points within retention. */
function madePointsAt(state: EmulatedItem, atMs: number): RecoveryPoint[] {
  const oldestMs = (quietSinceMs(state) ?? atMs) - Math.max(1, currentPolicy(state).retentionDays) * DAY_MS;
  return state.madePoints.filter(({ time }) => toMs(time) >= oldestMs);
}

/** The point with an id, if it existed at `atMs`. */
export const pointOf = (state: EmulatedItem, id: string | undefined, atMs: number): RecoveryPoint | undefined =>
  pointsOf(state, atMs).find((point) => point.id === id);

const total = (sequences: readonly DiskSequence[]): number =>
  sequences.reduce((sum, { sequence }) => sum + sequence, 0);

/** True when received data is in none of the points, given newest first. */
export function hasPendingData(state: EmulatedItem, points: readonly RecoveryPoint[], atMs: number): boolean {
  const [newest] = points;
  if (newest === undefined) return true;
  return total(sourceSequences(state, receivedUntilMs(state, atMs))) > total(sourceSequences(state, toMs(newest.time)));
}

/** An on-demand point of all data up to a time. */
export function pointAt(timeMs: number): RecoveryPoint {
  const wholeMs = Math.floor(timeMs);
  const id = `made-${toInstant(wholeMs).replaceAll(/[-:.]/g, "")}`;
  return { id, time: toInstant(wholeMs), consistency: "crash-consistent", replicationGroupId: null };
}

/** An on-demand point of all received data. */
export const receivedPoint = (state: EmulatedItem, atMs: number): RecoveryPoint =>
  pointAt(receivedUntilMs(state, atMs));

/** A point of everything that a stopped source has written. Its time is rounded up to include the last write. */
export const finalPoint = (state: EmulatedItem, atMs: number): RecoveryPoint =>
  pointAt(Math.ceil(lastWriteMs(state, atMs)));

/** The policy for the present direction of replication. */
export const currentPolicy = ({ policy, item, direction }: EmulatedItem): ReplicationPolicy =>
  policyOf(policy, item.scenario, direction);

/** Bytes that differ between the copies of a failed-over item: the writes of both since the promotion point. */
function differingBytes(state: EmulatedItem, atMs: number): number {
  if (state.promotedFrom === null) return 0;
  const bySource = total(sourceSequences(state, atMs)) - total(sourceSequences(state, toMs(state.promotedFrom.time)));
  return (bySource + total(writesOf(state, state.replicaWrites, atMs))) * WRITE_BYTES;
}

/** Bytes that a reversal of replication sends: whole disks for a new machine, otherwise what differs. */
export const bytesToReverse = (state: EmulatedItem, newMachine: boolean, atMs: number): number =>
  newMachine ? bytesOfDisks(state) : differingBytes(state, atMs);

/** The writes of each disk that the promotion point holds. */
export const sourceSequencesOfPoint = (state: EmulatedItem): number[] =>
  state.promotedFrom === null
    ? state.writesBefore
    : sourceSequences(state, toMs(state.promotedFrom.time)).map(({ sequence }) => sequence);

/** Bytes of all protected disks. */
export const bytesOfDisks = ({ item, machine }: EmulatedItem): number =>
  machine.disks
    .filter(({ name }) => item.protectedDisks?.includes(name) ?? true)
    .reduce((sum, { sizeGb }) => sum + sizeGb * 1_000_000_000, 0);

/** The writes of the source that a promotion to a point loses. */
export function dataLossOf(state: EmulatedItem, point: RecoveryPoint, atMs: number): DataLoss {
  const writes = total(sourceSequences(state, atMs)) - total(sourceSequences(state, toMs(point.time)));
  const seconds = writes === 0 ? 0 : Math.max(0, (lastWriteMs(state, atMs) - toMs(point.time)) / 1_000);
  return { seconds, writes, bytes: writes * WRITE_BYTES };
}
