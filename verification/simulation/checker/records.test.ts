import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { EventType } from "../../../host/durable/history.js";
import type { StoredEvent, StoredInstance } from "../../../host/durable/store/port.js";
import { fromLines, type Golden, HISTORIES, presentVersion } from "../../../test/replay/golden.js";
import type { Evidence } from "../evidence.js";
import { check } from "./index.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { cancelFailover, failOver, outcome, violatedBy } from "./support/scenarios.js";

const SLOW = 3_600;

/** A plan of two groups, one item in each. */
const TWO_GROUPS = {
  groups: [
    { id: "first", name: "First", items: [{ id: "item-1" }] },
    { id: "second", name: "Second", items: [{ id: "item-2" }] },
  ],
};

describe("I7 group order", () => {
  async function both(order: readonly [string, string], plan: object = {}): Promise<EvidenceBuilder> {
    const builder = await EvidenceBuilder.create(2);
    builder.plan({ ...TWO_GROUPS, ...plan });
    for (const itemId of order) await failOver(builder, { itemId, ends: false });
    const outcomes = order.map((itemId) => {
      const { recoveryPoint, dataLoss } = builder.record({ heldBy: null }, itemId);
      return outcome({ itemId, recoveryPoint, dataLoss });
    });
    builder.ended(1, "planned-failover", outcomes, { itemIds: order });
    return builder;
  }

  test("groups in sequence are in order", async () => {
    expect(await violatedBy(await both(["item-1", "item-2"]))).toEqual([]);
  });

  test("the second group begins before the first", async () => {
    expect(await violatedBy(await both(["item-2", "item-1"]))).toEqual(["I7"]);
  });

  test("independent groups have no order", async () => {
    const groups = TWO_GROUPS.groups.map((group) => ({ ...group, dependsOn: [] }));
    expect(await violatedBy(await both(["item-2", "item-1"], { groups }))).toEqual([]);
  });

  test("the action between them was never confirmed, although its failure stops the run", async () => {
    const [first, second] = TWO_GROUPS.groups;
    const action = { id: "look", name: "Look", kind: "manual", instructions: "Look.", failoverTypes: ["planned"] };
    const groups = [{ ...first, after: [{ ...action, onFailure: "stop" }] }, second];
    expect(await violatedBy(await both(["item-1", "item-2"], { groups }))).toEqual(["I7"]);
  });
});

describe("I8 one execution per plan and item", () => {
  test("an item is taken from its holder", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { ends: false });
    builder.execution(2, "commit");
    builder.record({ heldBy: { executionId: executionIdOf(2), verb: "commit", from: "failed-over" } });
    expect(await violatedBy(builder)).toContain("I8");
  });

  test("an execution works on an item that it does not hold", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.clock.pass(SLOW);
    await builder.item("shut-down-source", {}, { executionId: executionIdOf(7) });
    expect(await violatedBy(builder)).toEqual(["I8"]);
  });

  test("two executions of one plan hold different items", async () => {
    const builder = await EvidenceBuilder.create(2);
    builder.execution(1, "commit");
    builder.execution(2, "commit");
    builder.hold(1, "commit", "committing", "item-1");
    builder.hold(2, "commit", "committing", "item-2");
    builder.clock.pass(60);
    for (const itemId of ["item-1", "item-2"]) builder.record({ heldBy: null }, itemId);
    expect(await violatedBy(builder)).toContain("I8");
  });
});

describe("I10 cancel is honoured", () => {
  test("work begins after the cancel was acknowledged", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "unplanned-failover");
    builder.hold(1, "unplanned-failover", "failing-over");
    builder.request({ kind: "cancel", executionId: executionIdOf(1), behaviour: "restore-protection" });
    builder.clock.pass(SLOW);
    await builder.item("stop-replication", {});
    expect(await violatedBy(builder)).toContain("I10");
  });

  test("work that began just before the cancel may end, and undo work may begin", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.request({ kind: "cancel", executionId: executionIdOf(2), behaviour: "restore-protection" });
    builder.clock.pass(SLOW);
    await cancelFailover(builder);
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I10")).toEqual([]);
  });

  test("no report says that a cancelled item does not replicate", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "unplanned-failover");
    builder.hold(1, "unplanned-failover", "failing-over");
    await builder.item("stop-replication", {});
    const cancelRequest = { behaviour: "as-documented", requestedBy: "operator", requestedAt: builder.at };
    const failure = { code: "cancelled", message: "cancelled" };
    builder.record({ state: "failover-failed", heldBy: null });
    const outcomes = [outcome({ outcome: "cancelled", state: "failover-failed", failure })];
    builder.ended(1, "unplanned-failover", outcomes, { status: "cancelled", failure, cancelRequest });
    expect(await violatedBy(builder)).toEqual(["I10"]);
    const since = builder.at;
    builder.record({ conditions: [{ type: "not-replicating", since, whatToDo: "cancel to restore protection" }] });
    expect(await violatedBy(builder)).toEqual([]);
  });
});

describe("I11 termination within bounded time", () => {
  test("an execution continues and holds its item", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "commit");
    builder.hold(1, "commit", "committing");
    expect(await violatedBy(builder)).toEqual(["I11"]);
  });

  test("rest is not reached, or only after weeks", async () => {
    const builder = await EvidenceBuilder.create();
    builder.evidence.rest = { reached: false, why: "a timer is set repeatedly", moving: [executionIdOf(1)] };
    expect(await violatedBy(builder)).toEqual(["I11"]);
    builder.evidence.rest = { reached: true, atMs: builder.evidence.timing.faultsOffMs + 30 * 86_400_000 };
    expect(await violatedBy(builder)).toEqual(["I11"]);
  });

  test("a corrupted row was repaired, but its execution never ends", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "commit");
    builder.corruption({ what: "history", ownerId: executionIdOf(1), instanceId: executionIdOf(1) });
    expect(await violatedBy(builder)).toEqual(["I11"]);
  });
});

describe("I15 replay is deterministic", () => {
  async function recorded(change: (history: Golden["history"]) => void): Promise<EvidenceBuilder> {
    const { history } = fromLines(
      await readFile(new URL(`commit.primary-to-recovery-${await presentVersion()}.jsonl`, HISTORIES), "utf8"),
    );
    change(history);
    const builder = await EvidenceBuilder.create();
    const instance = { instanceId: "one", name: "commit", runtimeStatus: "Completed" } as StoredInstance;
    const events = history.map((event): StoredEvent => ({ event, taskInput: null }));
    const stored = { executionId: "one", startId: "", events, customStatus: null, inboxThrough: "", rowsPresent: 0 };
    builder.evidence.hub.instances.push({ instance, history: stored });
    return builder;
  }

  /** Golden histories have no inputs, so the comparison starts with those of the first task. */
  const first = async (builder: EvidenceBuilder) => (await check(await builder.build())).map(({ what }) => what)[0];

  test("the history called another activity than the code calls", async () => {
    const builder = await recorded((history) => {
      const scheduled = history.find((event) => "Name" in event && event.Name === "open-execution");
      if (scheduled === undefined || !("Name" in scheduled)) throw new Error("no such task");
      scheduled.Name = "close-execution";
    });
    expect(await first(builder)).toContain("open-execution");
    expect(await violatedBy(builder)).toEqual(["I15"]);
  });
});

describe("I16 acknowledged is durable", () => {
  const start = {
    kind: "start",
    idempotencyKey: "key-1",
    verb: "planned-failover",
    target: { kind: "plan", planId: "plan" },
    options: { sourceShutdown: "attempt", reprotect: {}, acknowledgeNoTest: false },
  } as unknown as Evidence["client"][number]["request"];

  test("a start is present or missing", async () => {
    const builder = await EvidenceBuilder.create();
    builder.request(start, { executionId: executionIdOf(1) });
    expect(await violatedBy(builder)).toEqual(["I16"]);
    await failOver(builder);
    expect(await violatedBy(builder)).toEqual([]);
  });

  test("a cancel is missing from the record", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.request({ kind: "cancel", executionId: executionIdOf(1), behaviour: "restore-protection" });
    expect(await violatedBy(builder)).toEqual(["I16"]);
  });
});

describe("I17 events are delivered exactly once", () => {
  const verdict = { kind: "validate", verdict: "reject", by: "owner", reason: "" };

  test("a decision was acknowledged but never sent", async () => {
    const builder = await EvidenceBuilder.create();
    builder.request({ kind: "validate", executionId: executionIdOf(1), verdict: "accept" });
    expect(await violatedBy(builder)).toEqual(["I17"]);
  });

  test("a rejected failover succeeded", async () => {
    const builder = await EvidenceBuilder.create();
    builder.decided(1, verdict);
    await failOver(builder);
    expect(await violatedBy(builder)).toEqual(["I17"]);
  });

  /**
   * Execution 1 received the verdict this often and then ended. The end was written a minute later, twice, because the
   * first answer was lost. Its history was dropped.
   */
  function heard(builder: EvidenceBuilder, times: number, requestedMs: number): void {
    const raised = Array.from({ length: times }, () => ({ name: "decision", data: JSON.stringify(verdict) }));
    const instance = { instanceId: executionIdOf(1), name: "x", runtimeStatus: "Terminated" } as StoredInstance;
    const { instances, commits } = builder.evidence.hub;
    instances.push({ instance, history: null });
    const place = { generation: 1, instanceId: executionIdOf(1), firstRow: 0, events: 1 };
    const commit = { ...place, commitId: "1", requestedMs, atMs: requestedMs + 60_000, raised };
    commits.push(commit, commit);
  }

  test.each([
    [1, []],
    [0, ["I17"]],
    [2, ["I17"]],
  ])("a message was taken into the history %i times", async (times, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.decided(1, verdict);
    heard(builder, times, builder.clock.now() + 60_000);
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test.each([
    ["before", -1, 1],
    ["after", 1, 0],
  ])(
    "an acceptance came %s its time limit, and the execution says that nobody validated it",
    async (_, aheadSeconds, expected) => {
      const builder = await EvidenceBuilder.create();
      const failure = { code: "validation-expired", message: "nobody validated in time" };
      builder.ended(1, "planned-failover", [outcome({})], { status: "failed", failure });
      const { instances, commits } = builder.evidence.hub;
      const fired = { event: { EventType: EventType.TimerFired, EventId: -1, TimerId: 5 }, taskInput: null };
      const history = { executionId: "", startId: "", customStatus: null, inboxThrough: "", rowsPresent: 0 };
      const instance = { instanceId: executionIdOf(1), name: "x", runtimeStatus: "Completed" } as StoredInstance;
      instances.push({ instance, history: { ...history, events: [fired as unknown as StoredEvent] } });
      const requestedMs = builder.clock.now() + 60_000;
      const place = { generation: 1, instanceId: executionIdOf(1), firstRow: 0, events: 1, raised: [] };
      commits.push({ ...place, commitId: "1", requestedMs, atMs: requestedMs });
      builder.clock.pass(60 + aheadSeconds);
      builder.decided(1, { ...verdict, verdict: "accept" });
      const found = (await check(await builder.build())).filter(({ what }) => what.includes("was accepted in time"));
      expect(found).toHaveLength(expected);
    },
  );

  test("a message that arrived while the end could not be written yet is not lost", async () => {
    const builder = await EvidenceBuilder.create();
    builder.decided(1, verdict);
    heard(builder, 0, builder.clock.now());
    expect(await violatedBy(builder)).toEqual([]);
  });
});

describe("I20 an execution keeps its plan version", () => {
  test("it runs a group that its version does not contain", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.evidence.store.steps[executionIdOf(1)]?.[0]?.steps.push({
      id: "groups/new",
      title: "New",
      status: "succeeded",
    });
    expect(await violatedBy(builder)).toEqual(["I20"]);
  });

  test("it reports an item under another group", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    const steps = [{ id: "promote-replica", title: "Promote", status: "succeeded" as const, itemId: "item-9" }];
    builder.evidence.store.steps[executionIdOf(1)]?.push({ part: "group-all/0", steps });
    expect(await violatedBy(builder)).toEqual(["I20"]);
  });

  test("it has the hash of another version", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.execution(1, "planned-failover", { planHash: builder.plan({ name: "Changed" }).hash });
    expect(await violatedBy(builder)).toEqual(["I20"]);
  });
});
