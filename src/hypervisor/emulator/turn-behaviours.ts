import type { LeftBehind } from "../../domain/items/snapshot.js";
import { opposite, SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { toInstant } from "../../domain/text.js";
import type { Direction } from "../../domain/vocabulary.js";
import type { ItemOperations } from "../port.js";
import { type Behaviour, type Effect, type Refusal, refuse } from "./behaviour.js";
import { without } from "./conditions.js";
import { off } from "./copies.js";
import { bytesOfDisks, bytesToTurn, pointAt, sourceSequencesOfPoint } from "./replication.js";
import type { EmulatedItem } from "./state.js";

type TurnOperation =
  | "await-agent"
  | "reverse-replication"
  | "remove-old-machine"
  | "disable-replication"
  | "enable-replication"
  | "resynchronise";

const isCommitted = (state: EmulatedItem): boolean => state.promotedFrom !== null && state.pointsDeleted;
const isReplicating = ({ replication, promotedFrom }: EmulatedItem): boolean =>
  replication.stoppedAtMs === null && promotedFrom === null;

function agentMissing(state: EmulatedItem, atMs: number): Refusal | null {
  if (state.agentAtMs === null || state.agentAtMs <= atMs) return null;
  const minutes = Math.ceil((state.agentAtMs - atMs) / 60_000);
  return refuse(
    "agent-not-installed",
    `agent not installed: ${state.machine.name} is not known to the configuration server yet; it may take ${minutes} more minutes`,
  );
}

function turnRefusal(state: EmulatedItem, { atMs }: Effect): Refusal | null {
  if (!isCommitted(state)) return refuse("operation-refused", `the failover of ${state.id} is not committed`);
  if (state.replica.power === "off") {
    return refuse("operation-refused", `${state.machine.name} is stopped; it replicates only while it runs (78093)`);
  }
  return agentMissing(state, atMs);
}

/** Both copies change roles: what ran after the failover is what replication reads from now. */
function turned(state: EmulatedItem, direction: Direction): EmulatedItem {
  const changed = without(state, "split-brain");
  return {
    ...changed,
    direction,
    source: state.replica,
    replica: { ...off(state.source), tools: "absent" },
    writesBefore: sourceSequencesOfPoint(state),
    sourceWrites: state.replicaWrites,
    replicaWrites: [],
    promotedFrom: null,
    reversed: false,
    agentAtMs: null,
  };
}

/** The end of a synchronisation is the first point there is. */
function replicating(state: EmulatedItem, atMs: number): EmulatedItem {
  const replication = { sinceMs: atMs, stoppedAtMs: null, gaps: [] };
  return { ...state, replication, madePoints: [pointAt(atMs)], pointsDeleted: false };
}

const namesOf = ({ machine }: EmulatedItem, left: readonly LeftBehind[]): string[] =>
  left.map((what) => (what === "machine" ? `${machine.name} and its interfaces` : `disks of ${machine.name}`));

function caughtUpBy(state: EmulatedItem, anew: boolean): ItemOperations["reverse-replication"]["result"]["caughtUpBy"] {
  if (state.reversed) return "already-set";
  return anew ? "full" : "deltas";
}

/** A machine made anew is a VM, on the host and datastore given. */
function machineAt(state: EmulatedItem, { anew, hostId, datastoreId }: Effect["params"]): EmulatedItem["machine"] {
  const { machine } = state;
  if (anew !== true || state.direction === "recovery-to-primary") return machine;
  return {
    ...machine,
    form: "vm",
    ...(hostId === undefined ? {} : { hostId }),
    ...(datastoreId === undefined ? {} : { datastoreId }),
  };
}

/** Protected from home again: machines and interfaces at the recovery site go, if their disks are managed (A9). */
function removedByTurn({ item, direction, leftBehind }: EmulatedItem): LeftBehind[] {
  const goesHome = direction === "primary-to-recovery";
  const cleans = SCENARIO_TRAITS[item.scenario].removesOldMachine === "at-reprotect" && item.target.managedDisks;
  return !goesHome && cleans ? leftBehind : [];
}

function reverse(state: EmulatedItem, { params, atMs }: Effect) {
  const anew = params.anew === true;
  const direction = opposite(state.direction);
  const removed = removedByTurn(state);
  const changed = replicating(
    {
      ...turned(state, direction),
      machine: machineAt(state, params),
      leftBehind: state.leftBehind.filter((what) => !removed.includes(what)),
    },
    atMs,
  );
  const result = {
    direction,
    caughtUpBy: caughtUpBy(state, anew),
    bytes: bytesToTurn(state, anew, atMs),
    point: pointAt(atMs),
    created: params.create ?? [],
    removed: namesOf(state, removed),
  };
  return { state: changed, result };
}

function removeOld(state: EmulatedItem) {
  const due = SCENARIO_TRAITS[state.item.scenario].removesOldMachine === "at-commit" ? state.leftBehind : [];
  const leftBehind = state.leftBehind.filter((what) => !due.includes(what));
  return { state: { ...state, leftBehind }, result: { removed: namesOf(state, due) } };
}

/** At home: everything at the recovery site goes, unmanaged disks too (A10). */
function disable(state: EmulatedItem, { atMs }: Effect) {
  const home = state.promotedFrom === null ? state : turned(state, "primary-to-recovery");
  const replication = { ...home.replication, stoppedAtMs: home.replication.stoppedAtMs ?? atMs };
  const changed = { ...home, replication, madePoints: [], pointsDeleted: true, leftBehind: [] };
  return { state: changed, result: { removed: namesOf(state, state.leftBehind), remaining: [] } };
}

const atHome = ({ direction, promotedFrom }: EmulatedItem): boolean =>
  (direction === "primary-to-recovery") === (promotedFrom === null);

/** What turns replication round, ends it, begins it anew or mends it. */
export const TURN_BEHAVIOURS: { [O in TurnOperation]: Behaviour<EmulatedItem, ItemOperations[O]["result"]> } = {
  "await-agent": {
    refuses: (state, { params, atMs }) => (params.wait === true ? null : agentMissing(state, atMs)),
    apply: (state) => ({
      state,
      result: { registeredAt: state.agentAtMs === null ? null : toInstant(state.agentAtMs) },
    }),
  },
  "reverse-replication": { refuses: turnRefusal, apply: reverse },
  "remove-old-machine": { apply: removeOld },
  "disable-replication": {
    refuses: (state) =>
      atHome(state) ? null : refuse("operation-refused", `the workload of ${state.id} runs at the recovery site`),
    apply: disable,
  },
  "enable-replication": {
    refuses: (state) =>
      isReplicating(state) || !atHome(state)
        ? refuse("operation-refused", `${state.id} replicates already, or does not run at home`)
        : null,
    apply: (state, { atMs }) => ({
      state: replicating(state, atMs),
      result: { bytes: bytesOfDisks(state), point: pointAt(atMs) },
    }),
  },
  resynchronise: {
    refuses: (state) => (isReplicating(state) ? null : refuse("operation-refused", `${state.id} does not replicate`)),
    apply: (state) => ({ state, result: { bytes: bytesOfDisks(state) } }),
  },
};
