import { expect } from "vitest";
import { viewExecution } from "../../src/commands/execution-view.js";
import { getPlan } from "../../src/commands/plans.js";
import { pauseExecution, resumeExecution, switchToUnplanned } from "../../src/commands/steer.js";
import { editExecution, extendWait } from "../../src/commands/steering-acts.js";
import { ApprovalRequirement, MAX_APPROVAL_MINUTES } from "../../src/domain/approvals/requirement.js";
import type { Plan } from "../../src/domain/plans/plan.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import { Receiver } from "../support/receiver.js";
import type { VirtualApp } from "../support/virtual-app.js";

const HOUR_MS = 3_600_000;
const HOME = { location: "original", datastoreId: "sas-rtm-02", waitForAgent: true } as const;
const BY = { person: "eddy", reason: "the site burns" };
const ONE = { ...TWO_BEFORE_START, needed: 1 };
const beforeWeb = { ...ONE, id: "web", name: "Web servers", before: { kind: "group", groupId: "web" } } as const;
const beforeCommit = { ...ONE, id: "commit", name: "Commit", before: { kind: "commit" } } as const;
const refused = (code: string) => expect.objectContaining({ code });
const contentOf = async ({ context }: VirtualApp, approvalId: string) =>
  (await context.store.getApproval(approvalId))?.value.content;

async function edit(app: VirtualApp, executionId: string, change: (plan: Plan) => Plan, by = BY): Promise<void> {
  await app.changePlan(change);
  const { value } = await getPlan(app.context, app.planId);
  await editExecution(app.context, executionId, { ...by, planVersion: value.version });
}

const withoutWeb4 = (plan: Plan): Plan => ({
  ...plan,
  groups: plan.groups.map((group) => ({ ...group, items: group.items.filter(({ id }) => id !== "web-4") })),
});

testInBothReplays(
  "an edit makes an open approval void; the next one is about what is left, and its editor may not decide",
  async (app) => {
    const executionId = await app.start("planned-failover");
    const first = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", first.approvalId);
    await app.changePlan(withoutWeb4);
    expect((await app.context.store.getApproval(first.approvalId))?.value.status).toBe("void");
    const untilAskedInRound = (round: number) =>
      app.until(executionId, ({ awaits }) =>
        awaits.some((one) => one.kind === "approval" && one.round === round && one.hash !== null),
      );
    await untilAskedInRound(2); // asked again as the saved version changed, and void again by the edit
    const { value } = await getPlan(app.context, app.planId);
    await editExecution(app.context, executionId, { ...BY, planVersion: value.version });
    const view = await untilAskedInRound(3);
    const last = view.awaits.find((one) => one.kind === "approval");
    const approvalId = last?.kind === "approval" ? last.approvalId : "";
    const content = await contentOf(app, approvalId);
    expect(content).toMatchObject({ planVersion: value.version, savedPlanVersion: value.version });
    expect(content?.itemIds).toHaveLength(10);
    expect(content?.itemIds).not.toContain("web-4");
    await expect(decideAs(app, "eddy", approvalId)).rejects.toEqual(refused("not-an-approver"));
    for (const person of ["ann", "bob"]) await decideAs(app, person, approvalId);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect(await app.ended(executionId)).toMatchObject({ status: expect.stringContaining("succeeded") });
    expect((await app.item("web-4")).state).toBe("protected");
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays("approvals that an edit adds are asked for, of a group and of the start", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  const added = [ONE, beforeWeb].map((one) => ApprovalRequirement.parse(one));
  await edit(app, executionId, (plan) => ({ ...plan, approvals: added }));
  await app.confirm(executionId);
  const start = await approvalAwaited(app, executionId);
  expect(start.requirementId).toBe("two");
  await decideAs(app, "ann", start.approvalId);
  const group = await app.until(executionId, ({ awaits }) =>
    awaits.some((one) => one.kind === "approval" && one.requirementId === "web" && one.hash !== null),
  );
  expect((await app.item("web-1")).state).toBe("failing-over");
  const asked = group.awaits.find((one) => one.kind === "approval");
  await decideAs(app, "bob", asked?.kind === "approval" ? asked.approvalId : "");
  await app.validate(executionId);
  expect((await app.ended(executionId)).status).toBe("succeeded");
});

testInBothReplays(
  "an edit removes no approval, weakens none, and moves no machine out from behind one",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.awaiting(executionId, "confirm");
    const { plan } = (await getPlan(app.context, app.planId)).value;
    const moved = withoutWeb4(plan).groups.map((group) =>
      group.id === "management" ? { ...group, items: [...group.items, { id: "web-4" }] } : group,
    );
    const changes = [
      { approvals: [] },
      { approvals: (plan.approvals ?? []).map((one) => ({ ...one, onDecline: "skip" as const })) },
      { groups: moved as Plan["groups"] },
    ];
    for (const change of changes) {
      const made = edit(app, executionId, () => ({ ...plan, ...change }));
      await expect(made).rejects.toEqual(refused("steering-refused"));
    }
    expect((await viewExecution(app.context, executionId)).execution.steering).toBeUndefined();
  },
  withApprovals(beforeWeb),
);

testInBothReplays(
  "a switch to unplanned makes approvals void, and what was approved before the start is asked for again",
  async (app) => {
    const executionId = await app.start("planned-failover");
    const planned = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", planned.approvalId);
    await app.confirm(executionId);
    const group = await approvalAwaited(app, executionId);
    expect(group.requirementId).toBe("web");
    await switchToUnplanned(app.context, executionId, BY);
    expect((await app.context.store.getApproval(group.approvalId))?.value.status).toBe("void");
    const again = await approvalAwaited(app, executionId, 1);
    expect(again.requirementId).toBe("web");
    expect(await contentOf(app, again.approvalId)).toMatchObject({ verb: "unplanned-failover" });
    await decideAs(app, "ann", again.approvalId);
    const start = await app.until(executionId, ({ awaits }) =>
      awaits.some((one) => one.kind === "approval" && one.requirementId === "two" && one.hash !== null),
    );
    const asked = start.awaits.find((one) => one.kind === "approval");
    const approvalId = asked?.kind === "approval" ? asked.approvalId : "";
    expect(await contentOf(app, approvalId)).toMatchObject({ round: 2, verb: "unplanned-failover", itemIds: ["jump"] });
    await decideAs(app, "ann", approvalId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
  },
  withApprovals(ONE, beforeWeb),
);

testInBothReplays(
  "an approval of the unplanned verb alone is asked for after the switch",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.awaiting(executionId, "confirm");
    await switchToUnplanned(app.context, executionId, BY);
    await app.confirm(executionId);
    const asked = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", asked.approvalId, { decision: "decline", reason: "too much would be lost" });
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ failure: { code: "approval-declined" } });
  },
  withApprovals({ ...ONE, verbs: ["unplanned-failover"] }),
);

testInBothReplays(
  "nothing is used while the execution is paused, and it goes on with its approval when it is resumed",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await pauseExecution(app.context, executionId, BY);
    await decideAs(app, "ann", approvalId);
    await app.pass(HOUR_MS);
    expect((await app.context.store.getApproval(approvalId))?.value.status).toBe("approved");
    expect((await viewExecution(app.context, executionId)).status).toBe("paused");
    await resumeExecution(app.context, executionId, BY);
    await app.confirm(executionId);
    expect((await app.context.store.getApproval(approvalId))?.value.status).toBe("used");
  },
  withApprovals(ONE),
);

testInBothReplays(
  "an approval that is extended may be decided after its first end, and ends at its new one",
  async (app) => {
    const { context } = app;
    const executionId = await app.start("unplanned-failover");
    const { approvalId, stepId, until } = await approvalAwaited(app, executionId);
    const more = { ...BY, stepId, until: until ?? "", minutes: 120 };
    await Promise.all([extendWait(context, executionId, more), extendWait(context, executionId, more)]);
    await expect(extendWait(context, executionId, { ...more, minutes: 60 })).rejects.toEqual(
      refused("decided-already"),
    );
    await app.pass(2 * HOUR_MS);
    const view = await viewExecution(context, executionId);
    expect(view).toMatchObject({ status: "awaiting-approval", execution: { steering: [{ action: "extend" }] } });
    const end = view.awaits[0]?.until ?? "";
    expect(Date.parse(end) - Date.parse(more.until)).toBe(2 * HOUR_MS);
    const most = { ...more, until: end, minutes: MAX_APPROVAL_MINUTES };
    await expect(extendWait(context, executionId, most)).rejects.toEqual(refused("steering-refused"));
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ failure: { code: "approval-declined" } });
    const { value } = (await context.store.getApproval(approvalId)) ?? {};
    expect(value).toMatchObject({ status: "expired", closedAt: end, extensions: [{ person: "eddy", until: end }] });
  },
  withApprovals({ ...ONE, expiresAfterMinutes: 60 }),
);

testInBothReplays(
  "an approval that is open as long as one may be says why it is not extended",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    await approvalAwaited(app, executionId);
    const { allowedActions } = await viewExecution(app.context, executionId);
    const extension = allowedActions.find(({ action }) => action === "extend");
    expect(extension).toMatchObject({ allowed: false, because: expect.stringContaining("30 days") });
  },
  withApprovals({ ...ONE, expiresAfterMinutes: MAX_APPROVAL_MINUTES }),
);

testInBothReplays("whoever is asked after the escalation reads who may decide now", async (app) => {
  const receiver = await Receiver.listen(undefined, () => app.clock.now());
  try {
    const asks = [{ format: "standard" as const, url: receiver.url }];
    await app.changePlan((plan) => withApprovals({ ...ESCALATED, asks })(plan) as Plan);
    await approvalAwaited(app, await app.start("unplanned-failover"));
    await app.pass(2 * HOUR_MS);
    expect(receiver.received.map(({ body }) => body["approvers"])).toEqual([
      { people: ["ann"] },
      { people: ["ann", "zoe"], roles: ["approver"] },
    ]);
  } finally {
    receiver.close();
  }
});

const ESCALATED = {
  ...ONE,
  approvers: { people: ["ann"] },
  escalation: { afterMinutes: 60, approvers: { people: ["zoe"], roles: ["approver" as const] } },
};

testInBothReplays(
  "the approval before the commit of a full run stands between its validation and its commit",
  async (app) => {
    const executionId = await app.start("full-run", { reprotect: HOME });
    await app.confirm(executionId);
    await app.validate(executionId);
    const { approvalId } = await approvalAwaited(app, executionId);
    await app.pass(HOUR_MS);
    expect(
      (await viewExecution(app.context, executionId)).steps.some(({ id, startedAt }) => id === "commit" && startedAt),
    ).toBe(false);
    await decideAs(app, "ann", approvalId, { decision: "decline" });
    expect((await app.ended(executionId)).execution).toMatchObject({ failure: { code: "approval-declined" } });
    expect(await app.states()).toEqual(["failed-over"]);
  },
  withApprovals(beforeCommit),
);
