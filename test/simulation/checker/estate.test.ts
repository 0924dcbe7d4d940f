import { describe, expect, test } from "vitest";
import { check } from "./index.js";
import { Drawing, run } from "./support/drawing.js";
import { entryOf, statesFrom } from "./support/ledger.js";
import { broken, cleanUp, commit, failOver, named, outcome, rehearse, takeBack } from "./support/stories.js";

describe("nothing is found in what is as it should be", () => {
  test("a failover that is committed", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await commit(drawing);
    expect(await check(await drawing.done())).toEqual([]);
  });

  test("an unplanned failover that is taken back, and another one", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { verb: "unplanned-failover" });
    await takeBack(drawing);
    drawing.clock.pass(86_400);
    await failOver(drawing, { number: 3, epoch: 3 });
    expect(await check(await drawing.done())).toEqual([]);
  });

  test("a rehearsal and its clean-up", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    await cleanUp(drawing, 2);
    expect(await check(await drawing.done())).toEqual([]);
  });
});

describe("I1 single writer", () => {
  test("both copies take writes", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "start-replica")) {
      state.source = { ...state.source, power: "on", writable: true };
    }
    expect(named(await check(evidence))).toContain("I1");
  });

  test("a test copy runs on a production network", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "start-test-copy")) {
      for (const copy of state.testCopies) copy.networkId = "vnet";
    }
    expect(named(await check(evidence))).toContain("I1");
  });

  test("a source that came back without taking writes is no second writer", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await drawing.simulateSourceReturn();
    expect(await broken(drawing)).toEqual([]);
  });
});

describe("I2 fencing", () => {
  test("an accepted epoch falls", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await takeBack(drawing);
    const evidence = await drawing.done();
    entryOf(evidence, "demote-replica").epoch = 0;
    expect(named(await check(evidence))).toContain("I2");
  });

  test("a start with the epoch of an earlier takeover is accepted", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { epoch: 4 });
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "stop-replication")) {
      const task = state.tasks[`${run(1)}/start-replica/item-1`];
      if (task !== undefined) task.params = { epoch: 3 };
    }
    expect(named(await check(evidence))).toContain("I2");
  });
});

describe("I5 a planned failover loses nothing", () => {
  test("the last changes were not sent", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "planned-failover");
    drawing.hold(1, "planned-failover", "failing-over");
    const pointId = await drawing.newestPoint();
    await drawing.item("shut-down-source", {});
    await drawing.item("promote-replica", { pointId, epoch: 1 });
    expect(await broken(drawing)).toContain("I5");
  });

  test("the last synchronisation began before the source was off", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "shut-down-source")) {
      const task = state.tasks[`${run(1)}/final-synchronise/item-1`];
      if (task !== undefined) task.beganMs -= 600_000;
    }
    expect(named(await check(evidence))).toContain("I5");
  });

  test("an unplanned failover may lose", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { verb: "unplanned-failover" });
    const evidence = await drawing.done();
    expect(entryOf(evidence, "promote-replica").result).not.toMatchObject({ dataLoss: { writes: 0 } });
    expect(await check(evidence)).toEqual([]);
  });
});

describe("I6 loss is told truthfully", () => {
  test.each(["seconds", "writes", "bytes"] as const)("an outcome tells of fewer %s", async (unit) => {
    const drawing = await Drawing.of();
    await failOver(drawing, { verb: "unplanned-failover" });
    const evidence = await drawing.done();
    const [write] = evidence.store.journal.filter(({ table }) => table === "Executions").slice(-1);
    const [operation] = write?.operations ?? [];
    if (operation?.json === undefined || operation.json === null) throw new Error("no record");
    const record = JSON.parse(operation.json);
    record.outcomes[0].dataLoss[unit] -= 1;
    operation.json = JSON.stringify(record);
    expect(named(await check(evidence))).toEqual(["I6"]);
  });

  test("a record tells of another point", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { verb: "unplanned-failover" });
    const { recoveryPoint } = drawing.record({});
    if (recoveryPoint === null) throw new Error("no point");
    drawing.record({ recoveryPoint: { ...recoveryPoint, id: "made-later" } });
    expect(await broken(drawing)).toEqual(["I6"]);
  });

  test("a success that tells of no loss", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.ended(1, "planned-failover", [outcome({})]);
    expect(await broken(drawing)).toEqual(["I6"]);
  });
});

describe("I9 effects at most once", () => {
  test("a step has its effect under two keys", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { ends: false });
    await drawing.item("start-replica", { epoch: 1 }, { step: "start-replica-again" });
    expect(await broken(drawing)).toContain("I9");
  });

  test("a second try is another effect", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { ends: false });
    await drawing.item("start-replica", { epoch: 1 }, { step: "start-replica.2" });
    expect((await broken(drawing)).filter((invariant) => invariant === "I9")).toEqual([]);
  });
});

describe("I18 a test touches nothing", () => {
  test("a copy is left after a clean-up that succeeded", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    drawing.execution(2, "test-clean-up");
    drawing.hold(2, "test-clean-up", "cleaning-up");
    drawing.record({ state: "protected", heldBy: null });
    drawing.ended(2, "test-clean-up", [outcome({ state: "protected" })]);
    expect(await broken(drawing)).toContain("I18");
  });

  test("a test stops replication", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    await drawing.item("stop-replication", {});
    expect(await broken(drawing)).toContain("I18");
  });

  test("making a copy changes the source", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "create-test-copy"))
      state.replication.gaps.push({ fromMs: 1, toMs: 2 });
    expect(named(await check(evidence))).toContain("I18");
  });

  test("a network outlives its test", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    await cleanUp(drawing, 2, { network: false });
    expect(await broken(drawing)).toEqual(["I18"]);
  });

  test("a network went after its test, and nobody looked at it any more", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    await drawing.siteUnseen("remove-test-network", { executionId: run(1), keyOf: run(2) });
    await cleanUp(drawing, 2, { network: false });
    expect(await broken(drawing)).toEqual([]);
  });

  test("a network outlives its test, and the last end that should have removed it says so", async () => {
    const drawing = await Drawing.of();
    await rehearse(drawing);
    await cleanUp(drawing, 2, { network: false });
    const note = `the network of test ${run(1)} at away was not removed: refused`;
    const left = [outcome({ state: "protected", note })];
    drawing.ended(2, "test-clean-up", left, { status: "succeeded-with-failures" });
    expect(await broken(drawing)).toEqual([]);
    drawing.clock.pass(60);
    drawing.ended(3, "commit", [outcome({ state: "committed" })]);
    expect((await check(await drawing.done())).map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^the network test-.* is left at away/),
    );
  });
});

describe("I19 the way back is symmetric", () => {
  test("a failover that was taken back does not replicate", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await takeBack(drawing);
    const evidence = await drawing.done();
    for (const { atMs, state } of statesFrom(evidence, "restart-source")) state.replication.stoppedAtMs = atMs;
    expect(named(await check(evidence))).toContain("I19");
  });

  test("an item that came home does not run there", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await commit(drawing);
    const evidence = await drawing.done();
    for (const { state } of evidence.estate.items[0]?.states ?? []) state.direction = "recovery-to-primary";
    expect(named(await check(evidence))).toContain("I19");
  });
});
