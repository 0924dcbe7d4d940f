/**
 * The checks read the storage after a scenario, and compare it with what the product answered. What they guarantee
 * when they find nothing (checks.test.ts shows a finding of each):
 *
 * C1. Every orchestration has ended.
 * C2. No effect was applied twice, and every effect belongs to an execution on record.
 * C3. No item ever had two writers, and no epoch decreased.
 * C4. Groups were promoted in order.
 * C5. The reported state of each item is that of the hypervisor, and no execution holds an item.
 * C6. Every acknowledged request is on record.
 * C7. Every execution ended as expected, and its record says what the answer said.
 */
import type { Execution } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import type { Plan } from "../../src/domain/plans/plan.js";
import type { Copy, EmulatedItem, Entry } from "../../src/hypervisor/emulator/state.js";
import type { Truth } from "./truth.js";
import type { CompletedExecution, SentRequest } from "./user.js";

/** What is wrong, one line each; empty when everything is right. */
export type Findings = string[];

function grouped<T>(entries: readonly T[], by: (entry: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const key = by(entry);
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return groups;
}

const isLive = ({ power, writable }: Copy): boolean => power === "on" && writable;

/** C2. No effect key was applied twice, and each ledger entry belongs to an execution on record. */
export function effectsAtMostOnce({ ledger, executions }: Truth): Findings {
  const seen = new Set<string>();
  return ledger.flatMap(({ key, executionId, operation }) => {
    const findings: Findings = [];
    if (seen.has(key)) findings.push(`${operation} under ${key} was applied twice`);
    seen.add(key);
    if (!executions.has(executionId)) findings.push(`${key} belongs to an unknown execution`);
    return findings;
  });
}

/** C3. The two copies of an item never both took writes, and its epoch never decreased. */
export function singleWriter({ items, ledger }: Truth): Findings {
  const findings: Findings = [];
  const byItem = grouped(ledger, ({ key }) => key.split("/").at(-1) ?? "");
  for (const id of items.keys()) {
    let epoch = 0;
    for (const entry of (byItem.get(id) ?? []).toSorted((a, b) => a.sequence - b.sequence)) {
      const { after, key } = entry;
      if (after && isLive(after.source) && isLive(after.replica)) findings.push(`${id} had two writers after ${key}`);
      if (entry.epoch < epoch) findings.push(`the epoch of ${id} decreased to ${entry.epoch} at ${key}`);
      epoch = entry.epoch;
    }
  }
  return findings;
}

/** C4. In one execution no item of a group was promoted before the items of the previous group were started. */
export function groupsInOrder({ ledger }: Truth, plan: Plan): Findings {
  const groupOf = new Map(plan.groups.flatMap(({ items }, at) => items.map(({ id }) => [id, at] as const)));
  const findings: Findings = [];
  for (const [executionId, entries] of grouped(ledger, (entry) => entry.executionId)) {
    const timesOf = (operation: Entry["operation"], at: number): string[] =>
      entries
        .filter((entry) => entry.operation === operation && groupOf.get(entry.key.split("/").at(-1) ?? "") === at)
        .map((entry) => entry.at)
        .sort();
    for (let at = 1; at < plan.groups.length; at += 1) {
      const before = timesOf("start-replica", at - 1).at(-1);
      const first = timesOf("promote-replica", at)[0];
      if (before !== undefined && first !== undefined && first < before) {
        findings.push(`${executionId}: group ${at + 1} was promoted at ${first}, group ${at} was up at ${before}`);
      }
    }
  }
  return findings;
}

/** C5. The reported state of each item matches the hypervisor, and at rest no execution holds an item. */
export function statesMatchEstate({ items, records }: Truth): Findings {
  return [...records.values()].flatMap((record) => {
    const item = items.get(record.itemId);
    if (!item) return [`${record.itemId} is on record but not in the world`];
    const blocked = record.heldBy === null ? [] : [`${record.itemId} is still held by ${record.heldBy.executionId}`];
    return [...blocked, ...stateFindings(record, item)];
  });
}

function stateFindings(record: ItemRecord, item: EmulatedItem): Findings {
  const { itemId, state, activeSiteId, direction } = record;
  const wrong = (what: string): string =>
    `${itemId} is reported as ${state}, but ${what} (source ${describe(item.source)}, replica ${describe(item.replica)})`;
  if (item.direction !== direction) return [wrong(`it replicates ${item.direction}, not ${direction}`)];
  const active = [item.source, item.replica].find(({ siteId }) => siteId === activeSiteId);
  if (!active) return [wrong(`it has no copy at ${activeSiteId}`)];
  const findings: Findings = [];
  const expect = (holds: boolean, what: string): void => {
    if (!holds) findings.push(wrong(what));
  };
  if (state === "protected" || state === "test-failed-over") {
    expect(active === item.source && isLive(item.source), "its source does not run");
    expect(item.replication.stoppedAtMs === null, "it does not replicate");
    expect(item.promotedFrom === null, "its replica is promoted");
    expect(state === "protected" ? item.testCopies.length === 0 : true, "a test copy is left");
  }
  if (state === "failed-over" || state === "committed") {
    expect(active === item.replica && isLive(item.replica), "its replica does not run");
    expect(item.promotedFrom !== null, "its replica is not promoted");
    expect(record.epoch === item.epoch, `its epoch is ${item.epoch}, not ${record.epoch}`);
    expect(item.pointsDeleted === (state === "committed"), "its recovery points do not match");
  }
  expect(RESTING.has(state), "that is not a state at rest");
  return findings;
}

const RESTING: ReadonlySet<string> = new Set([
  "protected",
  "test-failed-over",
  "failover-failed",
  "failed-over",
  "committed",
  "unprotected",
]);

const describe = ({ power, writable }: Copy): string => `${power}${writable ? ", writable" : ""}`;

/** C6. Each acknowledged request is on record, with its mark. */
export function acknowledgedIsDurable({ executions, steps }: Truth, requests: readonly SentRequest[]): Findings {
  return requests
    .filter(({ answer }) => answer === "acknowledged")
    .flatMap(({ what, mark, executionId }) => {
      const execution = executions.get(executionId);
      if (execution === undefined) return [`the ${what} ${mark} was acknowledged, but ${executionId} is not on record`];
      return isRecorded(what, mark, execution, steps.get(executionId) ?? "")
        ? []
        : [`the ${what} ${mark} of ${executionId} was acknowledged, but is not on record`];
    });
}

function isRecorded(what: SentRequest["what"], mark: string, execution: Execution, steps: string): boolean {
  if (what === "start") return execution.idempotencyKey === mark;
  if (what === "cancel") return execution.cancelRequest !== undefined;
  // A confirmation that was sent twice is recorded once, with the first mark.
  return steps.includes(mark) || execution.status === "cancelled" || steps.includes("chaos-");
}

/** C7. Each execution that a user saw to its end ended as expected, and the record matches the answer. */
export function outcomesMatchRecords({ executions }: Truth, completed: readonly CompletedExecution[]): Findings {
  return completed.flatMap(({ executionId, verb, status, goal, last }) => {
    const name = `${verb} ${executionId}`;
    const record = executions.get(executionId);
    const findings: Findings = [];
    if (record?.status !== status) findings.push(`${name} was answered as ${status}, but is ${record?.status}`);
    if (!isExpectedEnd(status, goal)) {
      const why = last.failure?.message ?? JSON.stringify(last.outcomes?.map(({ failure }) => failure).filter(Boolean));
      findings.push(`${name} ended ${status}: ${why}`);
    }
    return findings;
  });
}

/** C1. No orchestration is unfinished once all executions have ended. */
export function unfinishedInstances({ instances }: Truth): Findings {
  return instances
    .filter(({ status }) => !/^(Completed|Failed|Terminated)$/.test(status))
    .map(({ instanceId, status }) => `the orchestration ${instanceId} is still ${status}`);
}

/** A cancel may arrive too late. A rejection undoes the failover, so the execution fails. */
function isExpectedEnd(status: string, goal: CompletedExecution["goal"]): boolean {
  if (status === "succeeded") return true;
  return goal === "cancel" ? status === "cancelled" : goal === "rejection" && status === "failed";
}
