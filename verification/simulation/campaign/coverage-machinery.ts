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
  "named in an answer, and mended: a row of the hub",
  "named in an answer, and mended: another row",
  "instance that can't be read ended by a person",
  "activity run twice, one after the other",
  "activity run twice, side by side",
  "completion late",
  "completion lost and the activity run again",
  "two hosts at once",
  "host ended because another one had taken its hub",
  "clock set forward",
  "clock set back",
  "write of a dead host arrived",
  "request not answered",
  "request answered on its repetition",
  "ten crashes in one run",
];

function corruptionName(what: RowKind): string {
  return `row that can't be read: ${what}`;
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
      return injected.together ? "activity run twice, side by side" : "activity run twice, one after the other";
    case "late-completion":
      return "completion late";
    case "lost-completion":
      return "completion lost and the activity run again";
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
  if (instanceId === null) return ["named in an answer, and mended: another row"];
  if (remedy === "terminate") return ["instance that can't be read ended by a person"];
  return ["named in an answer, and mended: a row of the hub"];
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
    if (message.includes("another host has written")) reach("host ended because another one had taken its hub");
  }
  if (store.journal.some(({ answered }) => !answered)) reach("write of a dead host arrived");
  for (const { outcome, repeats } of client) {
    if (outcome === "unknown") reach("request not answered");
    if (outcome === "ok" && repeats !== null) reach("request answered on its repetition");
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
