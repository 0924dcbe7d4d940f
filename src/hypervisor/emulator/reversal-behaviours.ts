import type { LeftBehind } from "../../domain/items/snapshot.js";
import { opposite, SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { toInstant } from "../../domain/text.js";
import type { Direction } from "../../domain/vocabulary.js";
import type { ItemOperations } from "../port.js";
import { type Behaviour, type Effect, refuse, type TaskRefusal } from "./behaviour.js";
import { withoutConditions } from "./conditions.js";
import { off } from "./copies.js";
import { bytesOfDisks, protectedDisks } from "./disk-bytes.js";
import { bytesToReverse, pointAt, sourceSequences, sourceSequencesOfPoint } from "./replication.js";
import type { EmulatedItem } from "./state.js";

type ReversalOperation =
  | "await-agent"
  | "reverse-replication"
  | "remove-old-machine"
  | "disable-replication"
  | "enable-replication"
  | "resynchronise";

const isCommitted = (state: EmulatedItem): boolean => state.promotedFrom !== null && state.pointsDeleted;
const isReplicating = ({ replication, promotedFrom }: EmulatedItem): boolean =>
  replication.stoppedAtMs === null && promotedFrom === null;

function agentMissing(state: EmulatedItem, atMs: number): TaskRefusal | null {
  if (state.agentAtMs === null || state.agentAtMs <= atMs) return null;
  const minutes = Math.ceil((state.agentAtMs - atMs) / 60_000);
  return refuse(
    "agent-not-installed",
    `agent not installed: ${state.machine.name} is not known to the configuration server yet; it may take ${minutes} more minutes`,
  );
}

function reversalRefusal(state: EmulatedItem, { atMs }: Effect): TaskRefusal | null {
  if (!isCommitted(state)) return refuse("operation-refused", `the failover of ${state.id} is not committed`);
  if (state.replica.power === "off") {
    return refuse("operation-refused", `${state.machine.name} is stopped; it replicates only while it runs (78093)`);
  }
  return agentMissing(state, atMs);
}

/** Swaps the roles of both copies: replication now reads from the copy that ran after the failover. */
function reversed(state: EmulatedItem, direction: Direction): EmulatedItem {
  const changed = withoutConditions(state, "split-brain");
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
    cameHome: direction === "primary-to-recovery",
  };
}

/** Starts replication. The end of its first synchronisation is the first recovery point. */
function replicatingFrom(state: EmulatedItem, atMs: number): EmulatedItem {
  const replication = { sinceMs: atMs, stoppedAtMs: null, gaps: [] };
  return { ...state, replication, madePoints: [pointAt(atMs)], pointsDeleted: false };
}

const namesOf = ({ machine }: EmulatedItem, left: readonly LeftBehind[]): string[] =>
  left.map((kind) => (kind === "machine" ? `${machine.name} and its interfaces` : `disks of ${machine.name}`));

function caughtUpBy(
  state: EmulatedItem,
  newMachine: boolean,
): ItemOperations["reverse-replication"]["result"]["caughtUpBy"] {
  if (state.reversed) return "already-set";
  return newMachine ? "full" : "deltas";
}

/** A new machine is a VM on the given host and datastore. */
function machineAfter(
  state: EmulatedItem,
  { newMachine, hostId, datastoreId }: Effect["params"],
): EmulatedItem["machine"] {
  const { machine } = state;
  if (newMachine !== true || state.direction === "recovery-to-primary") return machine;
  return {
    ...machine,
    form: "vm",
    ...(hostId === undefined ? {} : { hostId }),
    ...(datastoreId === undefined ? {} : { datastoreId }),
  };
}

/** The leftovers that a reprotect after a failback removes from the recovery site, if the disks are managed (A9). */
function removedByReversal({ item, direction, leftBehind }: EmulatedItem): LeftBehind[] {
  const replicatesHome = direction === "primary-to-recovery";
  const cleans = SCENARIO_TRAITS[item.scenario].removesOldMachine === "at-reprotect" && item.target.managedDisks;
  return !replicatesHome && cleans ? leftBehind : [];
}

function reverse(state: EmulatedItem, { params, atMs }: Effect) {
  const newMachine = params.newMachine === true;
  const direction = opposite(state.direction);
  const removed = removedByReversal(state);
  const changed = replicatingFrom(
    {
      ...reversed(state, direction),
      machine: machineAfter(state, params),
      homeDatastoreId: (newMachine ? params.datastoreId : undefined) ?? state.homeDatastoreId,
      leftBehind: state.leftBehind.filter((kind) => !removed.includes(kind)),
    },
    atMs,
  );
  const result = {
    direction,
    caughtUpBy: caughtUpBy(state, newMachine),
    bytes: bytesToReverse(state, newMachine, atMs),
    point: pointAt(atMs),
    created: params.create ?? [],
    // The disks take the data again, so only the machine and its interfaces go.
    removed: namesOf(
      state,
      removed.filter((kind) => kind === "machine"),
    ),
  };
  return { state: changed, result };
}

function removeOld(state: EmulatedItem) {
  const due = SCENARIO_TRAITS[state.item.scenario].removesOldMachine === "at-commit" ? state.leftBehind : [];
  const leftBehind = state.leftBehind.filter((kind) => !due.includes(kind));
  return { state: { ...state, leftBehind }, result: { removed: namesOf(state, due) } };
}

/** Removes everything at the recovery site, unmanaged disks too (A10). The workload is at home. */
function disable(state: EmulatedItem, { atMs }: Effect) {
  const home = state.promotedFrom === null ? state : reversed(state, "primary-to-recovery");
  const replication = { ...home.replication, stoppedAtMs: home.replication.stoppedAtMs ?? atMs };
  const changed = { ...home, replication, madePoints: [], pointsDeleted: true, leftBehind: [] };
  return { state: changed, result: { removed: namesOf(state, state.leftBehind), remaining: [] } };
}

/** Protects every disk that the machine has now, also those that were added after an earlier protection (A5). */
function enable(state: EmulatedItem, { atMs }: Effect) {
  const { protectedDisks: _, ...item } = state.item;
  const written = new Map(sourceSequences(state, atMs).map(({ disk, sequence }) => [disk, sequence]));
  const isWriting = state.sourceWrites.at(-1)?.toMs === null;
  const covered = {
    ...state,
    item,
    // The disks share the writes, so their number changes how many each takes: the count starts again from here.
    writesBefore: state.machine.disks.map(({ name }) => written.get(name) ?? 0),
    sourceWrites: [{ fromMs: atMs, toMs: isWriting ? null : atMs }],
  };
  const result = { bytes: bytesOfDisks(state.machine.disks), point: pointAt(atMs) };
  return { state: replicatingFrom(covered, atMs), result };
}

const atHome = ({ direction, promotedFrom }: EmulatedItem): boolean =>
  (direction === "primary-to-recovery") === (promotedFrom === null);

/** Operations that reverse, end, start or repair replication. */
export const REVERSAL_BEHAVIOURS: { [O in ReversalOperation]: Behaviour<EmulatedItem, ItemOperations[O]["result"]> } = {
  "await-agent": {
    refuses: (state, { params, atMs }) => (params.wait === true ? null : agentMissing(state, atMs)),
    apply: (state) => ({
      state,
      result: { registeredAt: state.agentAtMs === null ? null : toInstant(state.agentAtMs) },
    }),
  },
  "reverse-replication": { refuses: reversalRefusal, apply: reverse },
  "remove-old-machine": { apply: removeOld },
  "disable-replication": {
    refuses: (state) =>
      atHome(state) ? null : refuse("operation-refused", `the workload of ${state.id} runs at the recovery site`),
    apply: disable,
  },
  "enable-replication": {
    refuses: (state) =>
      isReplicating(state) || !atHome(state)
        ? refuse("operation-refused", `${state.id} already replicates, or does not run at its primary site`)
        : null,
    apply: enable,
  },
  resynchronise: {
    refuses: (state) => (isReplicating(state) ? null : refuse("operation-refused", `${state.id} does not replicate`)),
    apply: (state) => ({ state, result: { bytes: bytesOfDisks(protectedDisks(state)) } }),
  },
};
