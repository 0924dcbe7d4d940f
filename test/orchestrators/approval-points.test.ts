import { expect } from "vitest";
import { startBody } from "../../src/api/schemas.js";
import { passByBreakGlass, reviewBreakGlass } from "../../src/commands/approvals.js";
import { delegate } from "../../src/commands/delegations.js";
import { getPlan, savePlan, warningsOf } from "../../src/commands/plans.js";
import { previewPrerequisites } from "../../src/commands/previews.js";
import type { Caller } from "../../src/domain/access/caller.js";
import { Plan } from "../../src/domain/plans/plan.js";
import { toInstant } from "../../src/domain/text.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const refused = (code: string) => expect.objectContaining({ code });
const ONE = { ...TWO_BEFORE_START, needed: 1 };
const beforeWeb = { ...ONE, id: "web", name: "Web servers", before: { kind: "group", groupId: "web" } } as const;
const beforeCommit = { ...ONE, id: "commit", name: "Commit", before: { kind: "commit" } } as const;
const beforeAction = {
  ...ONE,
  id: "action",
  name: "Orders",
  before: { kind: "action", actionId: "check-orders" },
} as const;

testInBothReplays(
  "a group waits for its approval, and none of its machines starts before",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    await app.confirm(executionId);
    const { approvalId } = await approvalAwaited(app, executionId);
    const view = await app.until(executionId, () => true);
    const groups = view.steps.filter(({ id }) => id.startsWith("groups/"));
    expect(groups.map(({ status }) => status)).toEqual(["succeeded", "succeeded", "waiting", "waiting"]);
    const { value } = (await app.context.store.getApproval(approvalId)) ?? {};
    expect(value?.content.itemIds).toEqual(["web-1", "web-2", "web-3", "web-4"]);
    await decideAs(app, "ann", approvalId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
  },
  withApprovals(beforeWeb),
);

testInBothReplays(
  "a group that is declined is left out when the plan says skip, and the others go on",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    await app.confirm(executionId);
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId, { decision: "decline" });
    await app.validate(executionId);
    const { execution } = await app.ended(executionId);
    expect(execution.status).toBe("succeeded-with-failures");
    expect((await app.item("web-1")).state).toBe("protected");
    expect((await app.item("app-1")).state).toBe("failed-over");
  },
  withApprovals({ ...beforeWeb, onDecline: "skip" }),
);

testInBothReplays(
  "a group that is declined undoes everything when the plan says undo",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.confirm(executionId);
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId, { decision: "decline" });
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { message: expect.stringContaining("ann") } });
    expect(await app.states()).toEqual(["protected"]);
  },
  withApprovals({ ...beforeWeb, onDecline: "undo" }),
);

testInBothReplays(
  "an action waits for its approval, and is left out when it is declined and the plan says skip",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId, { decision: "decline" });
    await app.validate(executionId);
    const { status, steps } = await app.ended(executionId);
    expect(status).toBe("succeeded");
    expect(JSON.stringify(steps)).toContain("it was not approved");
  },
  withApprovals({ ...beforeAction, onDecline: "skip" }),
);

testInBothReplays(
  "a commit waits for its approval, and keeps the recovery points when it is declined",
  async (app) => {
    await app.run("unplanned-failover");
    const declined = await app.start("commit");
    await decideAs(app, "ann", (await approvalAwaited(app, declined)).approvalId, { decision: "decline" });
    expect((await app.ended(declined)).execution).toMatchObject({ failure: { code: "approval-declined" } });
    expect(await app.states()).toEqual(["failed-over"]);
    const executionId = await app.start("commit");
    await decideAs(app, "ann", (await approvalAwaited(app, executionId)).approvalId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
    expect(await app.states()).toEqual(["committed"]);
  },
  withApprovals(beforeCommit),
);

testInBothReplays(
  "more loss than was approved makes the approval void, and the next one shows it",
  async (app) => {
    const emulatedNotAfter = toInstant(app.context.clock.now() - 3_600_000);
    const executionId = await app.start("unplanned-failover", {
      recoveryPoint: { kind: "point-in-time", emulatedNotAfter, groups: "per-item", appConsistent: [] },
    });
    const first = await approvalAwaited(app, executionId);
    const contentOf = async (approvalId: string) => (await app.context.store.getApproval(approvalId))?.value.content;
    const lossBefore = (await contentOf(first.approvalId))?.predictedLossSeconds ?? 0;
    await app.pass(3 * 3_600_000);
    await decideAs(app, "ann", first.approvalId);
    const second = await approvalAwaited(app, executionId, 1);
    expect((await contentOf(second.approvalId))?.predictedLossSeconds).toBeGreaterThan(lossBefore);
    await decideAs(app, "ann", second.approvalId);
    await app.confirm(executionId);
  },
  withApprovals({ ...ONE, lossCeilingSeconds: 60 }),
);

testInBothReplays(
  "in an emergency somebody breaks the glass with a reason, and somebody else reviews it",
  async (app) => {
    const { context } = app;
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await passByBreakGlass(context, approvalId, { person: "tester", reason: "the building burns" });
    await app.confirm(executionId);
    const toReview = async () => (await context.store.listApprovalsToReview({ limit: 10 })).entries.length;
    expect(await toReview()).toBe(1);
    await expect(reviewBreakGlass(context, approvalId, { person: "tester", note: "fine" })).rejects.toEqual(
      refused("not-an-approver"),
    );
    await reviewBreakGlass(context, approvalId, { person: "ann", note: "it did burn" });
    expect(await toReview()).toBe(0);
    const { value } = (await context.store.getApproval(approvalId)) ?? {};
    expect(value).toMatchObject({
      status: "used",
      brokenGlass: { person: "tester", reason: "the building burns", reviewedBy: "ann" },
    });
  },
  withApprovals(TWO_BEFORE_START),
);

const callerNamed = (person: string): Caller => ({ person, credential: "token", grants: [{ role: "approver" }] });

testInBothReplays(
  "a delegate decides instead of the delegator and not beside them, and never for the requester",
  async (app) => {
    const { context } = app;
    const until = toInstant(context.clock.now() + 86_400_000);
    await delegate(context, callerNamed("ann"), { delegationId: "d", to: "dora", until });
    await delegate(context, callerNamed("tester"), { delegationId: "d", to: "eve", until });
    await expect(delegate(context, callerNamed("ann"), { delegationId: "e", to: "ann", until })).rejects.toEqual(
      refused("delegation-refused"),
    );
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await expect(decideAs(app, "eve", approvalId)).rejects.toEqual(refused("not-an-approver"));
    expect((await decideAs(app, "dora", approvalId)).decisions).toMatchObject([{ person: "dora", onBehalfOf: "ann" }]);
    await expect(decideAs(app, "ann", approvalId)).rejects.toEqual(refused("decided-already"));
    await decideAs(app, "bob", approvalId);
    await app.confirm(executionId);
  },
  withApprovals({ ...TWO_BEFORE_START, approvers: { people: ["ann", "bob", "tester"] } }),
);

testInBothReplays(
  "an item alone does not go past the approval of its plan, and the answer before the start says so",
  async (app) => {
    const target = { kind: "item", worldId: "shop", itemId: "app-1" } as const;
    await expect(app.start("unplanned-failover", { acknowledgeNoTest: true }, target)).rejects.toEqual(
      refused("approval-needed"),
    );
    const options = { acknowledgeNoTest: true };
    const preview = await previewPrerequisites(app.context, target, "unplanned-failover", options);
    expect(preview).toMatchObject({ ready: false, refusal: { code: "approval-needed" } });
    const executionId = await app.start("unplanned-failover", { only: ["app-1"] });
    const { approvalId } = await approvalAwaited(app, executionId);
    expect((await app.context.store.getApproval(approvalId))?.value.content.itemIds).toEqual(["app-1"]);
    expect((await app.attemptOn("jump", "test-failover")).status).toBe("succeeded");
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "a plan and a start say it when too few of the people who are named can decide",
  async (app) => {
    const { context } = app;
    expect((await getPlan(context, "shop")).warnings).toEqual([]);
    const executionId = await app.start("unplanned-failover");
    const { execution } = await app.until(executionId, () => true);
    expect(await warningsOf(context, execution)).toEqual([
      expect.stringMatching(/two needs 2 people, and only ann can/),
    ]);
    await app.changePlan((plan) => ({ ...plan, name: "Changed" }), "ann");
    expect((await getPlan(context, "shop")).warnings).toEqual([expect.stringMatching(/only tester can decide: ann/)]);
  },
  withApprovals({ ...TWO_BEFORE_START, approvers: { people: ["ann", "tester"] } }),
);

/** The start that a refusal names. */
async function startAsAdvised(app: VirtualApp, itemId: string): Promise<string> {
  const thrown: unknown = await app.start("unplanned-failover", {}, { kind: "item", worldId: "shop", itemId }).then(
    () => "started",
    (error: unknown) => error,
  );
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const [, planId = "", body = ""] =
    /POST \/api\/recovery-plans\/([^/]+)\/executions with the body (\{.*\}),/.exec(message) ?? [];
  const { verb, options } = startBody.parse(JSON.parse(body));
  return app.start(verb, options, { kind: "plan", planId });
}

testInBothReplays(
  "a guarded item that is started alone in an emergency goes the way that the refusal names, and glass is broken there",
  async (app) => {
    const executionId = await startAsAdvised(app, "app-1");
    const { approvalId } = await approvalAwaited(app, executionId);
    await passByBreakGlass(app.context, approvalId, { person: "tester", reason: "the building burns" });
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
    expect((await app.item("app-1")).state).toBe("failed-over");
    expect((await app.item("web-1")).state).toBe("protected");
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "an item that two plans guard in different ways starts when one of them wants both approvals, as the refusal says",
  async (app) => {
    const { context } = app;
    const { value } = await getPlan(context, "shop");
    const named = { ...ONE, id: "named", name: "Ann herself", approvers: { people: ["ann"] } };
    const other = withApprovals(named)({ ...value.plan, id: "other", name: "Other" });
    await savePlan(context, Plan.parse(other), null, "planner");
    const alone = { kind: "item", worldId: "shop", itemId: "app-1" } as const;
    await expect(app.start("unplanned-failover", {}, alone)).rejects.toMatchObject({
      message: expect.stringMatching(/add "[^"]+" of plan (other|shop) to plan (other|shop), as it is there/),
    });
    await app.changePlan((plan) => ({
      ...plan,
      approvals: [...(plan.approvals ?? []), ...(other.approvals ?? [])] as typeof plan.approvals,
    }));
    const executionId = await startAsAdvised(app, "app-1");
    const first = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", first.approvalId);
    await decideAs(app, "bob", first.approvalId);
    await app.until(executionId, ({ awaits }) =>
      awaits.some((one) => one.kind === "approval" && one.requirementId === "named" && one.hash !== null),
    );
    const second = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", second.approvalId);
    await app.ended(executionId);
    expect((await app.item("app-1")).state).toBe("failed-over");
  },
  withApprovals(TWO_BEFORE_START),
);

testInBothReplays(
  "a planner who is limited to plans adds no item that another plan guards, and keeps what the plan holds",
  async (app) => {
    const { context } = app;
    const { value } = await getPlan(context, "shop");
    const mine = { ...value.plan, id: "mine", approvals: undefined, groups: [] as typeof value.plan.groups };
    const of = (...ids: string[]) =>
      Plan.parse(
        JSON.parse(JSON.stringify({ ...mine, groups: [{ id: "g", name: "G", items: ids.map((id) => ({ id })) }] })),
      );
    const planner = (...planIds: string[]): Caller => ({
      person: "pia",
      credential: "token",
      grants: [{ role: "planner", planIds }],
    });
    const { etag } = await savePlan(context, of("jump"), null, planner("mine"));
    const refusal = { code: "forbidden", message: expect.not.stringContaining("shop") };
    await expect(savePlan(context, of("jump", "app-1"), etag, planner("mine"))).rejects.toMatchObject(refusal);
    const saved = await savePlan(context, of("jump", "app-1"), etag, planner("mine", "shop"));
    await savePlan(context, of("app-1"), saved.etag, planner("mine"));
  },
  withApprovals({ ...TWO_BEFORE_START, id: "app", before: { kind: "group", groupId: "application" } }),
);
