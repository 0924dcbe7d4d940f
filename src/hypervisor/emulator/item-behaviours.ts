import { toInstant } from "../../domain/text.js";
import type { ItemOperation, ItemOperations } from "../port.js";
import { type Behaviour, type Effect, type Refusal, refuse } from "./behaviour.js";
import { off, on, replicaTools } from "./copies.js";
import {
  finalPoint,
  hasPendingData,
  lossOf,
  pointOf,
  pointsOf,
  receivedPoint,
  replicaSequences,
  sourceSequences,
} from "./replication.js";
import type { Copy, EmulatedItem, Span } from "./state.js";
import { TEST_BEHAVIOURS } from "./test-behaviours.js";

type ItemBehaviour<O extends ItemOperation> = Behaviour<EmulatedItem, ItemOperations[O]["result"]>;

const end = (spans: readonly Span[], atMs: number): Span[] =>
  spans.map((span) => (span.toMs === null ? { ...span, toMs: atMs } : span));
const begin = (spans: readonly Span[], atMs: number): Span[] => [...end(spans, atMs), { fromMs: atMs, toMs: null }];

const staleEpoch = (state: EmulatedItem, epoch: number): Refusal =>
  refuse("stale-epoch", `item ${state.id} is at epoch ${state.epoch}; the request carries ${epoch}`);

const promotedRefusal = (state: EmulatedItem): Refusal | null =>
  state.promotedFrom === null ? null : refuse("operation-refused", `the replica of ${state.id} is promoted`);

const sourceOff = (state: EmulatedItem): Refusal | null =>
  state.source.power === "off" ? null : refuse("operation-refused", `the source of ${state.id} is still on`);

function shutDown(state: EmulatedItem, { atMs }: Effect) {
  const sourceWrites = end(state.sourceWrites, atMs);
  const changed = { ...state, source: off(state.source), sourceWrites };
  const offSince = toInstant(sourceWrites.at(-1)?.toMs ?? atMs);
  return { state: changed, result: { offSince, sequences: sourceSequences(changed, atMs) } };
}

function synchronise(state: EmulatedItem, { atMs }: Effect) {
  const point = finalPoint(state, atMs);
  const madePoints = [point, ...state.madePoints.filter(({ id }) => id !== point.id)];
  const changed = { ...state, madePoints };
  return { state: changed, result: { point, sequences: replicaSequences(changed, atMs) } };
}

function processPending(state: EmulatedItem, { atMs }: Effect) {
  const points = pointsOf(state, atMs);
  const [newest] = points;
  if (newest !== undefined && !hasPendingData(state, points, atMs)) return { state, result: { point: newest } };
  const point = receivedPoint(state, atMs);
  return { state: { ...state, madePoints: [point, ...state.madePoints] }, result: { point } };
}

function stopReplication(state: EmulatedItem, { atMs }: Effect) {
  const stoppedAtMs = state.replication.stoppedAtMs ?? atMs;
  const changed = { ...state, replication: { ...state.replication, stoppedAtMs } };
  return { state: changed, result: { stoppedAt: toInstant(stoppedAtMs) } };
}

function promotionRefusal(state: EmulatedItem, { params, beganMs }: Effect): Refusal | null {
  const { epoch = 0, pointId } = params;
  if (epoch <= state.epoch) return staleEpoch(state, epoch);
  return pointOf(state, pointId, beganMs) === undefined
    ? refuse("no-recovery-point", `item ${state.id} has no recovery point ${pointId}`)
    : null;
}

/** The source takes no writes from here on, even if it is still on: two copies never write. */
function promote(state: EmulatedItem, { params, atMs, beganMs }: Effect) {
  const point = pointOf(state, params.pointId, beganMs);
  if (point === undefined) throw new Error(`promotion of ${state.id} was not checked`);
  const epoch = params.epoch ?? state.epoch + 1;
  const source = { ...state.source, writable: false };
  const fenced = { ...state, source, sourceWrites: end(state.sourceWrites, atMs) };
  const dataLoss = lossOf(fenced, point, atMs);
  const changed = { ...fenced, epoch, promotedFrom: point, replica: off(state.replica), replicaWrites: [] };
  return { state: changed, result: { epoch, point, dataLoss, sequences: replicaSequences(changed, atMs) } };
}

function startRefusal(state: EmulatedItem, { params: { epoch = 0 } }: Effect): Refusal | null {
  if (epoch !== state.epoch) return staleEpoch(state, epoch);
  return state.promotedFrom === null ? refuse("operation-refused", `the replica of ${state.id} is not promoted`) : null;
}

function startReplica(state: EmulatedItem, { atMs }: Effect) {
  const copy: Copy = { ...on(state.replica), tools: replicaTools(state) };
  const changed = { ...state, replica: copy, replicaWrites: begin(state.replicaWrites, atMs) };
  return { state: changed, result: { startedAt: toInstant(atMs), copy } };
}

function deletePoints(state: EmulatedItem, { atMs }: Effect) {
  const deleted = pointsOf(state, atMs).length;
  return { state: { ...state, madePoints: [], pointsDeleted: true }, result: { deleted } };
}

/** A replica again: what it wrote by itself is gone. */
function demote(state: EmulatedItem, { params: { epoch = 0 } }: Effect) {
  const replica: Copy = { ...off(state.replica), tools: "absent" };
  const changed = { ...state, epoch, promotedFrom: null, replica, replicaWrites: [] };
  return { state: changed, result: { epoch } };
}

function restartSource(state: EmulatedItem, { atMs }: Effect) {
  const running = state.source.power === "on" && state.source.writable;
  const copy = on(state.source);
  const sourceWrites = running ? state.sourceWrites : begin(state.sourceWrites, atMs);
  return { state: { ...state, source: copy, sourceWrites }, result: { startedAt: toInstant(atMs), copy } };
}

function restoreReplication(state: EmulatedItem, { atMs }: Effect) {
  const { stoppedAtMs, sinceMs, gaps } = state.replication;
  const replicatingSince = toInstant(stoppedAtMs === null ? sinceMs : atMs);
  const more = stoppedAtMs === null ? [] : [{ fromMs: stoppedAtMs, toMs: atMs }];
  const replication = { sinceMs, stoppedAtMs: null, gaps: [...gaps, ...more].slice(-50) };
  return { state: { ...state, replication }, result: { replicatingSince } };
}

/** What each operation on an item does. */
export const ITEM_BEHAVIOURS: { [O in ItemOperation]: ItemBehaviour<O> } = {
  "shut-down-source": { apply: shutDown },
  "final-synchronise": { refuses: (state) => sourceOff(state) ?? promotedRefusal(state), apply: synchronise },
  "process-pending-data": { refuses: promotedRefusal, apply: processPending },
  "stop-replication": { apply: stopReplication },
  "promote-replica": { refuses: promotionRefusal, apply: promote },
  "start-replica": { refuses: startRefusal, apply: startReplica },
  "delete-recovery-points": {
    refuses: (state) =>
      state.promotedFrom === null ? refuse("operation-refused", `the replica of ${state.id} is not promoted`) : null,
    apply: deletePoints,
  },
  "demote-replica": {
    refuses: (state, { params: { epoch = 0 } }) => (epoch <= state.epoch ? staleEpoch(state, epoch) : null),
    apply: demote,
  },
  "restart-source": { refuses: promotedRefusal, apply: restartSource },
  "restore-replication": { refuses: promotedRefusal, apply: restoreReplication },
  ...TEST_BEHAVIOURS,
};
