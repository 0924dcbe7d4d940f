import type { Execution } from "../../../src/domain/execution.js";
import { SteeringAction } from "../../../src/domain/steering/steering.js";
import type { ClientEntry, Evidence } from "../evidence.js";

/** Coverage goals about people who steer, about commit timers, and about clocks that jump while something waits. */
export const STEERING_STATES = [
  ...SteeringAction.options.map((action) => `steered: ${action}` as const),
  ...SteeringAction.options.map((action) => `steering refused: ${action}` as const),
  "steered after the end",
  "steered after a cancel",
  "the same steering twice",
  "two acts of steering at once",
  "paused while a host died",
  "cancelled while paused",
  "a skipped action",
  "a skipped step of an item",
  "commit timer committed",
  "commit timer rolled back",
  "commit timer committed by probes",
  "commit timer rolled back by probes",
  "commit timer cancelled",
  "commit timer extended",
  "commit timer: a person was first",
  "commit timer: the start was refused",
  "commit timer: change refused after it decided",
  "commit timer outlived a host",
  "clock set forward by hours while something waited",
  "clock set back by hours while something waited",
] as const;
type SteeringState = (typeof STEERING_STATES)[number];
type Reach = (name: SteeringState) => void;

type Steer = Extract<ClientEntry["request"], { kind: "steer" }>;

export function reachedBySteering(evidence: Evidence, reach: (name: string) => void): void {
  const reached: Reach = (name) => reach(name);
  for (const entry of evidence.client) {
    if (entry.request.kind === "steer") ofSteering(evidence, entry, entry.request, reached);
    const isLate = entry.request.kind === "change-timer" && entry.code === "decided-already";
    if (isLate) reached("commit timer: change refused after it decided");
  }
  for (const execution of evidence.store.executions) {
    ofPauses(evidence, execution, reached);
    ofTimer(evidence, execution, reached);
    ofClocks(evidence, execution, reached);
  }
}

function ofSteering({ client }: Evidence, entry: ClientEntry, { executionId, act }: Steer, reached: Reach): void {
  const { n, atMs, endedMs, outcome, code } = entry;
  if (outcome === "refused") reached(`steering refused: ${act.action}`);
  if (code === "execution-ended") reached("steered after the end");
  const wasCancelled = client.some(
    ({ request, ...other }) =>
      request.kind === "cancel" && request.executionId === executionId && other.outcome === "ok" && other.n < n,
  );
  if (wasCancelled && code === "decided-already") reached("steered after a cancel");
  if (outcome !== "ok") return;
  reached(`steered: ${act.action}`);
  if (act.action === "skip") {
    for (const id of act.stepIds) reached(id.startsWith("action/") ? "a skipped action" : "a skipped step of an item");
  }
  const others = client.filter(
    (other) => other.n < n && other.request.kind === "steer" && other.request.executionId === executionId,
  );
  if (others.some((other) => other.outcome === "ok" && JSON.stringify(other.request) === JSON.stringify(entry.request)))
    reached("the same steering twice");
  if (others.some((other) => other.atMs <= (endedMs ?? atMs) && (other.endedMs ?? Infinity) >= atMs))
    reached("two acts of steering at once");
}

function ofPauses({ injectedFaults }: Evidence, { steering = [], cancelRequest }: Execution, reached: Reach): void {
  let since: number | null = null;
  for (const { action, at } of steering) {
    if (action === "pause") since = Date.parse(at);
    if (action !== "resume" || since === null) continue;
    const [fromMs, toMs] = [since, Date.parse(at)];
    if (injectedFaults.some(({ kind, atMs }) => kind === "crash" && atMs > fromMs && atMs < toMs))
      reached("paused while a host died");
    since = null;
  }
  if (since !== null && cancelRequest !== undefined) reached("cancelled while paused");
}

function ofTimer({ injectedFaults }: Evidence, execution: Execution, reached: Reach): void {
  const timer = "outcomes" in execution ? execution.commitTimer : undefined;
  const end = timer?.end;
  if (timer === undefined || end === undefined) return;
  if (timer.extensions !== undefined) reached("commit timer extended");
  if (end.kind === "cancelled") reached("commit timer cancelled");
  if (end.kind === "taken-over") reached("commit timer: a person was first");
  if (end.kind === "refused") reached("commit timer: the start was refused");
  const [sinceMs, endMs] = [Date.parse(timer.since), Date.parse(end.at)];
  if (injectedFaults.some(({ kind, atMs }) => kind === "crash" && atMs > sinceMs && atMs < endMs))
    reached("commit timer outlived a host");
  if (end.kind !== "started") return;
  const byProbes = timer.onExpiry === "probes";
  if (end.verb === "commit") reached(byProbes ? "commit timer committed by probes" : "commit timer committed");
  else reached(byProbes ? "commit timer rolled back by probes" : "commit timer rolled back");
}

const HOUR_MS = 3_600_000;

function ofClocks({ injectedFaults }: Evidence, execution: Execution, reached: Reach): void {
  const fromMs = Date.parse(execution.requestedAt);
  const toMs = "endedAt" in execution ? Date.parse(execution.endedAt) : Infinity;
  for (const fault of injectedFaults) {
    if (fault.kind !== "clock-jump" || fault.atMs < fromMs || fault.atMs > toMs) continue;
    if (fault.skewMs > HOUR_MS) reached("clock set forward by hours while something waited");
    if (fault.skewMs < -HOUR_MS) reached("clock set back by hours while something waited");
  }
}
