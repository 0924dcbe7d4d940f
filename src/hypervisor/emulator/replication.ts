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

/** Seconds in which a copy took writes, up to a moment. */
function writingSeconds(spans: readonly Span[], atMs: number): number {
  const ms = spans.reduce(
    (sum, { fromMs, toMs: endMs }) => sum + Math.max(0, Math.min(atMs, endMs ?? atMs) - fromMs),
    0,
  );
  return ms / 1_000;
}

const protectedDisks = ({ item, machine }: EmulatedItem): string[] =>
  item.protectedDisks ?? machine.disks.map(({ name }) => name);

/** How many writes each protected disk had taken at a moment: the workload writes evenly while it runs. */
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

/** What the replica holds: the point it was promoted from and its own writes since, or the newest data received. */
export function replicaSequences(state: EmulatedItem, atMs: number): DiskSequence[] {
  if (state.promotedFrom === null) return sourceSequences(state, receivedUntilMs(state, atMs));
  const own = writesOf(state, state.replicaWrites, atMs);
  return sourceSequences(state, toMs(state.promotedFrom.time)).map(({ disk, sequence }, index) => ({
    disk,
    sequence: sequence + (own[index]?.sequence ?? 0),
  }));
}

/** How far the replica is behind, from the seed and the rate of change. */
const receiveLagMs = (state: EmulatedItem): number =>
  seededBetween(state.seed, "receive-lag", 4_000, 12_000) * (1 + state.item.changeRateMbPerSecond / 20);

const processingMs = (state: EmulatedItem): number =>
  Math.round(seededBetween(state.seed, "processing", 20_000, 90_000));

const lastSpanEnd = (spans: readonly Span[]): number | null => spans.at(-1)?.toMs ?? null;

/** From when on no point is made, and so none is pruned: replication has stopped, or the source writes no more. */
export function quietSinceMs({ replication, sourceWrites }: EmulatedItem): number | null {
  const since = [replication.stoppedAtMs, lastSpanEnd(sourceWrites)].filter((ms) => ms !== null);
  return since.length === 0 ? null : Math.min(...since);
}

/** The spans in which a copy took no writes between two in which it did. */
const pausesOf = (spans: readonly Span[]): { fromMs: number; toMs: number }[] =>
  spans.slice(1).map(({ fromMs }, index) => ({ fromMs: spans[index]?.toMs ?? fromMs, toMs: fromMs }));

/** When the source stopped taking writes, or the moment itself while it takes them. */
const lastWriteMs = (state: EmulatedItem, atMs: number): number =>
  Math.min(atMs, lastSpanEnd(state.sourceWrites) ?? atMs);

/** The moment of the source up to which data has arrived. */
function receivedUntilMs(state: EmulatedItem, atMs: number): number {
  const untilMs = Math.min(atMs, state.replication.stoppedAtMs ?? atMs) - receiveLagMs(state);
  const synchronisedMs = state.madePoints.map(({ time }) => toMs(time));
  return Math.max(untilMs, state.replication.sinceMs, ...synchronisedMs);
}

/** Age of the newest data received; a source that writes nothing is up to date. */
export function rpoSeconds(state: EmulatedItem, atMs: number): number {
  const behindMs = lastWriteMs(state, atMs) - receivedUntilMs(state, atMs);
  return Math.max(0, behindMs) / 1_000;
}

/** Moments are texts of one form, which sort as they are. */
const newestFirst = (a: RecoveryPoint, b: RecoveryPoint): number => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1);

/** All points the replica could start from, newest first: those of the schedule and those made on demand. */
export function pointsOf(state: EmulatedItem, atMs: number): RecoveryPoint[] {
  if (state.pointsDeleted) return [];
  return [...madePointsAt(state, atMs), ...recoveryPointsAt(historyOf(state), atMs)].sort(newestFirst);
}

/** The first of them, without making the others. */
export function newestPointOf(state: EmulatedItem, atMs: number): RecoveryPoint | null {
  if (state.pointsDeleted) return null;
  const newest = newestPointAt(historyOf(state), atMs);
  const candidates = [...madePointsAt(state, atMs), ...(newest === null ? [] : [newest])];
  return candidates.sort(newestFirst)[0] ?? null;
}

const historyOf = (state: EmulatedItem): ReplicationHistory => ({
  policy: policyInForce(state),
  replicationGroupId: state.item.replicationGroupId ?? null,
  protectedSinceMs: state.replication.sinceMs,
  stoppedAtMs: quietSinceMs(state),
  gaps: [...state.replication.gaps, ...pausesOf(state.sourceWrites)],
  processingMs: processingMs(state),
});

/** The points made on demand that retention has left. */
function madePointsAt(state: EmulatedItem, atMs: number): RecoveryPoint[] {
  const oldestMs = (quietSinceMs(state) ?? atMs) - Math.max(1, policyInForce(state).retentionDays) * DAY_MS;
  return state.madePoints.filter(({ time }) => toMs(time) >= oldestMs);
}

/** The point of an id among those that were there at a moment. */
export const pointOf = (state: EmulatedItem, id: string | undefined, atMs: number): RecoveryPoint | undefined =>
  pointsOf(state, atMs).find((point) => point.id === id);

const total = (sequences: readonly DiskSequence[]): number =>
  sequences.reduce((sum, { sequence }) => sum + sequence, 0);

/** True when data was received that none of the points, newest first, holds yet. */
export function hasPendingData(state: EmulatedItem, points: readonly RecoveryPoint[], atMs: number): boolean {
  const [newest] = points;
  if (newest === undefined) return true;
  return total(sourceSequences(state, receivedUntilMs(state, atMs))) > total(sourceSequences(state, toMs(newest.time)));
}

/** A point of everything received up to a moment. */
export function pointAt(timeMs: number): RecoveryPoint {
  const wholeMs = Math.floor(timeMs);
  const id = `made-${toInstant(wholeMs).replaceAll(/[-:.]/g, "")}`;
  return { id, time: toInstant(wholeMs), consistency: "crash-consistent", replicationGroupId: null };
}

/** A point of all data received. */
export const receivedPoint = (state: EmulatedItem, atMs: number): RecoveryPoint =>
  pointAt(receivedUntilMs(state, atMs));

/** A point of everything the stopped source has written: the moment is rounded up so that no write is left out. */
export const finalPoint = (state: EmulatedItem, atMs: number): RecoveryPoint =>
  pointAt(Math.ceil(lastWriteMs(state, atMs)));

/** The policy of the way it replicates. */
export const policyInForce = ({ policy, item, direction }: EmulatedItem): ReplicationPolicy =>
  policyOf(policy, item.scenario, direction);

/** Bytes that differ between both copies of a failed-over item: what each wrote since they parted. */
function bytesApart(state: EmulatedItem, atMs: number): number {
  if (state.promotedFrom === null) return 0;
  const left = total(sourceSequences(state, atMs)) - total(sourceSequences(state, toMs(state.promotedFrom.time)));
  return (left + total(writesOf(state, state.replicaWrites, atMs))) * WRITE_BYTES;
}

/** What has to travel when replication turns round: the whole disks, or what differs. */
export const bytesToTurn = (state: EmulatedItem, anew: boolean, atMs: number): number =>
  anew ? bytesOfDisks(state) : bytesApart(state, atMs);

/** Writes of each disk in the point that the replica was promoted from. */
export const sourceSequencesOfPoint = (state: EmulatedItem): number[] =>
  state.promotedFrom === null
    ? state.writesBefore
    : sourceSequences(state, toMs(state.promotedFrom.time)).map(({ sequence }) => sequence);

/** Bytes of all protected disks. */
export const bytesOfDisks = ({ item, machine }: EmulatedItem): number =>
  machine.disks
    .filter(({ name }) => item.protectedDisks?.includes(name) ?? true)
    .reduce((sum, { sizeGb }) => sum + sizeGb * 1_000_000_000, 0);

/** What a promotion from a point leaves behind at the source, counted in its own writes. */
export function lossOf(state: EmulatedItem, point: RecoveryPoint, atMs: number): DataLoss {
  const writes = total(sourceSequences(state, atMs)) - total(sourceSequences(state, toMs(point.time)));
  const seconds = writes === 0 ? 0 : Math.max(0, (lastWriteMs(state, atMs) - toMs(point.time)) / 1_000);
  return { seconds, writes, bytes: writes * WRITE_BYTES };
}
