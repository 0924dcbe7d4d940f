import { expect, test } from "vitest";
import type { Given } from "./bench.js";
import { shapeOf } from "./shape.js";

export function describeTimersAndEvents(given: Given, manyEvents: number): void {
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
    const id = await given().start("WaitInOrder");
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

export function describeStatus(given: Given): void {
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

  test("events that come all at once are carried over from one generation to the next", async () => {
    const id = await given().start("Generations");
    await Promise.all([1, 2, 3].map((n) => given().raise(id, "tick", n)));
    expect(await given().outputOf(id)).toEqual([1, 2, 3]);
  });
}

const seenIn = (input: string | null): number =>
  ((JSON.parse(input ?? "null") as { seen: unknown[] } | null)?.seen ?? []).length;

export function describeDurability(given: Given): void {
  test("unfinished instances continue in a hub that is reopened over the same store", async () => {
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

export function describeLongTime(given: Given): void {
  test("a timer of ten days is a chain of shorter ones", async () => {
    const id = await given().start("LongTimer");
    expect(await given().outputOf(id)).toEqual({ early: false });
    const timers = shapeOf((await given().hub.history(id)) ?? []).filter((name) => name.startsWith("TimerCreated"));
    expect(timers).toEqual(["TimerCreated#0", "TimerCreated#1", "TimerCreated#2"]);
  });
}
