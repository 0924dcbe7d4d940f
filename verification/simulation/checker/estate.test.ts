import { describe, expect, test } from "vitest";
import { check } from "./index.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { entryOf, statesFrom } from "./support/ledger.js";
import {
  cancelFailover,
  cleanUp,
  commit,
  failOver,
  invariantsOf,
  outcome,
  testFailover,
  violatedBy,
} from "./support/scenarios.js";

describe("a correct run has no violations", () => {
  test("a failover that is committed", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await commit(builder);
    expect(await check(await builder.build())).toEqual([]);
  });

  test("an unplanned failover that is rolled back, and another one", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { verb: "unplanned-failover" });
    await cancelFailover(builder);
    builder.clock.pass(86_400);
    await failOver(builder, { number: 3, epoch: 3 });
    expect(await check(await builder.build())).toEqual([]);
  });

  test("a test failover and its clean-up", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    await cleanUp(builder, 2);
    expect(await check(await builder.build())).toEqual([]);
  });
});

describe("I1 single writer", () => {
  test("both copies take writes", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "start-replica")) {
      state.source = { ...state.source, power: "on", writable: true };
    }
    expect(invariantsOf(await check(evidence))).toContain("I1");
  });

  test("a test copy runs on a production network", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "start-test-copy")) {
      for (const copy of state.testCopies) copy.networkId = "vnet";
    }
    expect(invariantsOf(await check(evidence))).toContain("I1");
  });

  test("a source that came back read-only is no second writer", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await builder.simulateSourceReturn();
    expect(await violatedBy(builder)).toEqual([]);
  });
});

describe("I2 fencing", () => {
  test("an accepted epoch decreases", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await cancelFailover(builder);
    const evidence = await builder.build();
    entryOf(evidence, "demote-replica").epoch = 0;
    expect(invariantsOf(await check(evidence))).toContain("I2");
  });

  test("a start with the epoch of an earlier takeover is accepted", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { epoch: 4 });
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "stop-replication")) {
      const task = state.tasks[`${executionIdOf(1)}/start-replica/item-1`];
      if (task !== undefined) task.params = { epoch: 3 };
    }
    expect(invariantsOf(await check(evidence))).toContain("I2");
  });
});

describe("I5 a planned failover loses no data", () => {
  test("the last changes were not sent", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "planned-failover");
    builder.hold(1, "planned-failover", "failing-over");
    const pointId = await builder.newestPoint();
    await builder.item("shut-down-source", {});
    await builder.item("promote-replica", { pointId, epoch: 1 });
    expect(await violatedBy(builder)).toContain("I5");
  });

  test("the last synchronisation began before the source was off", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "shut-down-source")) {
      const task = state.tasks[`${executionIdOf(1)}/final-synchronise/item-1`];
      if (task !== undefined) task.beganMs -= 600_000;
    }
    expect(invariantsOf(await check(evidence))).toContain("I5");
  });

  test("an unplanned failover may lose data", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { verb: "unplanned-failover" });
    const evidence = await builder.build();
    expect(entryOf(evidence, "promote-replica").result).not.toMatchObject({ dataLoss: { writes: 0 } });
    expect(await check(evidence)).toEqual([]);
  });
});

describe("I6 data loss is reported truthfully", () => {
  test.each(["seconds", "writes", "bytes"] as const)("an outcome reports fewer %s", async (unit) => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { verb: "unplanned-failover" });
    const evidence = await builder.build();
    const [write] = evidence.store.journal.filter(({ table }) => table === "Executions").slice(-1);
    const [operation] = write?.operations ?? [];
    if (operation?.json === undefined || operation.json === null) throw new Error("no record");
    const record = JSON.parse(operation.json);
    record.outcomes[0].dataLoss[unit] -= 1;
    operation.json = JSON.stringify(record);
    expect(invariantsOf(await check(evidence))).toEqual(["I6"]);
  });

  test("a record reports another point", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { verb: "unplanned-failover" });
    const { recoveryPoint } = builder.record({});
    if (recoveryPoint === null) throw new Error("no point");
    builder.record({ recoveryPoint: { ...recoveryPoint, id: "made-later" } });
    expect(await violatedBy(builder)).toEqual(["I6"]);
  });

  test("a success reports no loss", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.ended(1, "planned-failover", [outcome({})]);
    expect(await violatedBy(builder)).toEqual(["I6"]);
  });
});

describe("I9 effects at most once", () => {
  test("a step takes effect under two keys", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { ends: false });
    await builder.item("start-replica", { epoch: 1 }, { step: "start-replica-again" });
    expect(await violatedBy(builder)).toContain("I9");
  });

  test("a second attempt is another effect", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { ends: false });
    await builder.item("start-replica", { epoch: 1 }, { step: "start-replica.2" });
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I9")).toEqual([]);
  });
});

describe("I18 test failovers are isolated", () => {
  test("a successful clean-up leaves a copy", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    builder.execution(2, "test-clean-up");
    builder.hold(2, "test-clean-up", "cleaning-up");
    builder.record({ state: "protected", heldBy: null });
    builder.ended(2, "test-clean-up", [outcome({ state: "protected" })]);
    expect(await violatedBy(builder)).toContain("I18");
  });

  test("a test stops replication", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    await builder.item("stop-replication", {});
    expect(await violatedBy(builder)).toContain("I18");
  });

  test("the creation of a copy changes the source", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "create-test-copy"))
      state.replication.gaps.push({ fromMs: 1, toMs: 2 });
    expect(invariantsOf(await check(evidence))).toContain("I18");
  });

  test.each([
    ["says so", `the copy of test ${executionIdOf(1)} (it hangs) could not be removed`, []],
    ["names another one", "test copy other-test could not be removed", ["I18"]],
    ["says nothing", null, ["I18", "I25"]],
  ])("a test copy is left, and its item %s", async (_, whatToDo, expected) => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    const conditions = whatToDo === null ? [] : [{ type: "leftovers" as const, since: null, whatToDo }];
    builder.record({ state: "protected", conditions });
    expect(await violatedBy(builder)).toEqual(expected);
  });

  test("a network outlives its test", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    await cleanUp(builder, 2, { network: false });
    expect(await violatedBy(builder)).toEqual(["I18"]);
  });

  test("a network was removed after its test, and nobody looked since", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    await builder.siteWithoutRead("remove-test-network", { executionId: executionIdOf(1), keyOf: executionIdOf(2) });
    await cleanUp(builder, 2, { network: false });
    expect(await violatedBy(builder)).toEqual([]);
  });

  test("a network outlives its test, and the last execution that should have removed it reports it", async () => {
    const builder = await EvidenceBuilder.create();
    await testFailover(builder);
    await cleanUp(builder, 2, { network: false });
    const note = `the network of test ${executionIdOf(1)} at away was not removed: refused`;
    const left = [outcome({ state: "protected", note })];
    builder.ended(2, "test-clean-up", left, { status: "succeeded-with-failures" });
    expect(await violatedBy(builder)).toEqual([]);
    builder.clock.pass(60);
    builder.ended(3, "commit", [outcome({ state: "committed" })]);
    expect((await check(await builder.build())).map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^the network test-.* is left at away/),
    );
  });
});

describe("I19 rollback is symmetric", () => {
  test("an item that was rolled back does not replicate", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await cancelFailover(builder);
    const evidence = await builder.build();
    for (const { atMs, state } of statesFrom(evidence, "restart-source")) state.replication.stoppedAtMs = atMs;
    expect(invariantsOf(await check(evidence))).toContain("I19");
  });

  test("an item that failed back does not run at home", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await commit(builder);
    const evidence = await builder.build();
    for (const { state } of evidence.estate.items[0]?.states ?? []) state.direction = "recovery-to-primary";
    expect(invariantsOf(await check(evidence))).toContain("I19");
  });
});

describe("I27 machines share a site", () => {
  const twoAway = async () => {
    const builder = await EvidenceBuilder.create(2);
    await failOver(builder);
    await failOver(builder, { number: 2, itemId: "item-2" });
    return builder.build();
  };
  const statesOf = (evidence: Awaited<ReturnType<typeof twoAway>>, itemId: string) =>
    evidence.estate.items.filter((item) => item.itemId === itemId).flatMap(({ states }) => states);

  test("two machines have names and addresses of their own, and enough cores", async () => {
    const evidence = await twoAway();
    Object.assign(evidence.world.sites[1] ?? {}, { quota: { cores: 8, coresUsed: 0, networkInterfacesUsed: 0 } });
    expect(await check(evidence)).toEqual([]);
  });

  test("two machines have one name", async () => {
    const evidence = await twoAway();
    for (const { state } of statesOf(evidence, "item-2")) state.item.target.name = "VM-1";
    expect(invariantsOf(await check(evidence))).toEqual(["I27"]);
  });

  test("two machines have one address", async () => {
    const evidence = await twoAway();
    for (const itemId of ["item-1", "item-2"]) {
      for (const { state } of statesOf(evidence, itemId)) state.item.target.ip = "10.2.0.9";
    }
    expect(invariantsOf(await check(evidence))).toEqual(["I27"]);
  });

  test("two machines have more cores than the quota", async () => {
    const evidence = await twoAway();
    Object.assign(evidence.world.sites[1] ?? {}, { quota: { cores: 7, coresUsed: 0, networkInterfacesUsed: 0 } });
    expect(invariantsOf(await check(evidence))).toEqual(["I27"]);
  });
});
