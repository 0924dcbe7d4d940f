import type { StoredExecution, StoredInstance } from "../../host/durable/store/port.js";
import type { InstanceState } from "../../host/durable/task-hub.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ItemView } from "../../src/commands/items.js";
import type { Execution, StepRecord } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import type { PlanVersion } from "../../src/domain/plans/plan.js";
import type { World } from "../../src/domain/worlds/world.js";
import type { EmulatedItem, EmulatedSite } from "../../src/hypervisor/emulator/state.js";
import type { GroundTruth, LedgerEntry, OperationName } from "../../src/hypervisor/port.js";
import type { ClientRequest } from "./client/requests.js";

/**
 * Everything that the checker may look at after a run. Every `…Ms` is the true virtual time in milliseconds since the
 * epoch, whatever the clock of a host said. The emulated world runs at speed 1 on the same time, so a ledger's `at` is
 * comparable.
 */
export interface Evidence {
  seed: number;
  /** Ids of the workloads, nemeses and faults of the run; `omit` leaves any of them out. */
  parts?: string[];
  /** The world as first imported, with all defaults filled in. */
  world: World;
  /** Every version of every plan that was saved, oldest first. */
  plans: PlanVersion[];
  estate: Estate;
  store: StoreDump;
  hub: HubDump;
  /** Every request that a client made, in the order of sending. */
  client: ClientEntry[];
  effects: Effects;
  /** What executions said while something hung. */
  sightings: Sighting[];
  /**
   * Faults that the simulation injected, in order: crashes of hosts, and faults of stores, activities, clocks and rows.
   */
  injectedFaults: InjectedFault[];
  timing: Timing;
  rest: Rest;
  /** What the product reports at the end. The checker verifies it and never relies on it. */
  views: { executions: ExecutionView[]; items: ItemView[]; failed: string[] };
  limits: Limits;
}

/** The answer of an execution: the items of which a step is stuck. */
export interface Sighting {
  atMs: number;
  executionId: string;
  status: string;
  itemIds: string[];
}

/** Configured limits that must hold. */
export interface Limits {
  /** Concurrent calls of an operation by one host. */
  operationConcurrency: number;
  /** Concurrent operations at each hypervisor. */
  hypervisorConcurrency: number;
  activityConcurrency: number;
  orchestratorConcurrency: number;
}

export interface Timing {
  beganMs: number;
  /** After this time no fault is injected, none is active, and no host crashes. */
  faultsOffMs: number;
  endedMs: number;
}

/** Whether everything came to rest in time after the faults, and if not, what was still active. */
export type Rest = { reached: true; atMs: number } | { reached: false; why: string; moving: string[] };

// The estate: ground truth.

export interface Estate {
  /**
   * One for each item of each load of the world, in the order of their begin. A new import starts another load; an item
   * that was removed and imported again has two.
   */
  items: EstateItem[];
  sites: EstateSite[];
  events: EstateEvent[];
}

export interface EstateItem {
  worldId: string;
  /** 1 for the first import, 2 for the next. */
  load: number;
  itemId: string;
  /** Accepted mutations, oldest first, from all pages. */
  ledger: LedgerEntry[];
  /** The state after each accepted write, numbered as in the journal, oldest first. The last one is the final state. */
  states: { n: number; atMs: number; state: EmulatedItem }[];
  /** At the end of the run; null for a load that was replaced. */
  truth: GroundTruth | null;
}

export interface EstateSite {
  worldId: string;
  load: number;
  siteId: string;
  ledger: LedgerEntry[];
  states: { n: number; atMs: number; state: EmulatedSite }[];
  /** The state at the end of the run after everything due has taken effect; null for a load that was replaced. */
  truth: Pick<EmulatedSite, "testNetworks"> | null;
}

/** What happened to the estate other than through an operation of the product. */
export type EstateEvent =
  | { atMs: number; kind: "world-loaded"; load: number }
  | { atMs: number; kind: "source-returned"; itemId: string }
  | { atMs: number; kind: "condition-resolved"; itemId: string; type: string }
  | { atMs: number; kind: "target-changed"; itemId: string }
  | { atMs: number; kind: "fault-raised"; faultId: string; mode: string; operation: string | null; target: string }
  | { atMs: number; kind: "fault-cleared"; faultId: string };

// The store.

export interface StoreDump {
  executions: Execution[];
  /** By execution id. */
  steps: Record<string, StepRecord[]>;
  /** With their holds. */
  items: ItemRecord[];
  plans: PlanVersion[];
  /** Every row at the end, not decoded. */
  rows: { table: string; partition: string; row: string; schema: number; json: string }[];
  /** Every accepted transaction of the tables, in order. */
  journal: Transaction[];
}

export interface Transaction {
  n: number;
  atMs: number;
  /** `Worlds`, `Items`, `Plans`, `Executions` or `Estate`. */
  table: string;
  partition: string;
  /** The generation of the host that wrote it. */
  generation: number;
  /** The number of the client's request that wrote it. Activities and sweeps have none. */
  request?: number;
  /** False when the writer got an error, or crashed before it got the answer. */
  answered: boolean;
  operations: { kind: "insert" | "replace" | "put" | "delete"; row: string; json: string | null }[];
}

// The task hub.

export interface HubDump {
  /** As stored at the end; the history is that of the newest execution. */
  instances: { instance: StoredInstance; history: StoredExecution | null }[];
  /** What the hub itself answers at the end. */
  states: InstanceState[];
  /**
   * Accepted commits of history, in order. Each was first requested at `requestedMs`, and possibly repeated until it
   * was accepted.
   */
  commits: {
    /** A repeated commit has the same id. */
    commitId: string;
    requestedMs: number;
    atMs: number;
    generation: number;
    instanceId: string;
    firstRow: number;
    events: number;
    /** The messages that it took into history. */
    raised: { name: string; data: string }[];
  }[];
  /**
   * External messages that became durable, in order. `key` identifies a message, `data` is JSON text. When a message is
   * not answered, its writer got an error or crashed: the message may or may not be consumed.
   */
  messages: {
    atMs: number;
    generation: number;
    instanceId: string;
    key: string;
    name: string;
    data: string;
    answered: boolean;
  }[];
  /** Warnings and errors of the engine. */
  log: { atMs: number; generation: number; level: string; message: string; instanceId: string | null }[];
}

// The client.

export interface ClientEntry {
  n: number;
  atMs: number;
  /** Null when the host crashed before it answered. */
  endedMs: number | null;
  generation: number;
  request: ClientRequest;
  /** The first request that this one repeats; null when it repeats none. */
  repeats: number | null;
  /**
   * `ok`: acknowledged. `refused`: an error of the catalogue. `fail`: any other error (a 500), so it may or may not
   * have been done. `unknown`: no answer came.
   */
  outcome: "ok" | "refused" | "fail" | "unknown";
  /** Of a refusal or failure. */
  code: string | null;
  /** The result of `ok`; the message otherwise. */
  answer: unknown;
  /** The execution of an acknowledged start. */
  executionId: string | null;
}

// Effects.

export interface Effects {
  activities: ActivityRun[];
  operations: OperationCall[];
  webhooks: { atMs: number; generation: number; executionId: string; actionId: string; answered: boolean }[];
}

export interface ActivityRun {
  atMs: number;
  endedMs: number | null;
  generation: number;
  instanceId: string;
  taskId: number;
  name: string;
  /** `lost`: it ran, and its host never received the result. */
  outcome: "ok" | "refused" | "failed" | "lost";
  /** It was injected beside the run that its host started. */
  straggler?: true;
}

/** One call of `runOnItem` or `runOnSite`. */
export interface OperationCall {
  atMs: number;
  endedMs: number | null;
  generation: number;
  executionId: string;
  key: string;
  operation: OperationName;
  subjectId: string;
  outcome: "waiting" | "done" | "failed" | "thrown" | "lost";
  /** Of `waiting`: the hypervisor cannot say when it will be done. */
  hanging?: boolean;
  code: string | null;
}

// Injected faults.

export type InjectedFault =
  | { atMs: number; kind: "crash"; generation: number; at: Boundary; detail: string; applied: boolean }
  /** A newer host took the hub over while this one still ran; `lostMs` is when it noticed, null when it never did. */
  | { atMs: number; kind: "overlap"; generation: number; lostMs: number | null }
  | { atMs: number; kind: "store-fault"; generation: number; at: Boundary; what: StoreFault; detail: string }
  | { atMs: number; kind: "activity-twice"; generation: number; name: string; together: boolean }
  | { atMs: number; kind: "late-completion" | "lost-completion"; generation: number; name: string; byMs: number }
  /** From now on the host's clock is `skewMs` ahead of true time. */
  | { atMs: number; kind: "clock-jump"; generation: number; skewMs: number }
  | RowCorruption;

/** Kinds of stored rows that become unreadable. */
export const CORRUPTIBLE_ROWS = ["history", "instance", "message", "item", "machine", "execution", "plan"] as const;
export type RowKind = (typeof CORRUPTIBLE_ROWS)[number];
/** Rows of the hub. An instance that reads one is suspended until somebody resumes or terminates it. */
export const HUB_ROWS: ReadonlySet<RowKind> = new Set(["history", "instance", "message"]);
export type Remedy = "repair" | "terminate";

/** A row that could not be read for a while. */
export interface RowCorruption {
  atMs: number;
  kind: "row-corruption";
  what: RowKind;
  /** As answers name it. */
  row: string;
  /** The id of the execution, item or plan to which it belongs. */
  ownerId: string;
  /** Of a row of the hub: the instance to which it belongs. */
  instanceId: string | null;
  remedy: Remedy;
  /** What the product answered, shortly before the remedy, about the owner of the row. */
  answer: string | null;
  /** When it answered. */
  observedMs: number | null;
  /** Of a row of the hub: the reason that the hub gave then, if it had suspended the instance. */
  hubReason: string | null;
  /** Instances that were suspended at that time. */
  suspended: string[];
  /** When the row was repaired or its instance terminated; null until then. */
  repairedMs: number | null;
  /** Somebody overwrote the unreadable row. */
  overwritten: boolean;
}

export type StoreFault = "throttled" | "unavailable" | "timeout-before" | "timeout-after" | "conflict";

/** Where a host may crash: at a call to something outside its process. */
export type Boundary =
  | "table-read"
  | "table-write"
  | "history-read"
  | "history-commit"
  | "instance-create"
  | "instance-update"
  | "inbox-append"
  | "inbox-delete"
  | "activity"
  | "operation"
  | "request";
