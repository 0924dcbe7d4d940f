import type { LeftBehind } from "../../domain/items/snapshot.js";
import type { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { Effect } from "./behaviour.js";
import { withCondition, withFailbackConditions } from "./conditions.js";
import { closed, off, on, reopened, replicaTools } from "./copies.js";
import { dataLossOf } from "./replication.js";
import { seededBetween } from "./seeded.js";
import type { EmulatedItem } from "./state.js";

/** How long after its boot an agent registers: at most 15 minutes (F7). */
const AGENT_MS = { min: 5 * 60_000, max: 15 * 60_000 };

/** What a failback leaves at the recovery site for a later removal. */
const leftBehindBy = ({ direction, item }: EmulatedItem): LeftBehind[] =>
  direction === "recovery-to-primary" && SCENARIO_TRAITS[item.scenario].removesOldMachine !== "never"
    ? ["machine", "disks"]
    : [];

/**
 * Promotes the replica to a recovery point. The source takes no more writes, even if it is still on: two copies never
 * write at the same time. A source that is on beside a promoted replica becomes a condition.
 */
export function promotedTo(
  state: EmulatedItem,
  point: RecoveryPoint,
  epoch: number,
  { params, atMs }: Effect,
): { state: EmulatedItem; dataLoss: DataLoss } {
  const source = { ...state.source, writable: false };
  const fenced = { ...state, source, sourceWrites: closed(state.sourceWrites, atMs) };
  const dataLoss = dataLossOf(fenced, point, atMs);
  const promoted = {
    ...fenced,
    epoch,
    promotedFrom: point,
    replica: off(state.replica),
    replicaWrites: [],
    reversed: params.planned === true && SCENARIO_TRAITS[state.item.scenario].reversedByPlannedFailover,
    leftBehind: leftBehindBy(state),
  };
  return { state: source.power === "on" ? withCondition(promoted, "split-brain", atMs) : promoted, dataLoss };
}

/** Starts the promoted copy. Its agent begins to register, and a machine that came home shows what it lost. */
export function startedCopy(state: EmulatedItem, atMs: number): EmulatedItem {
  const { item, seed, direction } = state;
  const registers = SCENARIO_TRAITS[item.scenario].agentRegisters;
  const afterMs = Math.round(seededBetween(seed, `agent-${direction}`, AGENT_MS.min, AGENT_MS.max));
  const started = {
    ...state,
    replica: { ...on(state.replica), tools: replicaTools(state) },
    replicaWrites: reopened(state.replicaWrites, atMs),
    agentAtMs: registers ? atMs + afterMs : null,
  };
  return direction === "recovery-to-primary" ? withFailbackConditions(started, atMs) : started;
}
