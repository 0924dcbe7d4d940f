import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { EventType } from "../../../host/durable/history.js";
import type { StoredEvent, StoredInstance } from "../../../host/durable/store/port.js";
import { fromLines, type Golden, HISTORIES, presentVersion } from "../../../test/replay/golden.js";
import type { Evidence } from "../evidence.js";
import { check } from "./index.js";
import { Drawing, run } from "./support/evidence-builder.js";
import { broken, failOver, outcome, takeBack } from "./support/scenarios.js";

const SLOW = 3_600;

/** A plan of two groups, one item in each. */
const TWO_GROUPS = {
  groups: [
    { id: "first", name: "First", items: [{ id: "item-1" }] },
    { id: "second", name: "Second", items: [{ id: "item-2" }] },
  ],
};

describe("I7 group order", () => {
  async function both(order: readonly [string, string], plan: object = {}): Promise<Drawing> {
    const drawing = await Drawing.of(2);
    drawing.plan({ ...TWO_GROUPS, ...plan });
    for (const itemId of order) await failOver(drawing, { itemId, ends: false });
    const outcomes = order.map((itemId) => {
      const { recoveryPoint, dataLoss } = drawing.record({ heldBy: null }, itemId);
      return outcome({ itemId, recoveryPoint, dataLoss });
    });
    drawing.ended(1, "planned-failover", outcomes, { itemIds: order });
    return drawing;
  }

  test("one group after the other is right", async () => {
    expect(await broken(await both(["item-1", "item-2"]))).toEqual([]);
  });

  test("the second group is begun before the first", async () => {
    expect(await broken(await both(["item-2", "item-1"]))).toEqual(["I7"]);
  });

  test("groups that do not depend on one another have no order", async () => {
    const groups = TWO_GROUPS.groups.map((group) => ({ ...group, dependsOn: [] }));
    expect(await broken(await both(["item-2", "item-1"], { groups }))).toEqual([]);
  });

  test("the action between them was never confirmed, though its failure stops the run", async () => {
    const [first, second] = TWO_GROUPS.groups;
    const action = { id: "look", name: "Look", kind: "manual", instructions: "Look.", failoverTypes: ["planned"] };
    const groups = [{ ...first, after: [{ ...action, onFailure: "stop" }] }, second];
    expect(await broken(await both(["item-1", "item-2"], { groups }))).toEqual(["I7"]);
  });
});

describe("I8 one execution per plan and per item", () => {
  test("an item is taken from who holds it", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { ends: false });
    drawing.execution(2, "commit");
    drawing.record({ heldBy: { executionId: run(2), verb: "commit", from: "failed-over" } });
    expect(await broken(drawing)).toContain("I8");
  });

  test("somebody works on an item that is not his", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.clock.pass(SLOW);
    await drawing.item("shut-down-source", {}, { executionId: run(7) });
    expect(await broken(drawing)).toEqual(["I8"]);
  });

  test("two executions of one plan hold different items", async () => {
    const drawing = await Drawing.of(2);
    drawing.execution(1, "commit");
    drawing.execution(2, "commit");
    drawing.hold(1, "commit", "committing", "item-1");
    drawing.hold(2, "commit", "committing", "item-2");
    drawing.clock.pass(60);
    for (const itemId of ["item-1", "item-2"]) drawing.record({ heldBy: null }, itemId);
    expect(await broken(drawing)).toContain("I8");
  });
});

describe("I10 cancel is true", () => {
  test("something is begun after the cancel was acknowledged", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "unplanned-failover");
    drawing.hold(1, "unplanned-failover", "failing-over");
    drawing.asked({ kind: "cancel", executionId: run(1), behaviour: "restore-protection" });
    drawing.clock.pass(SLOW);
    await drawing.item("stop-replication", {});
    expect(await broken(drawing)).toContain("I10");
  });

  test("what was begun just before it may end, and what takes it back may begin", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.asked({ kind: "cancel", executionId: run(2), behaviour: "restore-protection" });
    drawing.clock.pass(SLOW);
    await takeBack(drawing);
    expect((await broken(drawing)).filter((invariant) => invariant === "I10")).toEqual([]);
  });

  test("nothing says that a cancelled item does not replicate", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "unplanned-failover");
    drawing.hold(1, "unplanned-failover", "failing-over");
    await drawing.item("stop-replication", {});
    const cancelRequest = { behaviour: "as-documented", requestedBy: "tester", requestedAt: drawing.at };
    const failure = { code: "cancelled", message: "cancelled" };
    drawing.record({ state: "failover-failed", heldBy: null });
    const told = [outcome({ outcome: "cancelled", state: "failover-failed", failure })];
    drawing.ended(1, "unplanned-failover", told, { status: "cancelled", failure, cancelRequest });
    expect(await broken(drawing)).toEqual(["I10"]);
    const since = drawing.at;
    drawing.record({ conditions: [{ type: "not-replicating", since, whatToDo: "cancel to restore protection" }] });
    expect(await broken(drawing)).toEqual([]);
  });
});

describe("I11 terminal within bounded time", () => {
  test("an execution goes on and holds its item", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "commit");
    drawing.hold(1, "commit", "committing");
    expect(await broken(drawing)).toEqual(["I11"]);
  });

  test("no rest is reached, or only after weeks", async () => {
    const drawing = await Drawing.of();
    drawing.evidence.rest = { reached: false, why: "a timer is set again and again", moving: [run(1)] };
    expect(await broken(drawing)).toEqual(["I11"]);
    drawing.evidence.rest = { reached: true, atMs: drawing.evidence.timing.faultsOffMs + 30 * 86_400_000 };
    expect(await broken(drawing)).toEqual(["I11"]);
  });

  test("what could not be read was mended, and its execution goes on for ever", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "commit");
    drawing.poison({ what: "history", of: run(1), instanceId: run(1) });
    expect(await broken(drawing)).toEqual(["I11"]);
  });
});

describe("I15 replay is deterministic", () => {
  async function recorded(change: (history: Golden["history"]) => void): Promise<Drawing> {
    const { history } = fromLines(await readFile(new URL(`commit-${await presentVersion()}.jsonl`, HISTORIES), "utf8"));
    change(history);
    const drawing = await Drawing.of();
    const instance = { instanceId: "one", name: "commit", runtimeStatus: "Completed" } as StoredInstance;
    const events = history.map((event): StoredEvent => ({ event, taskInput: null }));
    const stored = { executionId: "one", startId: "", events, customStatus: null, inboxThrough: "", rowsPresent: 0 };
    drawing.evidence.hub.instances.push({ instance, history: stored });
    return drawing;
  }

  /** Golden histories have no inputs; those of the first task are what is compared first. */
  const first = async (drawing: Drawing) => (await check(await drawing.done())).map(({ what }) => what)[0];

  test("another activity was called than the code calls", async () => {
    const drawing = await recorded((history) => {
      const scheduled = history.find((event) => "Name" in event && event.Name === "open-execution");
      if (scheduled === undefined || !("Name" in scheduled)) throw new Error("no such task");
      scheduled.Name = "close-execution";
    });
    expect(await first(drawing)).toContain("open-execution");
    expect(await broken(drawing)).toEqual(["I15"]);
  });
});

describe("I16 acknowledged is durable", () => {
  const start = {
    kind: "start",
    idempotencyKey: "key-1",
    verb: "planned-failover",
    target: { kind: "plan", planId: "plan" },
    options: { sourceShutdown: "attempt", reprotect: {}, acknowledgeNoTest: false },
  } as unknown as Evidence["client"][number]["asked"];

  test("a start is there, or it is not", async () => {
    const drawing = await Drawing.of();
    drawing.asked(start, { executionId: run(1) });
    expect(await broken(drawing)).toEqual(["I16"]);
    await failOver(drawing);
    expect(await broken(drawing)).toEqual([]);
  });

  test("a cancel is not in the record", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.asked({ kind: "cancel", executionId: run(1), behaviour: "restore-protection" });
    expect(await broken(drawing)).toEqual(["I16"]);
  });
});

describe("I17 no event lost or doubled", () => {
  const verdict = { kind: "validate", verdict: "reject", by: "owner", reason: "" };

  test("a decision was acknowledged and never sent", async () => {
    const drawing = await Drawing.of();
    drawing.asked({ kind: "validate", executionId: run(1), verdict: "accept" });
    expect(await broken(drawing)).toEqual(["I17"]);
  });

  test("a rejected failover succeeded", async () => {
    const drawing = await Drawing.of();
    drawing.decided(1, verdict);
    await failOver(drawing);
    expect(await broken(drawing)).toEqual(["I17"]);
  });

  /**
   * Execution 1 heard the verdict so many times, and came to its end then; that was written down a minute later, twice,
   * since the first answer was lost. Its history was dropped.
   */
  function heard(drawing: Drawing, times: number, toldMs: number): void {
    const raised = Array.from({ length: times }, () => ({ name: "decision", data: JSON.stringify(verdict) }));
    const instance = { instanceId: run(1), name: "x", runtimeStatus: "Terminated" } as StoredInstance;
    const { instances, commits } = drawing.evidence.hub;
    instances.push({ instance, history: null });
    const place = { generation: 1, instanceId: run(1), firstRow: 0, events: 1 };
    const commit = { ...place, commitId: "1", toldMs, atMs: toldMs + 60_000, raised };
    commits.push(commit, commit);
  }

  test.each([
    [1, []],
    [0, ["I17"]],
    [2, ["I17"]],
  ])("a message was taken into the history %i times", async (times, expected) => {
    const drawing = await Drawing.of();
    drawing.decided(1, verdict);
    heard(drawing, times, drawing.clock.now() + 60_000);
    expect(await broken(drawing)).toEqual(expected);
  });

  test.each([
    ["before", -1, 1],
    ["after", 1, 0],
  ])("an acceptance came %s the time for it was over, and nobody validated", async (_, aheadSeconds, expected) => {
    const drawing = await Drawing.of();
    const failure = { code: "validation-expired", message: "nobody validated in time" };
    drawing.ended(1, "planned-failover", [outcome({})], { status: "failed", failure });
    const { instances, commits } = drawing.evidence.hub;
    const fired = { event: { EventType: EventType.TimerFired, EventId: -1, TimerId: 5 }, taskInput: null };
    const history = { executionId: "", startId: "", customStatus: null, inboxThrough: "", rowsPresent: 0 };
    const instance = { instanceId: run(1), name: "x", runtimeStatus: "Completed" } as StoredInstance;
    instances.push({ instance, history: { ...history, events: [fired as unknown as StoredEvent] } });
    const toldMs = drawing.clock.now() + 60_000;
    const place = { generation: 1, instanceId: run(1), firstRow: 0, events: 1, raised: [] };
    commits.push({ ...place, commitId: "1", toldMs, atMs: toldMs });
    drawing.clock.pass(60 + aheadSeconds);
    drawing.decided(1, { ...verdict, verdict: "accept" });
    const told = (await check(await drawing.done())).filter(({ what }) => what.includes("was accepted in time"));
    expect(told).toHaveLength(expected);
  });

  test("not: a message came when the end was told and could not be written down yet", async () => {
    const drawing = await Drawing.of();
    drawing.decided(1, verdict);
    heard(drawing, 0, drawing.clock.now());
    expect(await broken(drawing)).toEqual([]);
  });
});

describe("I20 an execution keeps its plan", () => {
  test("it runs a group that its version does not have", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.evidence.store.steps[run(1)]?.[0]?.steps.push({ id: "groups/new", title: "New", status: "succeeded" });
    expect(await broken(drawing)).toEqual(["I20"]);
  });

  test("it tells of an item under another group", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    const steps = [{ id: "promote-replica", title: "Promote", status: "succeeded" as const, itemId: "item-9" }];
    drawing.evidence.store.steps[run(1)]?.push({ part: "group-all/0", steps });
    expect(await broken(drawing)).toEqual(["I20"]);
  });

  test("it carries the hash of another version", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.execution(1, "planned-failover", { planHash: drawing.plan({ name: "Changed" }).hash });
    expect(await broken(drawing)).toEqual(["I20"]);
  });
});
