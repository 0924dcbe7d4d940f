import {
  type Boundary,
  CORRUPTIBLE_ROWS,
  type Evidence,
  type InjectedFault,
  type OperationCall,
  type RowCorruption,
  type RowKind,
  type StoreFault,
} from "../evidence.js";

type Reach = (name: string) => void;

const BOUNDARIES: readonly Boundary[] = [
  "table-read",
  "table-write",
  "history-read",
  "history-commit",
  "instance-create",
  "instance-update",
  "inbox-append",
  "inbox-delete",
  "activity",
  "operation",
  "request",
];

const WRITE_FAULTS: readonly StoreFault[] = ["throttled", "unavailable", "timeout-before", "timeout-after"];
const STORE_FAULTS: readonly (readonly [Boundary, readonly StoreFault[]])[] = [
  ["table-read", ["throttled", "unavailable", "timeout-before"]],
  ["table-write", [...WRITE_FAULTS, "conflict"]],
  ["history-commit", WRITE_FAULTS],
  ["instance-create", WRITE_FAULTS],
  ["inbox-append", WRITE_FAULTS],
  ["inbox-delete", WRITE_FAULTS],
  ["instance-update", WRITE_FAULTS],
  ["history-read", ["throttled", "unavailable", "timeout-before"]],
];

/** Coverage goals about hosts, stores and the answers of the estate. */
export const MACHINERY_STATES: readonly string[] = [
  ...BOUNDARIES.flatMap((at) => [crashName(at, false), crashName(at, true)]),
  ...STORE_FAULTS.flatMap(([at, faults]) => faults.map((what) => storeFaultName(at, what))),
  ...CORRUPTIBLE_ROWS.map(corruptionName),
  "corrupted hub row reported and repaired",
  "corrupted product row reported and repaired",
  "instance with a corrupted row terminated by a person",
  "activity run twice, in sequence",
  "activity run twice, concurrently",
  "completion late",
  "completion lost and activity repeated",
  "two hosts at once",
  "host ended after another one took its hub over",
  "clock set forward",
  "clock set back",
  "write of a crashed host applied",
  "request not answered",
  "request answered when repeated",
  "ten crashes in one run",
];

function corruptionName(what: RowKind): string {
  return `corrupted row: ${what}`;
}

function crashName(at: Boundary, applied: boolean): string {
  return `crash ${applied ? "after" : "before"} ${at}`;
}

function storeFaultName(at: Boundary, what: StoreFault): string {
  return `store fault at ${at}: ${what}`;
}

function injectedName(injected: InjectedFault): string {
  switch (injected.kind) {
    case "crash":
      return crashName(injected.at, injected.applied);
    case "store-fault":
      return storeFaultName(injected.at, injected.what);
    case "activity-twice":
      return injected.together ? "activity run twice, concurrently" : "activity run twice, in sequence";
    case "late-completion":
      return "completion late";
    case "lost-completion":
      return "completion lost and activity repeated";
    case "overlap":
      return "two hosts at once";
    case "clock-jump":
      return injected.skewMs > 0 ? "clock set forward" : "clock set back";
    case "row-corruption":
      return corruptionName(injected.what);
  }
}

/** How a corrupted row was repaired, if an answer had named it. */
function remedyNames({ answer, row, instanceId, remedy }: RowCorruption): string[] {
  if (!answer?.includes(row)) return [];
  if (instanceId === null) return ["corrupted product row reported and repaired"];
  if (remedy === "terminate") return ["instance with a corrupted row terminated by a person"];
  return ["corrupted hub row reported and repaired"];
}

const injectedNames = (injected: InjectedFault): string[] => [
  injectedName(injected),
  ...(injected.kind === "row-corruption" ? remedyNames(injected) : []),
];

export function reachedByMachinery(evidence: Evidence, reach: Reach): void {
  const { injectedFaults, hub, store, client, effects } = evidence;
  for (const name of injectedFaults.flatMap(injectedNames)) reach(name);
  if (injectedFaults.filter(({ kind }) => kind === "crash").length >= 10) reach("ten crashes in one run");
  for (const { message } of hub.log) {
    if (message.includes("another host has written")) reach("host ended after another one took its hub over");
  }
  if (store.journal.some(({ answered }) => !answered)) reach("write of a crashed host applied");
  for (const { outcome, repeats } of client) {
    if (outcome === "unknown") reach("request not answered");
    if (outcome === "ok" && repeats !== null) reach("request answered when repeated");
  }
  const seen = new Set<string>();
  for (const call of effects.operations) ofOperation(call, seen, reach);
}

function ofOperation({ operation, outcome, hanging, key }: OperationCall, seen: Set<string>, reach: Reach): void {
  if (outcome === "thrown") reach(`operation ${operation}: thrown`);
  if (outcome === "failed") reach(`operation ${operation}: refused`);
  if (hanging) reach(`operation ${operation}: hanging`);
  if (outcome !== "done") return;
  if (seen.has(key)) reach(`operation ${operation}: again`);
  seen.add(key);
}
