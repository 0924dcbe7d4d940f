import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVENT_TYPE_NAMES, type EventTypeName, type HistoryEvent } from "../../durable/history.js";
import { Bench, loadConformanceApp, type Stage } from "./bench.js";

/** What was scheduled and what came back, in order, without the markers of episodes. */
function shapeOf(events: readonly HistoryEvent[]): string[] {
  const markers: EventTypeName[] = ["OrchestratorStarted", "OrchestratorCompleted", "ExecutionStarted"];
  return events
    .map((event) => ({ name: EVENT_TYPE_NAMES[event.EventType], id: event.EventId }))
    .filter(({ name }) => !markers.includes(name))
    .map(({ name, id }) => (id < 0 ? name : `${name}#${id}`));
}

/** The scenarios every engine and store must pass, told through the real `durable-functions`. */
export function conformance(stage: Stage): void {
  describe(`on ${stage.label}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(stage, await loadConformanceApp());
    });
    afterAll(() => bench.close());

    describeActivities(() => bench);
    describeRetries(() => bench);
    describeTimersAndEvents(() => bench, stage.manyEvents);
    describeChildren(() => bench);
    describeFailures(() => bench);
    describeSteering(() => bench);
    describeStatus(() => bench);
    describeDurability(() => bench);
    if (stage.virtual) describeLongTime(() => bench);
  });
}

type Given = () => Bench;

function describeActivities(given: Given): void {
  test("activities run in sequence", async () => {
    expect(await given().outcome("Sequence")).toEqual(["a", "b", "c"]);
  });

  test("values of every kind reach activities and come back", async () => {
    const input = { texts: ["é", ""], n: null };
    const output = (await given().outcome("Kinds", input)) as { kinds: unknown[] };
    expect(output).toEqual({
      kinds: [
        { kind: "string", value: "text" },
        { kind: "string", value: "" },
        { kind: "string", value: "5" },
        { kind: "number", value: 7 },
        { kind: "number", value: 1.5 },
        { kind: "undefined", value: null },
        { kind: "undefined", value: null },
        { kind: "object", value: [1, "a"] },
        { kind: "object", value: { nested: { n: null } } },
      ],
      nothing: null,
      input,
    });
  });

  test("a fan-out is gathered in order", async () => {
    expect(await given().outcome("Parallel", { width: 50 })).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  test("isReplaying is false in new code only", async () => {
    expect(await given().outcome("Replaying")).toEqual([true, true, false]);
  });

  test("values of 100 KB survive in inputs, results and outputs", async () => {
    const output = await given().outcome("Large", "y".repeat(100_000));
    expect(output).toEqual({ activity: true, child: true, input: 100_000, text: "x".repeat(100_000) });
  });
}

function describeRetries(given: Given): void {
  test("a retry that succeeds takes ids for task, timer, task, timer, task", async () => {
    const id = await given().start("Retried", { key: randomUUID(), succeedsAt: 3, attempts: 5 });
    expect(await given().outputOf(id)).toBe(3);
    expect(shapeOf((await given().hub.history(id)) ?? [])).toEqual([
      "TaskScheduled#0",
      "TaskFailed",
      "TimerCreated#1",
      "TimerFired",
      "TaskScheduled#2",
      "TaskFailed",
      "TimerCreated#3",
      "TimerFired",
      "TaskScheduled#4",
      "TaskCompleted",
      "ExecutionCompleted#5",
    ]);
  });

  test("an exhausted retry ends behind one more timer", async () => {
    const id = await given().start("Retried", { key: randomUUID(), succeedsAt: 9, attempts: 2 });
    expect(await given().outputOf(id)).toMatchObject({ message: expect.stringContaining("attempt 2") });
    const timers = shapeOf((await given().hub.history(id)) ?? []).filter((name) => name.startsWith("TimerCreated"));
    expect(timers).toEqual(["TimerCreated#1", "TimerCreated#3"]);
  });

  test("retries in parallel don't mix their results up", async () => {
    expect(await given().outcome("RetriedInParallel")).toEqual([1, 2, 3, 4]);
  });

  test("a passed retryTimeout fails the orchestration instead of hanging it", async () => {
    const state = await given().ended(await given().start("RetryTimeout"));
    expect(state.runtimeStatus).toBe("Failed");
    expect(state.output).toMatch(/retryTimeout/i);
  });
}

function describeTimersAndEvents(given: Given, manyEvents: number): void {
  test("a timer is never early", async () => {
    const output = (await given().outcome("Timer")) as { early: boolean; waited: number };
    expect(output.early).toBe(false);
    expect(output.waited).toBeGreaterThanOrEqual(1500);
  });

  test("an event before the time-out wins and the cancelled timer holds nothing back", async () => {
    const id = await given().start("Approval", { patienceMs: 3_600_000 });
    await given().history(id, "TimerCreated");
    await given().raise(id, "approval", { by: "me" });
    expect(await given().outputOf(id)).toEqual({ by: "me" });
  });

  test("the time-out before an event wins", async () => {
    expect(await given().outcome("Approval", { patienceMs: 300 })).toBe("timed out");
  });

  test("events raised before they are awaited are kept, in order", async () => {
    const id = await given().start("WaitAfterTimer");
    for (const n of [1, 2]) await given().raise(id, "early", n);
    await given().raise(id, "go", null);
    expect(await given().outputOf(id)).toEqual([1, 2]);
  });

  test("of two waits for one name the later one gets the first event", async () => {
    const id = await given().start("TwoWaits");
    await given().history(id, "OrchestratorCompleted");
    await given().raise(id, "tick", "first");
    await given().raise(id, "tick", "second");
    expect(await given().outputOf(id)).toEqual(["second", "first"]);
  });

  test("an event whose name differs by case is not delivered, and a warning says so", async () => {
    const id = await given().start("Event");
    await given().history(id, "OrchestratorCompleted");
    await given().raise(id, "GO", 1);
    await given().history(id, "EventRaised");
    await given().settled();
    const warnings = given().lines.filter((line) => line.level === "warning" && line.instanceId === id);
    expect(warnings.map((line) => line.message).join()).toMatch(/'GO'.*'Go'/);
    expect((await given().hub.get(id))?.runtimeStatus).toBe("Running");
    await given().raise(id, "Go", 2);
    expect(await given().outputOf(id)).toBe(2);
  });

  test(`${manyEvents} buffered events arrive`, async () => {
    const id = await given().start("Count", { count: manyEvents });
    const together = 400;
    for (let sent = 0; sent < manyEvents; sent += together) {
      await Promise.all(Array.from({ length: together }, () => given().raise(id, "number", 1)));
    }
    await given().raise(id, "begin", null);
    expect(await given().outputOf(id)).toBe(manyEvents);
  });
}

function describeChildren(given: Given): void {
  test("a child without an id gets one made of its parent's execution", async () => {
    const id = await given().start("Parent", {});
    const executionId = (await given().hub.get(id))?.executionId;
    expect(await given().outputOf(id)).toEqual({ id: `${executionId}:0`, parent: id, echoed: { n: 1 } });
  });

  test("a child runs under the id it is given", async () => {
    const childId = randomUUID();
    const id = await given().start("Parent", { childId });
    expect(await given().outputOf(id)).toEqual({ id: childId, parent: id, echoed: { n: 1 } });
  });

  test("a child under the id of a running instance is refused and that instance runs on", async () => {
    const childId = await given().start("Event");
    const output = await given().outcome("Adopt", { childId });
    expect(output).toMatchObject({ message: expect.stringContaining(childId) });
    await given().raise(childId, "Go", "mine");
    expect(await given().outputOf(childId)).toBe("mine");
  });

  test("a terminated child fails its parent's call with the reason", async () => {
    const childId = randomUUID();
    const id = await given().start("Adopt", { childId });
    await given().status(childId, "Running");
    await given().hub.terminate(childId, "not needed");
    expect(await given().outputOf(id)).toMatchObject({ message: expect.stringContaining("not needed") });
  });
}

function describeFailures(given: Given): void {
  test("failures of activities and children are caught with their code, unknown names with the known ones", async () => {
    const caught = (await given().outcome("Failures")) as string[];
    expect(caught).toHaveLength(4);
    expect(caught[0]).toMatch(/^Activity function 'Fail' failed: {2}\[E-1\] activity/);
    expect(caught[1]).toMatch(/^Orchestrator function 'Throws' failed: \[E-2\] no/);
    expect(caught[2]).toMatch(/'NoSuchActivity' doesn't exist.*'Identity'/s);
    expect(caught[3]).toMatch(/'NoSuchOrchestration' doesn't exist.*'Sequence'/s);
  });

  test("an orchestrator that throws ends as failed with its text", async () => {
    const state = await given().ended(await given().start("Throws"));
    expect(state).toMatchObject({
      runtimeStatus: "Failed",
      output: "Orchestrator function 'Throws' failed: [E-2] no",
    });
  });

  test("an unknown orchestration fails and names the known ones", async () => {
    const state = await given().ended(await given().start("NoSuchOrchestration"));
    expect(state.runtimeStatus).toBe("Failed");
    expect(state.output).toMatch(/'NoSuchOrchestration' doesn't exist.*'Sequence'/s);
  });

  test("yielding something that is no task fails with the constraint", async () => {
    const state = await given().ended(await given().start("YieldsANumber"));
    expect(state.runtimeStatus).toBe("Failed");
    expect(state.output).toContain("programming constraint violation");
  });

  test("non-determinism names the recorded and the requested action", async () => {
    const state = await given().ended(await given().start("Changing"));
    expect(state.runtimeStatus).toBe("Failed");
    expect(state.output).toMatch(/Non-Deterministic workflow detected.*ChangeCode.*Nothing/s);
  });

  test("a custom status over 16 KB fails the orchestration", async () => {
    const short = await given().ended(await given().start("StatusTooLong", { length: 8_000 }));
    expect(short.runtimeStatus).toBe("Completed");
    const long = await given().ended(await given().start("StatusTooLong", { length: 9_000 }));
    expect(long.runtimeStatus).toBe("Failed");
    expect(long.output).toMatch(/custom status/i);
  });
}

function describeSteering(given: Given): void {
  test("a suspended instance holds events back until it is resumed", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await given().hub.suspend(id, "lunch");
    expect(await given().status(id, "Suspended")).toMatchObject({ output: "lunch" });
    await given().raise(id, "Go", "held");
    await given().settled();
    expect((await given().hub.get(id))?.runtimeStatus).toBe("Suspended");
    await expect(given().hub.suspend(id, "again")).rejects.toMatchObject({ code: "wrong-state" });
    await given().hub.resume(id, "back");
    expect(await given().outputOf(id)).toBe("held");
  });

  test("resuming what is not suspended is refused", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await expect(given().hub.resume(id, null)).rejects.toMatchObject({ code: "wrong-state" });
    await given().hub.terminate(id, null);
  });

  test("terminate ends an instance with the reason, and nothing more is accepted for it", async () => {
    const id = await given().start("Approval", { patienceMs: 3_600_000 });
    await given().status(id, "Running");
    await given().hub.terminate(id, "enough");
    expect(await given().ended(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    for (const attempt of [
      given().raise(id, "approval", 1),
      given().hub.terminate(id, null),
      given().hub.suspend(id, null),
      given().hub.resume(id, null),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: "finished" });
    }
  });

  test("restart runs the same name and input again, under a new or the same id", async () => {
    const id = await given().start("Parallel", { width: 2 });
    await given().ended(id);
    const fresh = await given().hub.restart(id, true);
    expect(fresh.instanceId).not.toBe(id);
    expect(await given().outputOf(fresh.instanceId)).toEqual([0, 1]);
    const before = await given().hub.get(id);
    const same = await given().hub.restart(id, false);
    expect(same.instanceId).toBe(id);
    expect(same.executionId).not.toBe(before?.executionId);
    expect(await given().outputOf(id)).toEqual([0, 1]);
    await expect(given().hub.restart(randomUUID(), true)).rejects.toMatchObject({ code: "not-found" });
  });

  test("a start under the id of a running instance is refused, under that of a finished one it replaces it", async () => {
    const id = await given().start("Event");
    await expect(given().start("Sequence", null, id)).rejects.toMatchObject({ code: "exists" });
    await given().raise(id, "Go", 1);
    await given().ended(id);
    await given().start("Sequence", null, id);
    expect(await given().outputOf(id)).toEqual(["a", "b", "c"]);
  });

  test("purge removes finished instances and refuses running ones", async () => {
    const id = await given().start("Event");
    await given().status(id, "Running");
    await expect(given().hub.purge(id)).rejects.toMatchObject({ code: "not-finished" });
    await given().raise(id, "Go", 1);
    await given().ended(id);
    await given().hub.purge(id);
    expect(await given().hub.get(id)).toBeUndefined();
    expect(await given().hub.history(id)).toBeUndefined();
    await expect(given().hub.purge(id)).rejects.toMatchObject({ code: "not-found" });
  });

  test("purge by filter never deletes a running instance", async () => {
    const prefix = `purge-${randomUUID()}-`;
    const running = await given().start("Event", null, `${prefix}running`);
    await given().status(running, "Running");
    for (const n of [1, 2, 3]) await given().ended(await given().start("Sequence", null, `${prefix}${n}`));
    expect(await given().hub.purgeBy({ instanceIdPrefix: prefix, runtimeStatus: ["Running"] })).toBe(0);
    expect(await given().hub.purgeBy({ instanceIdPrefix: prefix })).toBe(3);
    expect((await given().hub.get(running))?.runtimeStatus).toBe("Running");
    await given().raise(running, "Go", "still here");
    expect(await given().outputOf(running)).toBe("still here");
  });

  test("lists come in pages, by id, with filters", async () => {
    const prefix = `list-${randomUUID()}-`;
    const ids = Array.from({ length: 5 }, (_, n) => `${prefix}${n}`);
    for (const id of ids) await given().ended(await given().start("Sequence", null, id));
    await given().ended(await given().start("Throws", null, `${prefix}failed`));
    const filter = { instanceIdPrefix: prefix, runtimeStatus: ["Completed" as const] };
    const seen: string[] = [];
    let place: string | undefined;
    do {
      const page = await given().hub.list(filter, 2, place);
      expect(page.instances.length).toBeLessThanOrEqual(2);
      seen.push(...page.instances.map((state) => state.instanceId));
      place = page.continuation;
    } while (place !== undefined);
    expect(seen).toEqual(ids);
  });
}

function describeStatus(given: Given): void {
  test("the custom status shows while it runs, and at the end what was set last", async () => {
    const id = await given().start("Status");
    await given().until(id, (state) => state.customStatus === '{"step":1}');
    await given().raise(id, "go", null);
    expect(await given().ended(id)).toMatchObject({ runtimeStatus: "Completed", customStatus: '{"step":2}' });
  });

  test("an early return waits for open timers", async () => {
    const id = await given().start("EarlyReturn");
    const events = await given().history(id, "TaskCompleted");
    expect(shapeOf(events)).not.toContain("TimerFired");
    expect(await given().outputOf(id)).toBe("returned");
    expect(shapeOf((await given().hub.history(id)) ?? [])).toContain("TimerFired");
  });

  test("continueAsNew carries state over three generations, each with events of its own", async () => {
    const id = await given().start("Generations");
    const executions = new Set<string>();
    for (const n of [1, 2, 3]) {
      const state = await given().until(id, ({ input }) => seenIn(input) === n - 1);
      await given().history(id, "OrchestratorCompleted");
      executions.add(state.executionId);
      await given().raise(id, "tick", n);
    }
    expect(await given().outputOf(id)).toEqual([1, 2, 3]);
    expect(executions.size).toBe(3);
  });
}

const seenIn = (input: string | null): number =>
  ((JSON.parse(input ?? "null") as { seen: unknown[] } | null)?.seen ?? []).length;

function describeDurability(given: Given): void {
  test("what has not finished goes on in a hub opened again over the same store", async () => {
    const waiting = await given().start("Event");
    const timed = await given().start("Timer");
    const parent = await given().start("Adopt", { childId: `${waiting}-child` });
    await given().status(`${waiting}-child`, "Running");
    await given().history(timed, "TimerCreated");
    await given().reopen();
    await given().raise(waiting, "Go", "after");
    await given().raise(`${waiting}-child`, "Go", "child");
    expect(await given().outputOf(waiting)).toBe("after");
    expect(await given().outputOf(parent)).toBe("child");
    expect(await given().outputOf(timed)).toMatchObject({ early: false });
  });
}

function describeLongTime(given: Given): void {
  test("a timer of ten days is a chain of shorter ones", async () => {
    const id = await given().start("LongTimer");
    expect(await given().outputOf(id)).toEqual({ early: false });
    const timers = shapeOf((await given().hub.history(id)) ?? []).filter((name) => name.startsWith("TimerCreated"));
    expect(timers).toEqual(["TimerCreated#0", "TimerCreated#1", "TimerCreated#2"]);
  });
}
