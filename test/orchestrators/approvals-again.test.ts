import { expect } from "vitest";
import { getPlan } from "../../src/commands/plans.js";
import { switchToUnplanned } from "../../src/commands/steer.js";
import { editExecution } from "../../src/commands/steering-acts.js";
import { leavesOf } from "../../src/domain/steps.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const ONE = { ...TWO_BEFORE_START, needed: 1 };
const refused = (code: string) => expect.objectContaining({ code });

async function approvedStart(app: VirtualApp): Promise<string> {
  const executionId = await app.start("planned-failover");
  await decideAs(app, "bob", (await approvalAwaited(app, executionId)).approvalId);
  return executionId;
}

const contentOf = async (app: VirtualApp, approvalId: string) =>
  (await app.context.store.getApproval(approvalId))?.value.content;

const promoted = async (app: VirtualApp, executionId: string): Promise<number> => {
  const { steps } = await app.until(executionId, () => true);
  return leavesOf(steps).filter(({ id, startedAt }) => id.endsWith("/promote-replica") && startedAt !== undefined)
    .length;
};

testInBothReplays(
  "a switch to unplanned is approved again, with the loss that it leads to, and not by whoever switched",
  async (app) => {
    const executionId = await approvedStart(app);
    await app.until(executionId, ({ steps }) => leavesOf(steps).some(({ id }) => id.endsWith("/shut-down-source")));
    await app.context.estate.addFault(app.worldId, { target: { siteId: "rotterdam" }, mode: "hang" });
    await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "continue-without"));
    await switchToUnplanned(app.context, executionId, { person: "ann", reason: "the source does not answer" });
    const { approvalId } = await approvalAwaited(app, executionId, 1);
    expect(await promoted(app, executionId)).toBe(0);
    const content = await contentOf(app, approvalId);
    expect(content).toMatchObject({ verb: "unplanned-failover", round: 2 });
    expect(content?.predictedLossSeconds).toBeGreaterThan(0);
    await expect(decideAs(app, "ann", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await decideAs(app, "bob", approvalId);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).execution).toMatchObject({ steering: [{ action: "switch-to-unplanned" }] });
    expect((await app.item("web-1")).state).toBe("failed-over");
  },
  withApprovals(ONE),
);

testInBothReplays(
  "what an edit changes is approved before it begins, and a decline ends the execution",
  async (app) => {
    const executionId = await approvedStart(app);
    await app.awaiting(executionId, "confirm");
    await app.changePlan((plan) => ({ ...plan, name: "Another shop" }), "mallory");
    const { value } = await getPlan(app.context, app.planId);
    const by = { person: "mallory", reason: "better like this" };
    await editExecution(app.context, executionId, { ...by, planVersion: value.version });
    await app.confirm(executionId);
    const { approvalId } = await approvalAwaited(app, executionId, 1);
    expect(await contentOf(app, approvalId)).toMatchObject({ planVersion: 2, planName: "Another shop" });
    await expect(decideAs(app, "mallory", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await decideAs(app, "bob", approvalId, { decision: "decline", reason: "not like this" });
    expect((await app.ended(executionId)).status).toBe("failed");
    expect((await app.item("web-1")).state).not.toBe("failed-over");
  },
  withApprovals(ONE),
);

testInBothReplays(
  "the commit that a timer starts is not approved by whoever requested the failover",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.confirm(executionId);
    await app.validate(executionId);
    await app.completed(executionId);
    const ended = await app.context.store.getExecution(executionId);
    const timer = ended !== null && "outcomes" in ended.value ? ended.value.commitTimer : undefined;
    const commitId = timer?.end?.kind === "started" ? timer.end.executionId : "";
    const { approvalId } = await approvalAwaited(app, commitId);
    await expect(decideAs(app, "tester", approvalId)).rejects.toEqual(refused("not-an-approver"));
    await decideAs(app, "bob", approvalId);
    expect((await app.ended(commitId)).status).toBe("succeeded");
  },
  (plan) => ({
    ...withApprovals({ ...ONE, id: "commit", name: "Commit", before: { kind: "commit" } })(plan),
    commitTimer: { afterMinutes: 60, onExpiry: "commit", warnMinutesBefore: [] },
  }),
);
