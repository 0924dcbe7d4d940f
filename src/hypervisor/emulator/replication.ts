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
 * I7. A block that is written twice is sent once, so no amount of data exceeds the disks (replication.test.ts, "however
 *     long…").
 * I8. A preview of a loss and the loss that is measured at the same moment are the same (replication.test.ts, "the loss
 *     of a preview…").
 */

import { lossSecondsOf } from "../../domain/recovery-points/loss.js";
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
import { BLOCK_BYTES, bytesOfDisk, bytesOfDisks, changedBytes, protectedDisks } from "./disk-bytes.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem, Span } from "./state.js";

const WRITES_PER_MB = 1_000_000 / BLOCK_BYTES;
const DAY_MS = 86_400_000;
/** More than what rounding can add to a time. */
const ROUNDING_MS = 0.001;

/** The seconds up to `atMs` in which a copy took writes. */
function writingSeconds(spans: readonly Span[], atMs: number): number {
  const ms = spans.reduce(
    (sum, { fromMs, toMs: endMs }) => sum + Math.max(0, Math.min(atMs, endMs ?? atMs) - fromMs),
    0,
  );
  return ms / 1_000;
}

/** The writes of one disk in a second. The workload writes at a constant rate while it runs, equally on all disks. */
const writesPerSecond = (state: EmulatedItem): number =>
  (state.item.changeRateMbPerSecond * WRITES_PER_MB) / protectedDisks(state).length;

/** The writes that each protected disk has taken. */
function writesOf(state: EmulatedItem, spans: readonly Span[], atMs: number): DiskSequence[] {
  const sequence = writesOfDisk(state, spans, atMs);
  return protectedDisks(state).map(({ name }) => ({ disk: name, sequence }));
}

const writesOfDisk = (state: EmulatedItem, spans: readonly Span[], atMs: number): number =>
  Math.floor(writingSeconds(spans, atMs) * writesPerSecond(state));

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

/** Since when no point is made or pruned, because replication stopped or the source does not write; null otherwise. */
export function quietSinceMs({ replication, sourceWrites }: EmulatedItem): number | null {
  const since = [replication.stoppedAtMs, lastSpanEnd(sourceWrites)].filter((ms) => ms !== null);
  return since.length === 0 ? null : Math.min(...since);
}

/** The pauses between the spans in which a copy took writes. */
const pausesOf = (spans: readonly Span[]): { fromMs: number; toMs: number }[] =>
  spans.slice(1).map(({ fromMs }, index) => ({ fromMs: spans[index]?.toMs ?? fromMs, toMs: fromMs }));

/** Until when the source took writes; `atMs` while it does. */
const wroteUntilMs = (state: EmulatedItem, atMs: number): number =>
  Math.min(atMs, lastSpanEnd(state.sourceWrites) ?? atMs);

/** The time at which a copy had taken writes for so many seconds. */
function timeAfterWriting(spans: readonly Span[], seconds: number): number {
  let leftMs = seconds * 1_000;
  for (const { fromMs, toMs: endMs } of spans) {
    const lengthMs = (endMs ?? Number.POSITIVE_INFINITY) - fromMs;
    if (leftMs <= lengthMs + ROUNDING_MS) return fromMs + Math.min(leftMs, lengthMs);
    leftMs -= lengthMs;
  }
  throw new Error("the copy took no writes for so long");
}

/**
 * The first whole millisecond at which the source had made all of its writes; null when it made none since replication
 * took its present direction. A point holds all of them if it is not older, and lacks some if it is.
 */
export function lastWriteMs(state: EmulatedItem, atMs: number): number | null {
  const spans = state.sourceWrites;
  const writes = writesOfDisk(state, spans, atMs);
  if (writes === 0) return null;
  let ms = Math.ceil(timeAfterWriting(spans, writes / writesPerSecond(state)));
  while (writesOfDisk(state, spans, ms) < writes) ms += 1;
  while (writesOfDisk(state, spans, ms - 1) === writes) ms -= 1;
  return ms;
}

export function lastWriteAt(state: EmulatedItem, atMs: number): string | null {
  const ms = lastWriteMs(state, atMs);
  return ms === null ? null : toInstant(ms);
}

/** Everything that the source wrote before this time has arrived. */
function receivedUntilMs(state: EmulatedItem, atMs: number): number {
  const untilMs = Math.min(atMs, state.replication.stoppedAtMs ?? atMs) - receiveLagMs(state);
  const synchronisedMs = state.madePoints.map(({ time }) => toMs(time));
  return Math.max(untilMs, state.replication.sinceMs, ...synchronisedMs);
}

/** The age of the newest received data. A source that writes nothing is up to date. */
export function rpoSeconds(state: EmulatedItem, atMs: number): number {
  const behindMs = wroteUntilMs(state, atMs) - receivedUntilMs(state, atMs);
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
  pointAt(Math.ceil(wroteUntilMs(state, atMs)));

/** The policy for the present direction of replication. */
export const currentPolicy = ({ policy, item, direction }: EmulatedItem): ReplicationPolicy =>
  policyOf(policy, item.scenario, direction);

/** The writes of each disk between a point and a time. */
const writesSince = (state: EmulatedItem, point: RecoveryPoint, atMs: number): number[] => {
  const held = sourceSequences(state, toMs(point.time));
  return sourceSequences(state, atMs).map(({ sequence }, index) => sequence - (held[index]?.sequence ?? 0));
};

/** The bytes that so many writes of each protected disk have changed. */
const bytesOfWrites = (state: EmulatedItem, writes: readonly number[]): number =>
  protectedDisks(state).reduce((sum, disk, index) => sum + changedBytes(writes[index] ?? 0, bytesOfDisk(disk)), 0);

/** Bytes that differ between the copies of a failed-over item: the writes of both since the promotion point. */
function differingBytes(state: EmulatedItem, atMs: number): number {
  if (state.promotedFrom === null) return 0;
  const byReplica = writesOf(state, state.replicaWrites, atMs);
  const writes = writesSince(state, state.promotedFrom, atMs);
  return bytesOfWrites(
    state,
    writes.map((bySource, index) => bySource + (byReplica[index]?.sequence ?? 0)),
  );
}

/** Bytes that a reversal of replication sends: whole disks for a new machine, otherwise what differs. */
export const bytesToReverse = (state: EmulatedItem, newMachine: boolean, atMs: number): number =>
  newMachine ? bytesOfDisks(protectedDisks(state)) : differingBytes(state, atMs);

/** The writes of each disk that the promotion point holds. */
export const sourceSequencesOfPoint = (state: EmulatedItem): number[] =>
  state.promotedFrom === null
    ? state.writesBefore
    : sourceSequences(state, toMs(state.promotedFrom.time)).map(({ sequence }) => sequence);

/** The writes of the source that a promotion to a point loses. */
export function dataLossOf(state: EmulatedItem, point: RecoveryPoint, atMs: number): DataLoss {
  const lost = writesSince(state, point, atMs);
  const writes = lost.reduce((sum, count) => sum + count, 0);
  return { seconds: lossSecondsOf(point, lastWriteAt(state, atMs)), writes, bytes: bytesOfWrites(state, lost) };
}
