import { describe, expect, test } from "vitest";
import { EventType } from "../../../host/durable/history.js";
import type { StoredEvent, StoredInstance } from "../../../host/durable/store/port.js";
import type { ActivityRun, ClientEntry, OperationCall } from "../evidence.js";
import { check } from "./index.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { commit, failOver, invariantsOf, outcome, testFailover, violatedBy } from "./support/scenarios.js";

describe("I21 limits are respected", () => {
  const call = (atMs: number, endedMs: number): OperationCall => ({
    ...{ atMs, endedMs, generation: 1, executionId: executionIdOf(1), key: "", subjectId: "item-1" },
    ...{ operation: "start-replica", outcome: "done", code: null },
  });

  test.each([
    ["in sequence", [call(0, 5), call(0, 5), call(5, 9)], []],
    ["three at once, the limit is two", [call(0, 5), call(0, 5), call(4, 9)], ["I21"]],
  ])("operations %s", async (_, operations, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.evidence.effects.operations = operations;
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["one of them an injected straggler", true, []],
    ["each begun by the host", false, ["I21"]],
  ])("three activities at once, the limit is two: %s", async (_, isInjected, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.evidence.effects.activities = [1, 2, 3].map((taskId) => ({
      ...{ atMs: 0, endedMs: 5, generation: 1, instanceId: executionIdOf(1), taskId, name: "execute-batch" },
      outcome: "ok",
      ...(isInjected && taskId === 3 && { straggler: true }),
    }));
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I21")).toEqual(expected);
  });

  test("a transaction of 101 rows", async () => {
    const builder = await EvidenceBuilder.create();
    builder.record({});
    const [write] = builder.evidence.store.journal;
    if (write === undefined) throw new Error("no transaction");
    write.operations = Array.from({ length: 101 }, (_, row) => ({ kind: "put", row: String(row), json: "{}" }));
    expect(await violatedBy(builder)).toEqual(["I21"]);
  });

  test.each([
    [1_344, []],
    [1_345, ["I21"]],
  ])("a history of %i rows", async (rows, expected) => {
    const builder = await EvidenceBuilder.create();
    const instance = { instanceId: executionIdOf(1), name: "x", runtimeStatus: "Completed" } as StoredInstance;
    const raised = { EventType: EventType.EventRaised, EventId: -1, Name: "decision", Input: "{}" };
    const events = Array.from({ length: rows }, () => ({ event: raised, taskInput: null }) as unknown as StoredEvent);
    const history = { executionId: "", startId: "", events, customStatus: null, inboxThrough: "", rowsPresent: 0 };
    builder.evidence.hub.instances.push({ instance, history });
    expect(await violatedBy(builder)).toEqual(expected);
  });
});

describe("I25 faults are transparent or declared", () => {
  test("an item is reported as protected while a test copy of it exists", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    builder.record({ state: "protected" });
    expect(await violatedBy(builder)).toContain("I25");
  });

  test("a success omits an item", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.execution(1, "planned-failover", { itemIds: ["item-1", "item-2"] });
    expect(await violatedBy(builder)).toContain("I25");
  });

  test("a failed item is reported as failed over", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "planned-failover");
    builder.hold(1, "planned-failover", "failing-over");
    builder.record({ state: "failed-over", heldBy: null });
    builder.ended(1, "planned-failover", [outcome({})]);
    expect(await violatedBy(builder)).toContain("I25");
  });

  test.each([
    ["and its machine was unreadable", "item-1", []],
    ["without a cause", "item-2", ["I25"]],
  ])("the outcome of an item is reported as unknown, %s", async (_, ownerId, expected) => {
    const builder = await EvidenceBuilder.create();
    const unknown = { type: "outcome-unknown", since: null, whatToDo: "look at the machine" } as const;
    builder.execution(1, "planned-failover");
    builder.hold(1, "planned-failover", "failing-over");
    builder.record({ state: "failed-over", heldBy: null, conditions: [unknown] });
    builder.ended(1, "planned-failover", [outcome({})]);
    builder.corruption({ what: "machine", ownerId });
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I25")).toEqual(expected);
  });

  test("everything succeeded, but the final state differs from the run without faults", async () => {
    const faultFree = await EvidenceBuilder.create();
    await failOver(faultFree);
    await commit(faultFree);
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.execution(2, "commit");
    builder.ended(2, "commit", [outcome({ state: "failed-over" })]);
    const found = await check(await builder.build(), await faultFree.build());
    expect(invariantsOf(found)).toEqual(["I25"]);
    expect(await check(await faultFree.build(), await faultFree.build())).toEqual([]);
  });
});

describe("I26 corruption is contained", () => {
  const FAILED = { code: "operation-failed", message: "it did not work" };

  test("an execution fails because of a row of another owner", async () => {
    const builder = await EvidenceBuilder.create();
    const failure = { code: "row-unreadable", message: "the item in row small/item-7 is damaged" };
    const outcomes = [outcome({ outcome: "failed", state: "protected", failure })];
    builder.ended(1, "commit", outcomes, { status: "failed", failure });
    expect(await violatedBy(builder)).toEqual(["I26"]);
    builder.corruption({ ownerId: "item-1" });
    expect(await violatedBy(builder)).toEqual([]);
  });

  test("a request is refused because of a row of another owner", async () => {
    const builder = await EvidenceBuilder.create(2);
    builder.corruption({ ownerId: "item-1", row: "small/item-1" });
    const refused = { outcome: "refused", code: "row-unreadable", answer: "row small/item-1 is damaged" } as const;
    builder.request({ kind: "change-target", itemId: "item-1", size: "D4" }, refused);
    expect(await violatedBy(builder)).toEqual([]);
    builder.request({ kind: "change-target", itemId: "item-2", size: "D4" }, refused);
    expect(await violatedBy(builder)).toEqual(["I26"]);
  });

  test.each([
    ["is named in the answer", { answer: '["row small/item-1 is damaged"]' }, []],
    ["is not named", { answer: "[]" }, ["I26"]],
    ["is overwritten", { overwritten: true }, ["I26"]],
    ["suspends an instance of another owner", { suspended: [executionIdOf(7)] }, ["I26"]],
  ])("an unreadable row %s", async (_, changes, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.corruption({ ownerId: "item-1", row: "small/item-1", ...changes });
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["which the answer names", "row small/item-1 is damaged", []],
    ["which the answer does not name either", "nothing", ["I26"]],
  ])("a machine's row is unreadable, and so is the record of its item, %s", async (_, answer, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.corruption({ what: "machine", ownerId: "item-1", row: "small:1:0/state:item-1", answer });
    builder.corruption({ ownerId: "item-1", row: "small/item-1", answer });
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["the hub names it", "row 7 can't be read", []],
    ["the hub does not name it", "it was suspended", ["I26"]],
  ])("an execution ended before its row became unreadable, and %s", async (_, hubReason, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.ended(1, "commit", [outcome({ state: "protected" })], { status: "failed", failure: FAILED });
    const hubRow = {
      what: "history",
      ownerId: executionIdOf(1),
      instanceId: executionIdOf(1),
      row: "row 7",
      answer: '["failed"]',
    } as const;
    builder.corruption({ ...hubRow, suspended: [executionIdOf(1)], hubReason });
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test("an activity is retried without limit", async () => {
    const builder = await EvidenceBuilder.create();
    const tried: ActivityRun = {
      ...{
        atMs: 0,
        endedMs: 0,
        generation: 1,
        instanceId: executionIdOf(1),
        taskId: 3,
        name: "execute-batch",
        outcome: "failed",
      },
    };
    builder.evidence.effects.activities = [tried];
    expect(await violatedBy(builder)).toEqual([]);
    builder.evidence.effects.activities = [tried, tried];
    expect(await violatedBy(builder)).toEqual(["I26"]);
  });

  test.each([
    ["is reported after the other one, at which its execution is suspended", "row 9 can't be read", []],
    ["is not reported, and neither is the other one", "it was suspended", ["I26"]],
  ])("one of several rows of an execution %s", async (_, why, expected) => {
    const builder = await EvidenceBuilder.create();
    const hubRow = {
      what: "history",
      ownerId: executionIdOf(1),
      hubReason: why,
    } as const;
    const answer = `["running","${why}"]`;
    const instanceIds = { "row 7": `${executionIdOf(1)}:items`, "row 8": executionIdOf(1), "row 9": executionIdOf(1) };
    for (const [row, instanceId] of Object.entries(instanceIds)) {
      builder.corruption({ ...hubRow, instanceId, row, answer, suspended: [instanceId] });
    }
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["as often as requested, and once by the sweep", 2, []],
    ["without limit", 3, ["I26"]],
  ])("an ended execution was started again %s", async (_, times, expected) => {
    const builder = await EvidenceBuilder.create();
    const trace: ActivityRun = {
      ...{
        atMs: 0,
        endedMs: 0,
        generation: 1,
        instanceId: executionIdOf(1),
        taskId: 0,
        name: "open-execution",
        outcome: "ok",
      },
    };
    builder.execution(1, "commit");
    const target = { kind: "plan", planId: "plan" };
    builder.request({ kind: "start", idempotencyKey: "key-1", verb: "commit", target } as ClientEntry["request"]);
    const began = {
      requestedMs: 0,
      atMs: 0,
      generation: 1,
      instanceId: executionIdOf(1),
      firstRow: 0,
      events: 4,
      raised: [],
    };
    for (let time = 1; time <= times; time += 1) {
      builder.evidence.effects.activities.push(trace);
      builder.evidence.hub.commits.push({ ...began, commitId: `commit-${time}` });
    }
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I26")).toEqual(expected);
  });
});

test.each([
  ["where the failover left it", "failed-over", []],
  ["as if it had been a test", "protected", ["I25"]],
] as const)("a clean-up of what a failover left brings an item %s", async (_, state, expected) => {
  const builder = await EvidenceBuilder.create();
  await failOver(builder, { verb: "unplanned-failover" });
  builder.execution(2, "test-clean-up");
  builder.hold(2, "test-clean-up", "cleaning-up");
  builder.record({ state: "failed-over", heldBy: null });
  builder.ended(2, "test-clean-up", [outcome({ state })]);
  expect((await violatedBy(builder)).filter((invariant) => invariant === "I25")).toEqual(expected);
});

test.each([
  ["row-unreadable", []],
  [null, ["I6", "I25"]],
])("an estate that was reset without its records, and its request got %s", async (code, expected) => {
  const builder = await EvidenceBuilder.create();
  await failOver(builder);
  const { world } = builder.evidence;
  builder.request({ kind: "import-world", mode: "reset" }, code === null ? {} : { outcome: "refused", code });
  const json = JSON.stringify({ worldId: world.id, change: { kind: "reset" } });
  builder.evidence.store.rows.push({ table: "Worlds", partition: "worlds", row: world.id, schema: 1, json });
  const evidence = await builder.build();
  for (const item of evidence.estate.items) {
    item.ledger = [];
    item.states = item.states.slice(0, 1);
  }
  const found = (await check(evidence)).filter(({ what }) => /^(the record of|\S+ is reported as)/.test(what));
  expect([...new Set(found.map(({ invariant }) => invariant))]).toEqual(expected);
});

test("a copy whose promotion failed stays for the undo, as the outcome of the clean-up says", async () => {
  const note = "cancel-failover removes what is left of its test";
  for (const [text, expected] of [
    [note, []],
    ["there is no test failover of it", ["I18"]],
  ] as const) {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    builder.record({ state: "failover-failed", heldBy: null });
    builder.execution(2, "test-clean-up");
    builder.ended(2, "test-clean-up", [outcome({ outcome: "not-applicable", state: "failover-failed", note: text })]);
    expect((await violatedBy(builder)).filter((one) => one === "I18")).toEqual(expected);
  }
});
