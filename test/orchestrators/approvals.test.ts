import { expect } from "vitest";
import { decideApproval } from "../../src/commands/approvals.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { sweepApprovals } from "../../src/commands/sweep-approvals.js";
import { MAX_APPROVAL_MINUTES } from "../../src/domain/approvals/requirement.js";
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

const refused = (code: string) => expect.objectContaining({ code });

testInBothReplays(
  "the requester and the last editor of the plan do not count, and nobody counts twice",
  async (app) => {
    const { approvalId } = await approvalAwaited(app, await app.start("unplanned-failover"));
    await expect(decideAs(app, "tester", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await expect(decideAs(app, "planner", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await expect(decideAs(app, "root", approvalId, { role: "administrator" })).rejects.toEqual(
      refused("not-an-approver"),
    );
    await decideAs(app, "ann", approvalId);
    const again = await decideAs(app, "ann", approvalId);
    expect(again).toMatchObject({ status: "pending", decisions: [{ person: "ann" }] });
    await expect(decideAs(app, "ann", approvalId, { decision: "decline" })).rejects.toEqual(refused("decided-already"));
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "one decline ends the execution before it touches anything, and its items are free as they were",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId);
    await decideAs(app, "bob", approvalId, { decision: "decline", reason: "the site is up" });
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "approval-declined" } });
    expect(JSON.stringify(execution)).toContain("bob: the site is up");
    expect(await app.states()).toEqual(["protected"]);
    await expect(decideAs(app, "carl", approvalId)).rejects.toEqual(refused("decided-already"));
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "an approval that nobody gives in time expires after thirty days, and no later clock revives it",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId);
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "approval-declined" } });
    expect(await app.states()).toEqual(["protected"]);
    const expired = await app.context.store.getApproval(approvalId);
    expect(expired?.value).toMatchObject({ status: "expired", heard: true });
    await expect(decideAs(app, "bob", approvalId)).rejects.toEqual(refused("approval-void"));
  },
  withApprovals({ ...TWO_BEFORE_START, expiresAfterMinutes: MAX_APPROVAL_MINUTES }),
);

testInBothReplays(
  "after the escalation others may decide as well",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await expect(decideAs(app, "zoe", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await app.pass(61 * 60_000);
    const view = await app.until(executionId, () => true);
    expect(view.awaits).toMatchObject([{ kind: "approval", who: { people: ["ann", "zoe"] } }]);
    await decideAs(app, "zoe", approvalId);
    await app.confirm(executionId);
  },
  withApprovals({
    ...TWO_BEFORE_START,
    needed: 1,
    approvers: { people: ["ann"] },
    escalation: { afterMinutes: 60, approvers: { people: ["zoe"] } },
  }),
);

testInBothReplays(
  "a change of the plan makes an approval void; it is asked for again, and its editor may not decide",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const first = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", first.approvalId);
    await app.changePlan((plan) => ({ ...plan, name: "Another name" }), "bob");
    const second = await approvalAwaited(app, executionId, 1);
    expect(second).toMatchObject({ round: 2 });
    await expect(decideAs(app, "ann", first.approvalId, { decision: "decline" })).rejects.toMatchObject({
      code: expect.stringMatching(/decided-already|approval-void/),
    });
    await expect(decideAs(app, "bob", second.approvalId)).rejects.toEqual(refused("not-an-approver"));
    await decideAs(app, "ann", second.approvalId);
    await decideAs(app, "carl", second.approvalId);
    await app.confirm(executionId);
    const { steps } = await app.until(executionId, () => true);
    expect(steps.flatMap(({ id, status }) => (id.startsWith("approval") ? [[id, status]] : []))).toEqual([
      ["approval/two/1", "cancelled"],
      ["approval/two/2", "succeeded"],
    ]);
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "of two last decisions at once, one continuation follows",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId);
    const made = await Promise.allSettled([decideAs(app, "bob", approvalId), decideAs(app, "carl", approvalId)]);
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
    expect((await app.context.store.getApproval(approvalId))?.value.decisions).toHaveLength(2);
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "a decision whose event was lost reaches the execution by the sweep",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    const raise = () => Promise.reject(new Error("the process was killed"));
    const dying = { ...app.context, orchestrations: { ...app.context.orchestrations, raise } };
    const approve = (person: string) =>
      decideApproval(dying, approvalId, {
        ...{ person, via: "token", decision: "approve", reason: "" },
        grants: [{ role: "approver" }],
      });
    await approve("ann");
    await expect(approve("bob")).rejects.toThrow("killed");
    await app.pass(60_000);
    expect((await app.until(executionId, () => true)).status).toBe("awaiting-approval");
    expect(await sweepApprovals(app.context)).toEqual([]);
    await app.confirm(executionId);
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "a cancel ends the wait and closes the approval",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "ann", reason: undefined });
    expect((await app.ended(executionId)).status).toBe("cancelled");
    expect((await app.context.store.getApproval(approvalId))?.value).toMatchObject({ status: "void", heard: true });
    expect(await app.states()).toEqual(["protected"]);
  },
  withApprovals(TWO_BEFORE_START),
);
