import { describe, expect, test } from "vitest";
import { check } from "./index.js";
import { Drawing } from "./support/evidence-builder.js";
import { statesFrom } from "./support/ledger.js";
import { broken, commit, failOver, named, outcome, takeBack } from "./support/scenarios.js";

describe("I3 no commit before validation", () => {
  async function fullRun(decide: (drawing: Drawing) => void): Promise<Drawing> {
    const drawing = await Drawing.of();
    drawing.plan({ validation: { required: true } });
    await failOver(drawing, { verb: "full-run", ends: false });
    decide(drawing);
    drawing.clock.pass(60);
    await drawing.item("delete-recovery-points", {});
    drawing.record({ state: "committed", heldBy: null });
    const { recoveryPoint, dataLoss } = drawing.record({});
    drawing.ended(1, "full-run", [outcome({ state: "committed", recoveryPoint, dataLoss })]);
    return drawing;
  }

  test("a full run that was accepted may commit", async () => {
    const drawing = await fullRun((one) =>
      one.decided(1, { kind: "validate", verdict: "accept", by: "owner", reason: "" }),
    );
    drawing.evidence.hub.messages.length = 1;
    expect((await broken(drawing)).filter((invariant) => invariant === "I3")).toEqual([]);
  });

  test("nobody accepted it", async () => {
    expect(await broken(await fullRun(() => undefined))).toContain("I3");
  });

  test("it was rejected", async () => {
    const drawing = await fullRun((one) =>
      one.decided(1, { kind: "validate", verdict: "reject", by: "owner", reason: "" }),
    );
    expect(await broken(drawing)).toContain("I3");
  });

  test("an execution of another verb deletes the points", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing, { ends: false });
    await drawing.item("delete-recovery-points", {});
    expect(await broken(drawing)).toEqual(expect.arrayContaining(["I3", "I4"]));
  });
});

describe("I4 recovery points die only at commit", () => {
  test("points go with a promotion", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    const evidence = await drawing.done();
    for (const { state } of statesFrom(evidence, "promote-replica")) state.pointsDeleted = true;
    expect(named(await check(evidence))).toContain("I4");
  });

  test("points die of age while the item is failed over", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    drawing.clock.pass(86_400);
    await takeBack(drawing);
    const evidence = await drawing.done();
    for (const { atMs, state } of statesFrom(evidence, "start-replica")) {
      const stoppedAtMs = state.replication.stoppedAtMs;
      if (stoppedAtMs === null || state.promotedFrom === null) continue;
      state.replication.sinceMs = Math.min(atMs, stoppedAtMs);
    }
    expect(named(await check(evidence))).toContain("I4");
  });

  test("points that a commit deleted are not missed by one that is told again", async () => {
    const drawing = await Drawing.of();
    await failOver(drawing);
    await commit(drawing, 2);
    drawing.clock.pass(60);
    await commit(drawing, 3);
    expect(await broken(drawing)).not.toContain("I4");
  });

  test("points that had grown old when the source was shut down are no loss", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "unplanned-failover");
    await drawing.item("stop-replication", {});
    drawing.clock.pass(86_400);
    await drawing.item("shut-down-source", {});
    drawing.clock.pass(86_400);
    await drawing.item("restore-replication", {});
    expect(await broken(drawing)).not.toContain("I4");
  });

  test("points that were young when the source was shut down are a loss", async () => {
    const drawing = await Drawing.of();
    drawing.execution(1, "unplanned-failover");
    await drawing.item("stop-replication", {});
    drawing.clock.pass(3_600);
    await drawing.item("shut-down-source", {});
    drawing.clock.pass(86_400);
    await drawing.item("restore-replication", {});
    const evidence = await drawing.done();
    for (const { atMs, state } of statesFrom(evidence, "restore-replication")) state.replication.sinceMs = atMs;
    expect(named(await check(evidence))).toContain("I4");
  });
});
