import { expect } from "vitest";
import { EventType } from "../../host/durable/history.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { sweepApprovals } from "../../src/commands/sweep-approvals.js";
import { MAX_APPROVAL_MINUTES } from "../../src/domain/approvals/requirement.js";
import { leavesOf } from "../../src/domain/steps.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const refused = (code: string) => expect.objectContaining({ code });
const ONE = { ...TWO_BEFORE_START, needed: 1 };
const beforeWeb = { ...ONE, id: "web", name: "Web servers", before: { kind: "group", groupId: "web" } } as const;
const DAY_MS = 86_400_000;
const THIRTY_DAYS = { ...TWO_BEFORE_START, expiresAfterMinutes: MAX_APPROVAL_MINUTES };

async function promotionAwaiting(app: VirtualApp) {
  await app.run("test-failover");
  const executionId = await app.start("promote-test");
  return { executionId, approvalId: (await approvalAwaited(app, executionId)).approvalId };
}

testInBothReplays(
  "a promotion of a test promotes nothing of a guarded group before its approval",
  async (app) => {
    const { executionId, approvalId } = await promotionAwaiting(app);
    await app.pass(3_600_000);
    const { steps } = await app.until(executionId, () => true);
    expect(leavesOf(steps).filter(({ id, startedAt }) => id.includes("/items/") && startedAt !== undefined)).toEqual(
      [],
    );
    const { value } = (await app.context.store.getApproval(approvalId)) ?? {};
    expect(value?.content).toMatchObject({ verb: "promote-test", itemIds: ["web-1", "web-2", "web-3", "web-4"] });
    await decideAs(app, "ann", approvalId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
    expect(await app.states()).toEqual(["failed-over"]);
  },
  withApprovals(beforeWeb),
);

testInBothReplays(
  "a group of a promotion that is declined and skipped keeps its test, and the others are promoted",
  async (app) => {
    const { executionId, approvalId } = await promotionAwaiting(app);
    await decideAs(app, "ann", approvalId, { decision: "decline" });
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded-with-failures");
    expect((await app.item("web-1")).state).toBe("test-failed-over");
    expect((await app.item("app-1")).state).toBe("failed-over");
    const web = ["web-1", "web-2", "web-3", "web-4"];
    expect((await app.attempt("test-clean-up", { only: web })).status).toBe("succeeded");
    expect((await app.item("web-1")).state).toBe("protected");
  },
  withApprovals({ ...beforeWeb, onDecline: "skip" }),
);

testInBothReplays(
  "the sweep closes an approval whose time is over, and a clock that is set back revives it for nobody",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await decideAs(app, "ann", approvalId);
    const later = app.clock.now() + (MAX_APPROVAL_MINUTES + 1) * 60_000;
    expect(await sweepApprovals({ ...app.context, clock: { ...app.clock, now: () => later } })).toEqual([]);
    await expect(decideAs(app, "bob", approvalId)).rejects.toEqual(refused("approval-void"));
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "approval-declined" } });
    expect(app.clock.now()).toBeLessThan(later);
    const { value } = (await app.context.store.getApproval(approvalId)) ?? {};
    expect(value).toMatchObject({ status: "expired", heard: true });
    expect(await app.states()).toEqual(["protected"]);
  },
  withApprovals(THIRTY_DAYS),
);

/** Waits of an instance that its host still has to end. */
async function openTimers(app: VirtualApp, executionId: string): Promise<number> {
  const history = (await app.hub.history(executionId)) ?? [];
  const fired = new Set(history.flatMap((event) => (event.EventType === EventType.TimerFired ? [event.TimerId] : [])));
  return history.filter((event) => event.EventType === EventType.TimerCreated && !fired.has(event.EventId)).length;
}

testInBothReplays(
  "a wait of thirty days is cut into pieces, and a cancel in the midst of them leaves none behind",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await app.pass(10 * DAY_MS);
    expect(
      (await app.hub.history(executionId))?.filter((event) => event.EventType === EventType.TimerFired),
    ).toHaveLength(1);
    expect(await openTimers(app, executionId)).toBe(1);
    await cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "ann", reason: undefined });
    await app.completed(executionId);
    const endedMs = app.clock.now();
    const created = await openTimers(app, executionId);
    expect((await app.context.store.getApproval(approvalId))?.value).toMatchObject({ status: "void", heard: true });
    expect(app.clock.nextDueMs ?? endedMs).toBeLessThan(endedMs + DAY_MS);
    await app.pass(40 * DAY_MS);
    expect(await openTimers(app, executionId)).toBe(created);
    expect(await app.states()).toEqual(["protected"]);
    expect(
      leavesOf((await app.until(executionId, () => true)).steps).filter(({ status }) => status === "running"),
    ).toEqual([]);
  },
  withApprovals(THIRTY_DAYS),
);

testInBothReplays(
  "a wait of thirty days that is decided on the tenth goes on at once",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await app.pass(10 * DAY_MS);
    await decideAs(app, "ann", approvalId);
    await decideAs(app, "bob", approvalId);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).status).toBe("succeeded");
  },
  withApprovals(THIRTY_DAYS),
);
