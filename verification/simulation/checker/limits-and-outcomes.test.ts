import { describe, expect, test } from "vitest";
import { EventType } from "../../../host/durable/history.js";
import type { StoredEvent, StoredInstance } from "../../../host/durable/store/port.js";
import type { ActivityRun, ClientEntry, OperationCall } from "../evidence.js";
import { check } from "./index.js";
import { Drawing, run } from "./support/evidence-builder.js";
import { broken, commit, failOver, named, outcome, rehearse } from "./support/scenarios.js";

describe("I21 limits hold", () => {
  const call = (atMs: number, endedMs: number): OperationCall => ({
    ...{ atMs, endedMs, generation: 1, executionId: run(1), key: "", subjectId: "item-1" },
    ...{ operation: "start-replica", outcome: "done", code: null },
  });

  test.each([
    ["one after the other", [call(0, 5), call(0, 5), call(5, 9)], []],
    ["three at once, of two", [call(0, 5), call(0, 5), call(4, 9)], ["I21"]],
  ])("operations %s", async (_, operations, expected) => {
    const drawing = await Drawing.of();
    drawing.evidence.effects.operations = operations;
    expect(await broken(drawing)).toEqual(expected);
  });

  test.each([
    ["one of them delivered twice", [1, 2, 2], []],
    ["each its own task", [1, 2, 3], ["I21"]],
  ])("three activities at once, of two: %s", async (_, taskIds, expected) => {
    const drawing = await Drawing.of();
    drawing.evidence.effects.activities = taskIds.map((taskId) => ({
      ...{ atMs: 0, endedMs: 5, generation: 1, instanceId: run(1), taskId, name: "do-steps", outcome: "ok" },
    }));
    expect((await broken(drawing)).filter((invariant) => invariant === "I21")).toEqual(expected);
  });

  test("a transaction of 101 rows", async () => {
    const drawing = await Drawing.of();
    drawing.record({});
    const [write] = drawing.evidence.store.journal;
    if (write === undefined) throw new Error("no transaction");
    write.operations = Array.from({ length: 101 }, (_, row) => ({ kind: "put", row: String(row), json: "{}" }));
    expect(await broken(drawing)).toEqual(["I21"]);
  });

  test.each([
    [1_000, []],
    [1_001, ["I21"]],
  ])("a history of %i rows", async (rows, expected) => {
    const drawing = await Drawing.of();
    const instance = { instanceId: run(1), name: "x", runtimeStatus: "Completed" } as StoredInstance;
    const raised = { EventType: EventType.EventRaised, EventId: -1, Name: "decision", Input: "{}" };
    const events = Array.from({ length: rows }, () => ({ event: raised, taskInput: null }) as unknown as StoredEvent);
    const history = { executionId: "", startId: "", events, customStatus: null, inboxThrough: "", rowsPresent: 0 };
    drawing.evidence.hub.instances.push({ instance, history });
    expect(await broken(drawing)).toEqual(expected);
  });
});

describe("I25 faults are transparent or declared", () => {
  test("an item is called protected, and a test copy of it is there", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    drawing.record({ state: "protected" });
    expect(await broken(drawing)).toContain("I25");
  });

  test("a success leaves an item out", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.execution(1, "planned-failover", { itemIds: ["item-1", "item-2"] });
    expect(await broken(drawing)).toContain("I25");
  });

  test("a failed item is called failed over", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "planned-failover");
    drawing.hold(1, "planned-failover", "failing-over");
    drawing.record({ state: "failed-over", heldBy: null });
    drawing.ended(1, "planned-failover", [outcome({})]);
    expect(await broken(drawing)).toContain("I25");
  });

  test.each([
    ["and its machine could not be read", "item-1", []],
    ["and nothing hid it", "item-2", ["I25"]],
  ])("the outcome of an item is said to be unknown, %s", async (_, of, expected) => {
    const drawing = await Drawing.of();
    const unknown = { type: "outcome-unknown", since: null, whatToDo: "look at the machine" } as const;
    drawing.execution(1, "planned-failover");
    drawing.hold(1, "planned-failover", "failing-over");
    drawing.record({ state: "failed-over", heldBy: null, conditions: [unknown] });
    drawing.ended(1, "planned-failover", [outcome({})]);
    drawing.poison({ what: "machine", of });
    expect((await broken(drawing)).filter((invariant) => invariant === "I25")).toEqual(expected);
  });

  test("everything succeeded, and the end is another one than without faults", async () => {
    const undisturbed = await Drawing.of();
    await failOver(undisturbed);
    await commit(undisturbed);
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.execution(2, "commit");
    drawing.ended(2, "commit", [outcome({ state: "failed-over" })]);
    const found = await check(await drawing.done(), await undisturbed.done());
    expect(named(found)).toEqual(["I25"]);
    expect(await check(await undisturbed.done(), await undisturbed.done())).toEqual([]);
  });
});

describe("I26 poison is contained", () => {
  const FAILED = { code: "operation-failed", message: "it did not work" };

  test("an execution fails of a row that is not its own", async () => {
    const drawing = await Drawing.of();
    const failure = { code: "row-unreadable", message: "the item in row small/item-7 is damaged" };
    const told = [outcome({ outcome: "failed", state: "protected", failure })];
    drawing.ended(1, "commit", told, { status: "failed", failure });
    expect(await broken(drawing)).toEqual(["I26"]);
    drawing.poison({ of: "item-1" });
    expect(await broken(drawing)).toEqual([]);
  });

  test("a request is refused for a row that has nothing to do with it", async () => {
    const drawing = await Drawing.of(2);
    drawing.poison({ of: "item-1", row: "small/item-1" });
    const refused = { outcome: "refused", code: "row-unreadable", answer: "row small/item-1 is damaged" } as const;
    drawing.asked({ kind: "change-target", itemId: "item-1", size: "D4" }, refused);
    expect(await broken(drawing)).toEqual([]);
    drawing.asked({ kind: "change-target", itemId: "item-2", size: "D4" }, refused);
    expect(await broken(drawing)).toEqual(["I26"]);
  });

  test.each([
    ["is named to whoever asks", { answer: '["row small/item-1 is damaged"]' }, []],
    ["is not named", { answer: "[]" }, ["I26"]],
    ["is written over", { overwritten: true }, ["I26"]],
    ["has an instance stand still that has nothing to do with it", { standing: [run(7)] }, ["I26"]],
  ])("what can't be read %s", async (_, changes, expected) => {
    const drawing = await Drawing.of();
    drawing.poison({ of: "item-1", row: "small/item-1", ...changes });
    expect(await broken(drawing)).toEqual(expected);
  });

  test.each([
    ["the hub names it", "row 7 can't be read", []],
    ["the hub does not name it", "it was suspended", ["I26"]],
  ])("an execution ended before its row could not be read, and %s", async (_, shown, expected) => {
    const drawing = await Drawing.of();
    drawing.ended(1, "commit", [outcome({ state: "protected" })], { status: "failed", failure: FAILED });
    const hubRow = { what: "history", of: run(1), instanceId: run(1), row: "row 7", answer: '["failed"]' } as const;
    drawing.poison({ ...hubRow, standing: [run(1)], shown });
    expect(await broken(drawing)).toEqual(expected);
  });

  test("an activity is tried for ever", async () => {
    const drawing = await Drawing.of();
    const tried: ActivityRun = {
      ...{ atMs: 0, endedMs: 0, generation: 1, instanceId: run(1), taskId: 3, name: "do-steps", outcome: "failed" },
    };
    drawing.evidence.effects.activities = [tried];
    expect(await broken(drawing)).toEqual([]);
    drawing.evidence.effects.activities = [tried, tried];
    expect(await broken(drawing)).toEqual(["I26"]);
  });

  test.each([
    ["is told of after the other at which its execution stands still", "row 9 can't be read", []],
    ["is not told of, and neither is the other", "it was suspended", ["I26"]],
  ])("one of two rows of an execution %s", async (_, why, expected) => {
    const drawing = await Drawing.of();
    const hubRow = { what: "history", of: run(1), instanceId: run(1), shown: why } as const;
    const answer = `["running","${why}"]`;
    for (const row of ["row 7", "row 9"]) drawing.poison({ ...hubRow, row, answer, standing: [run(1)] });
    expect(await broken(drawing)).toEqual(expected);
  });

  test.each([
    ["as often as it was asked for, and once more by the sweep", 2, []],
    ["for ever", 3, ["I26"]],
  ])("an execution that had ended was begun anew %s", async (_, times, expected) => {
    const drawing = await Drawing.of();
    const ran: ActivityRun = {
      ...{ atMs: 0, endedMs: 0, generation: 1, instanceId: run(1), taskId: 0, name: "open-execution", outcome: "ok" },
    };
    drawing.execution(1, "commit");
    const target = { kind: "plan", planId: "plan" };
    drawing.asked({ kind: "start", idempotencyKey: "key-1", verb: "commit", target } as ClientEntry["asked"]);
    const began = { toldMs: 0, atMs: 0, generation: 1, instanceId: run(1), firstRow: 0, events: 4, raised: [] };
    for (let time = 1; time <= times; time += 1) {
      drawing.evidence.effects.activities.push(ran);
      drawing.evidence.hub.commits.push({ ...began, commitId: `commit-${time}` });
    }
    expect((await broken(drawing)).filter((invariant) => invariant === "I26")).toEqual(expected);
  });
});
