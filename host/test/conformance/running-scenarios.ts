import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Given } from "./bench.js";
import { shapeOf } from "./shape.js";

export function describeActivities(given: Given): void {
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

export function describeRetries(given: Given): void {
  test("a failure beside an open retry in one Task.all is warned of", async () => {
    const id = await given().start("RetryBesideFailure");
    await given().ended(id);
    const warnings = given().lines.filter((line) => line.level === "warning" && line.instanceId === id);
    expect(warnings.map((line) => line.message).join()).toContain("Put retries into sub-orchestrations");
  });

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

export function describeChildren(given: Given): void {
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

export function describeFailures(given: Given): void {
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

  test("callHttp and entities fail at once and say what to do instead", async () => {
    for (const [name, text] of [
      ["CallsHttp", "callHttp is not served by the embedded host. Make the request in an activity"],
      ["CallsEntity", "Entities are not served by the embedded host"],
    ] as const) {
      const state = await given().ended(await given().start(name));
      expect(state.runtimeStatus).toBe("Failed");
      expect(state.output).toContain(text);
    }
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
