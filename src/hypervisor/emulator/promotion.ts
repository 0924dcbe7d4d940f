import type { LeftBehind } from "../../domain/items/snapshot.js";
import type { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { Effect } from "./behaviour.js";
import { arrivedHome, noticed } from "./conditions.js";
import { off, on, replicaTools } from "./copies.js";
import { lossOf } from "./replication.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem, Span } from "./state.js";

/** A booted agent registers within 15 minutes (F7). */
const AGENT_MS = { soonest: 5 * 60_000, latest: 15 * 60_000 };

export const end = (spans: readonly Span[], atMs: number): Span[] =>
  spans.map((span) => (span.toMs === null ? { ...span, toMs: atMs } : span));
export const begin = (spans: readonly Span[], atMs: number): Span[] => [
  ...end(spans, atMs),
  { fromMs: atMs, toMs: null },
];

/** What a failback leaves at the recovery site, to be removed later. */
const leftBy = ({ direction, item }: EmulatedItem): LeftBehind[] =>
  direction === "recovery-to-primary" && SCENARIO_TRAITS[item.scenario].removesOldMachine !== "never"
    ? ["machine", "disks"]
    : [];

/**
 * The item with its replica promoted to a point. The source takes no writes from here on, even if it is still on:
 * two copies never write, and one that is on beside the other is noticed.
 */
export function promotedTo(
  state: EmulatedItem,
  point: RecoveryPoint,
  epoch: number,
  { params, atMs }: Effect,
): { state: EmulatedItem; dataLoss: DataLoss } {
  const source = { ...state.source, writable: false };
  const fenced = { ...state, source, sourceWrites: end(state.sourceWrites, atMs) };
  const dataLoss = lossOf(fenced, point, atMs);
  const promoted = {
    ...fenced,
    epoch,
    promotedFrom: point,
    replica: off(state.replica),
    replicaWrites: [],
    reversed: params.planned === true && SCENARIO_TRAITS[state.item.scenario].reversedByPlannedFailover,
    leftBehind: leftBy(state),
  };
  return { state: source.power === "on" ? noticed(promoted, "split-brain", atMs) : promoted, dataLoss };
}

/** The item with its promoted copy running: from now its agent is on its way, and at home what got lost shows. */
export function startedCopy(state: EmulatedItem, atMs: number): EmulatedItem {
  const { item, seed, direction } = state;
  const registers = SCENARIO_TRAITS[item.scenario].agentRegisters;
  const afterMs = Math.round(seededBetween(seed, `agent-${direction}`, AGENT_MS.soonest, AGENT_MS.latest));
  const started = {
    ...state,
    replica: { ...on(state.replica), tools: replicaTools(state) },
    replicaWrites: begin(state.replicaWrites, atMs),
    agentAtMs: registers ? atMs + afterMs : null,
  };
  return direction === "recovery-to-primary" ? arrivedHome(started, atMs) : started;
}
