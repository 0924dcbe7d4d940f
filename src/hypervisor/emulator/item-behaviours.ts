import { toInstant } from "../../domain/text.js";
import type { ItemOperation, ItemOperations } from "../port.js";
import { type Behaviour, type Effect, refuse, type TaskRefusal } from "./behaviour.js";
import { withoutConditions } from "./conditions.js";
import { closed, off, on, reopened } from "./copies.js";
import { promotedTo, startedCopy } from "./promotion.js";
import {
  finalPoint,
  hasPendingData,
  pointOf,
  pointsOf,
  receivedPoint,
  replicaSequences,
  sourceSequences,
} from "./replication.js";
import { REVERSAL_BEHAVIOURS } from "./reversal-behaviours.js";
import type { Copy, EmulatedItem } from "./state.js";
import { TEST_BEHAVIOURS } from "./test-behaviours.js";

/** Keeps the row small. */
const MAX_GAPS = 50;

type ItemBehaviour<O extends ItemOperation> = Behaviour<EmulatedItem, ItemOperations[O]["result"]>;

const staleEpoch = (state: EmulatedItem, epoch: number): TaskRefusal =>
  refuse("stale-epoch", `item ${state.id} is at epoch ${state.epoch}; the request carries ${epoch}`);

const promotedRefusal = (state: EmulatedItem): TaskRefusal | null =>
  state.promotedFrom === null ? null : refuse("operation-refused", `the replica of ${state.id} is promoted`);

const sourceOff = (state: EmulatedItem): TaskRefusal | null =>
  state.source.power === "off" ? null : refuse("operation-refused", `the source of ${state.id} is still on`);

function shutDown(state: EmulatedItem, { atMs }: Effect) {
  const sourceWrites = closed(state.sourceWrites, atMs);
  const changed = { ...withoutConditions(state, "split-brain"), source: off(state.source), sourceWrites };
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

function promotionRefusal(state: EmulatedItem, { params, beganMs }: Effect): TaskRefusal | null {
  const { epoch = 0, pointId } = params;
  if (epoch <= state.epoch) return staleEpoch(state, epoch);
  return pointOf(state, pointId, beganMs) === undefined
    ? refuse("no-recovery-point", `item ${state.id} has no recovery point ${pointId}`)
    : null;
}

function promote(state: EmulatedItem, effect: Effect) {
  const { params, atMs, beganMs } = effect;
  const point = pointOf(state, params.pointId, beganMs);
  if (point === undefined) throw new Error(`promotion of ${state.id} was not checked`);
  const epoch = params.epoch ?? state.epoch + 1;
  const { state: changed, dataLoss } = promotedTo(state, point, epoch, effect);
  return { state: changed, result: { epoch, point, dataLoss, sequences: replicaSequences(changed, atMs) } };
}

function startRefusal(state: EmulatedItem, { params: { epoch = 0 } }: Effect): TaskRefusal | null {
  if (epoch !== state.epoch) return staleEpoch(state, epoch);
  return state.promotedFrom === null ? refuse("operation-refused", `the replica of ${state.id} is not promoted`) : null;
}

function startReplica(state: EmulatedItem, { atMs }: Effect) {
  const changed = startedCopy(state, atMs);
  return { state: changed, result: { startedAt: toInstant(atMs), copy: changed.replica } };
}

function deletePoints(state: EmulatedItem, { atMs }: Effect) {
  const deleted = pointsOf(state, atMs).length;
  return { state: { ...state, madePoints: [], pointsDeleted: true }, result: { deleted } };
}

/** Makes the promoted copy a replica again. Its own writes are lost. */
function demote(state: EmulatedItem, { params: { epoch = 0 } }: Effect) {
  const replica: Copy = { ...off(state.replica), tools: "absent" };
  const changed = {
    ...withoutConditions(state, "split-brain", "address-is-dhcp", "network-manager-lost"),
    epoch,
    promotedFrom: null,
    reversed: false,
    agentAtMs: null,
    leftBehind: [],
    replica,
    replicaWrites: [],
  };
  return { state: changed, result: { epoch } };
}

function restartSource(state: EmulatedItem, { atMs }: Effect) {
  const running = state.source.power === "on" && state.source.writable;
  const copy = on(state.source);
  const sourceWrites = running ? state.sourceWrites : reopened(state.sourceWrites, atMs);
  return { state: { ...state, source: copy, sourceWrites }, result: { startedAt: toInstant(atMs), copy } };
}

function restoreReplication(state: EmulatedItem, { atMs }: Effect) {
  const { stoppedAtMs, sinceMs, gaps } = state.replication;
  const replicatingSince = toInstant(stoppedAtMs === null ? sinceMs : atMs);
  const newGap = stoppedAtMs === null ? [] : [{ fromMs: stoppedAtMs, toMs: atMs }];
  const replication = { sinceMs, stoppedAtMs: null, gaps: [...gaps, ...newGap].slice(-MAX_GAPS) };
  return { state: { ...state, replication }, result: { replicatingSince } };
}

/** The effect of each operation on an item. */
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
  ...REVERSAL_BEHAVIOURS,
};
