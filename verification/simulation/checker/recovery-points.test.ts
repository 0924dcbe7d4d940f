import { describe, expect, test } from "vitest";
import { check } from "./index.js";
import { EvidenceBuilder } from "./support/evidence-builder.js";
import { statesFrom } from "./support/ledger.js";
import { cancelFailover, commit, failOver, invariantsOf, outcome, violatedBy } from "./support/scenarios.js";

describe("I3 no commit before validation", () => {
  async function fullRun(decide: (builder: EvidenceBuilder) => void): Promise<EvidenceBuilder> {
    const builder = await EvidenceBuilder.create();
    builder.plan({ validation: { required: true } });
    await failOver(builder, { verb: "full-run", ends: false });
    decide(builder);
    builder.clock.pass(60);
    await builder.item("delete-recovery-points", {});
    builder.record({ state: "committed", heldBy: null });
    const { recoveryPoint, dataLoss } = builder.record({});
    builder.ended(1, "full-run", [outcome({ state: "committed", recoveryPoint, dataLoss })]);
    return builder;
  }

  test("a full run that was accepted may commit", async () => {
    const builder = await fullRun((one) =>
      one.decided(1, { kind: "validate", verdict: "accept", by: "owner", reason: "" }),
    );
    builder.evidence.hub.messages.length = 1;
    expect((await violatedBy(builder)).filter((invariant) => invariant === "I3")).toEqual([]);
  });

  test("it was not accepted", async () => {
    expect(await violatedBy(await fullRun(() => undefined))).toContain("I3");
  });

  test("it was rejected", async () => {
    const builder = await fullRun((one) =>
      one.decided(1, { kind: "validate", verdict: "reject", by: "owner", reason: "" }),
    );
    expect(await violatedBy(builder)).toContain("I3");
  });

  test("an execution of another verb deletes the points", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder, { ends: false });
    await builder.item("delete-recovery-points", {});
    expect(await violatedBy(builder)).toEqual(expect.arrayContaining(["I3", "I4"]));
  });
});

describe("I4 recovery points are deleted only by a commit", () => {
  test("a promotion deletes points", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    const evidence = await builder.build();
    for (const { state } of statesFrom(evidence, "promote-replica")) state.pointsDeleted = true;
    expect(invariantsOf(await check(evidence))).toContain("I4");
  });

  test("retention deletes points while the item is failed over", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    builder.clock.pass(86_400);
    await cancelFailover(builder);
    const evidence = await builder.build();
    for (const { atMs, state } of statesFrom(evidence, "start-replica")) {
      const stoppedAtMs = state.replication.stoppedAtMs;
      if (stoppedAtMs === null || state.promotedFrom === null) continue;
      state.replication.sinceMs = Math.min(atMs, stoppedAtMs);
    }
    expect(invariantsOf(await check(evidence))).toContain("I4");
  });

  test("points that a commit deleted are not missed by a repeated commit", async () => {
    const builder = await EvidenceBuilder.create();
    await failOver(builder);
    await commit(builder, 2);
    builder.clock.pass(60);
    await commit(builder, 3);
    expect(await violatedBy(builder)).not.toContain("I4");
  });

  test("points that were old when the source was shut down are no loss", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "unplanned-failover");
    await builder.item("stop-replication", {});
    builder.clock.pass(86_400);
    await builder.item("shut-down-source", {});
    builder.clock.pass(86_400);
    await builder.item("restore-replication", {});
    expect(await violatedBy(builder)).not.toContain("I4");
  });

  test("points that were young when the source was shut down are a loss", async () => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "unplanned-failover");
    await builder.item("stop-replication", {});
    builder.clock.pass(3_600);
    await builder.item("shut-down-source", {});
    builder.clock.pass(86_400);
    await builder.item("restore-replication", {});
    const evidence = await builder.build();
    for (const { atMs, state } of statesFrom(evidence, "restore-replication")) state.replication.sinceMs = atMs;
    expect(invariantsOf(await check(evidence))).toContain("I4");
  });
});
