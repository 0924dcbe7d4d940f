import { expect } from "vitest";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays(
  "a failover begins after two people approved, and touches nothing before",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const awaited = await approvalAwaited(app, executionId);
    expect(awaited).toMatchObject({ requirementId: "two", round: 1, who: { needed: 2, decided: [] } });
    const { status } = await app.until(executionId, () => true);
    expect(status).toBe("awaiting-approval");
    await decideAs(app, "ann", awaited.approvalId);
    await app.pass(3_600_000);
    const one = await app.until(executionId, () => true);
    expect(one).toMatchObject({ status: "awaiting-approval", awaits: [{ who: { decided: ["ann"] } }] });
    expect(one.steps.flatMap(({ id, startedAt }) => (startedAt === undefined ? [] : [id]))).toEqual(["approval/two/1"]);
    await decideAs(app, "bob", awaited.approvalId);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
    const used = await app.context.store.getApproval(awaited.approvalId);
    expect(used?.value).toMatchObject({
      status: "used",
      heard: true,
      decisions: [{ person: "ann" }, { person: "bob" }],
    });
  },
  withApprovals(TWO_BEFORE_START),
);
