import { describe, expect, test } from "vitest";
import type { Execution } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import type { Plan } from "../../src/domain/plans/plan.js";
import type { EmulatedItem, Entry } from "../../src/hypervisor/emulator/state.js";
import * as checks from "./checks.js";
import type { Truth } from "./truth.js";
import type { CompletedExecution, SentRequest } from "./user.js";

const PLAN = { groups: [{ items: [{ id: "a" }] }, { items: [{ id: "b" }] }] } as Plan;
const RUNNING = { siteId: "home", power: "on", writable: true };
const OFF = { siteId: "away", power: "off", writable: false };

const ITEM = {
  ...{ kind: "item", id: "a", epoch: 1, direction: "primary-to-recovery", source: RUNNING, replica: OFF },
  ...{ replication: { stoppedAtMs: null }, promotedFrom: null, testCopies: [], pointsDeleted: false },
} as unknown as EmulatedItem;
const RECORD = {
  ...{ itemId: "a", state: "protected", activeSiteId: "home", direction: "primary-to-recovery", epoch: 1 },
  heldBy: null,
} as unknown as ItemRecord;
const EXECUTION = { executionId: "run", idempotencyKey: "chaos-1", status: "succeeded" } as Execution;

/** An entry of the ledger; its sequence is the minute in which it took effect. */
const entry = (operation: Entry["operation"], itemId: string, minute: number, changes: object = {}): Entry =>
  ({
    ...{ key: `run/${operation}/${itemId}`, executionId: "run", operation, sequence: minute, epoch: 1 },
    ...{ at: `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z`, after: null },
    ...changes,
  }) as Entry;

const LEDGER = [entry("promote-replica", "a", 1), entry("start-replica", "a", 2), entry("promote-replica", "b", 3)];

const truth = (changes: Partial<Truth> = {}): Truth => ({
  items: new Map([["a", ITEM]]),
  ledger: LEDGER,
  records: new Map([["a", RECORD]]),
  executions: new Map([["run", EXECUTION]]),
  steps: new Map(),
  instances: [{ instanceId: "run", status: "Completed" }],
  ...changes,
});

const request = (changes: Partial<SentRequest> = {}): SentRequest => ({
  ...{ what: "start", mark: "chaos-1", executionId: "run", answer: "acknowledged", atMs: 0 },
  ...changes,
});
const completed = (changes: Partial<CompletedExecution> = {}): CompletedExecution =>
  ({
    executionId: "run",
    verb: "commit",
    status: "succeeded",
    goal: "success",
    last: {},
    atMs: 0,
    ...changes,
  }) as never;

test("a correct storage has no findings", () => {
  expect([
    ...checks.unfinishedInstances(truth()),
    ...checks.effectsAtMostOnce(truth()),
    ...checks.singleWriter(truth()),
    ...checks.groupsInOrder(truth(), PLAN),
    ...checks.statesMatchEstate(truth()),
    ...checks.acknowledgedIsDurable(truth(), [request()]),
    ...checks.outcomesMatchRecords(truth(), [completed()]),
  ]).toEqual([]);
});

describe("each check finds its violations", () => {
  test("C1 an orchestration has not ended", () => {
    const instances = [{ instanceId: "run", status: "Running" }];
    expect(checks.unfinishedInstances(truth({ instances }))).toEqual(["the orchestration run is still Running"]);
  });

  test("C2 an effect was applied twice, or belongs to nobody", () => {
    const twice = truth({ ledger: [...LEDGER, entry("start-replica", "a", 4)] });
    expect(checks.effectsAtMostOnce(twice)).toEqual(["start-replica under run/start-replica/a was applied twice"]);
    expect(checks.effectsAtMostOnce(truth({ executions: new Map() }))).toHaveLength(LEDGER.length);
  });

  test("C3 both copies took writes, or an epoch decreased", () => {
    const both = { after: { source: RUNNING, replica: { ...OFF, power: "on", writable: true } } };
    const writers = truth({ ledger: [entry("start-replica", "a", 1, both)] });
    expect(checks.singleWriter(writers)).toEqual(["a had two writers after run/start-replica/a"]);
    const fallen = truth({ ledger: [entry("promote-replica", "a", 1, { epoch: 2 }), entry("start-replica", "a", 2)] });
    expect(checks.singleWriter(fallen)).toEqual(["the epoch of a decreased to 1 at run/start-replica/a"]);
  });

  test("C4 a group was promoted before the previous one was up", () => {
    const early = [entry("promote-replica", "b", 1), entry("start-replica", "a", 2)];
    expect(checks.groupsInOrder(truth({ ledger: early }), PLAN)).toHaveLength(1);
  });

  test.each<[string, Partial<Truth>, string]>([
    [
      "its source is off",
      { items: new Map([["a", { ...ITEM, source: { ...RUNNING, power: "off" } } as EmulatedItem]]) },
      "its source does not run",
    ],
    ["it is not in the world", { items: new Map() }, "not in the world"],
    [
      "an execution holds it",
      { records: new Map([["a", { ...RECORD, heldBy: { executionId: "run" } } as ItemRecord]]) },
      "still held by run",
    ],
    [
      "its state is transient",
      { records: new Map([["a", { ...RECORD, state: "failing-over" } as ItemRecord]]) },
      "not a state at rest",
    ],
  ])("C5 an item is reported as protected, and %s", (_, changes, finding) => {
    expect(checks.statesMatchEstate(truth(changes))).toEqual([expect.stringContaining(finding)]);
  });

  test("C6 an acknowledged request is not on record", () => {
    expect(checks.acknowledgedIsDurable(truth({ executions: new Map() }), [request()])).toHaveLength(1);
    expect(checks.acknowledgedIsDurable(truth(), [request({ what: "cancel" })])).toHaveLength(1);
    expect(checks.acknowledgedIsDurable(truth(), [request({ what: "cancel", answer: "unknown" })])).toEqual([]);
  });

  test("C7 an execution failed without cause, or its record differs from its answer", () => {
    const failed = completed({ status: "failed" });
    expect(checks.outcomesMatchRecords(truth(), [failed])).toHaveLength(2);
    const rejected = completed({ status: "failed", goal: "rejection" });
    const records = new Map([["run", { ...EXECUTION, status: "failed" } as Execution]]);
    expect(checks.outcomesMatchRecords(truth({ executions: records }), [rejected])).toEqual([]);
  });
});
