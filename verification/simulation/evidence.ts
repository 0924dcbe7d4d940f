import type { StoredExecution, StoredInstance } from "../../host/durable/store/port.js";
import type { InstanceState } from "../../host/durable/task-hub.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ItemView } from "../../src/commands/items.js";
import type { Execution, StepRecord } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/item-record.js";
import type { PlanVersion } from "../../src/domain/plan.js";
import type { World } from "../../src/domain/world.js";
import type { EmulatedItem, EmulatedSite } from "../../src/hypervisor/emulator/state.js";
import type { GroundTruth, LedgerEntry, OperationName } from "../../src/hypervisor/port.js";
import type { ClientRequest } from "./client/requests.js";

/**
 * What one simulated run leaves behind: all that a checker may look at. Every `…Ms` is the true virtual time in
 * milliseconds since the epoch, whatever the clock of a host said at that moment. The emulated world runs at speed 1
 * on the same true time, so a ledger's `at` and these compare.
 */
export interface Evidence {
  seed: number;
  /** Ids of errands, heckles and mishaps of the run: `omit` leaves any of them out. */
  parts?: string[];
  /** The world as it was first imported, with every default filled in. */
  world: World;
  /** Every version of every plan that was saved, oldest first. */
  plans: PlanVersion[];
  estate: Estate;
  store: StoreDump;
  hub: HubDump;
  /** Every request that a client made, in the order of asking. */
  client: ClientEntry[];
  effects: Effects;
  /** What was done to the run from outside, in order: deaths of hosts, faults of stores, of the estate, of clocks. */
  injectedFaults: InjectedFault[];
  timing: Timing;
  rest: Rest;
  /** What the product says of itself at the end. To be checked, never the judge. */
  views: { executions: ExecutionView[]; items: ItemView[]; failed: string[] };
  limits: Limits;
}

/** Configured limits that must hold. */
export interface Limits {
  /** How many calls of an operation one host may have under way at once. */
  operationsAtOnce: number;
  /** How many operations each hypervisor itself may have under way at once. */
  hypervisorOperations: number;
  activitiesAtOnce: number;
  orchestratorsAtOnce: number;
}

export interface Timing {
  beganMs: number;
  /** From here on no fault is added, none is left, and no host dies. */
  faultsOffMs: number;
  endedMs: number;
}

/** Whether everything came to rest in time after the faults ended, and if not, what still moved. */
export type Rest = { reached: true; atMs: number } | { reached: false; why: string; moving: string[] };

// The estate: ground truth.

export interface Estate {
  /** One for each item of each load of the world: importing it anew begins another load. */
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
  /** The state after each accepted write, oldest first; the last one is how it ended. */
  states: { atMs: number; state: EmulatedItem }[];
  /** At the end of the run; null for a load that was replaced. */
  truth: GroundTruth | null;
}

export interface EstateSite {
  worldId: string;
  load: number;
  siteId: string;
  ledger: LedgerEntry[];
  states: { atMs: number; state: EmulatedSite }[];
  /** What is there at the end of the run, with everything settled that was due; null for a load that was replaced. */
  truth: Pick<EmulatedSite, "testNetworks"> | null;
}

/** What the world did by itself, not by an operation of the product. */
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
  /** Every row at the end, undecoded. */
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
  /** Which host generation wrote it. */
  generation: number;
  /** False when the writer was told that it failed, or died before it heard. */
  answered: boolean;
  operations: { kind: "insert" | "replace" | "put" | "delete"; row: string; json: string | null }[];
}

// The task hub.

export interface HubDump {
  /** As stored at the end; the history is the newest execution's. */
  instances: { instance: StoredInstance; history: StoredExecution | null }[];
  /** As the hub itself answers at the end. */
  states: InstanceState[];
  /** Accepted commits of history, in order; each was asked for at `toldMs`, and perhaps again until it was accepted. */
  commits: {
    /** One that was asked for again has the same. */
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
   * Messages from outside that became durable, in order; `key` tells them apart, `data` is JSON text. One that was not
   * answered is of a writer that was told it failed, or died: it may be consumed or not.
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
  /** What the engine had to say: level and text. */
  log: { atMs: number; generation: number; level: string; message: string; instanceId: string | null }[];
}

// The client.

export interface ClientEntry {
  n: number;
  atMs: number;
  /** Null when it never heard, because the host died. */
  endedMs: number | null;
  generation: number;
  request: ClientRequest;
  /** The first request of which this one is a repetition; null when it is none. */
  repeats: number | null;
  /**
   * `ok` was acknowledged; `refused` got an error of the catalogue; `fail` any other error (a 500): it may have been
   * done or not; `unknown` never came back.
   */
  outcome: "ok" | "refused" | "fail" | "unknown";
  /** Of a refusal or failure. */
  code: string | null;
  /** Of `ok` what came back, else the message. */
  answer: unknown;
  /** Of an acknowledged start: its execution. */
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
  /** `lost` ran, and its host never heard of its end. */
  outcome: "ok" | "refused" | "failed" | "lost";
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

// What was done to it.

export type InjectedFault =
  | { atMs: number; kind: "crash"; generation: number; at: Boundary; detail: string; applied: boolean }
  /** A newer host took the hub over while this one still ran; `lostMs` is when it noticed, null when it never did. */
  | { atMs: number; kind: "overlap"; generation: number; lostMs: number | null }
  | { atMs: number; kind: "store-fault"; generation: number; at: Boundary; what: StoreFault; detail: string }
  | { atMs: number; kind: "activity-twice"; generation: number; name: string; together: boolean }
  | { atMs: number; kind: "late-completion" | "lost-completion"; generation: number; name: string; byMs: number }
  /** The host's clock is `skewMs` ahead of true time from here on. */
  | { atMs: number; kind: "clock-jump"; generation: number; skewMs: number }
  | RowCorruption;

/** What a stored row that becomes unreadable is. */
export const CORRUPTIBLE_ROWS = ["history", "instance", "message", "item", "machine", "execution", "plan"] as const;
export type RowKind = (typeof CORRUPTIBLE_ROWS)[number];
/** Those that are the hub's: whoever reads them stands still until he is resumed or ended. */
export const HUB_ROWS: ReadonlySet<RowKind> = new Set(["history", "instance", "message"]);
export type Remedy = "repair" | "terminate";

/** A row that could not be read for a while. */
export interface RowCorruption {
  atMs: number;
  kind: "row-corruption";
  what: RowKind;
  /** As answers name it. */
  row: string;
  /** What it belongs to: an execution, an item or a plan, by id. */
  ownerId: string;
  /** Of a row of the hub: the instance that it belongs to. */
  instanceId: string | null;
  remedy: Remedy;
  /** What the product said shortly before the remedy, when it was asked for what the row belongs to. */
  answer: string | null;
  /** When that was. */
  observedMs: number | null;
  /** Of a row of the hub: what the hub itself said of its instance then, if it stood still. */
  hubReason: string | null;
  /** Which instances stood still at that moment. */
  suspended: string[];
  /** When it was mended or ended; null until then. */
  repairedMs: number | null;
  /** Somebody wrote the row in place of what could not be read. */
  overwritten: boolean;
}

export type StoreFault = "throttled" | "unavailable" | "timeout-before" | "timeout-after" | "conflict";

/** Where a host may die: at a call of one of its outside parts. */
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
