/**
 * Approvals: the points that an execution does not pass before people have decided.
 *
 * - V1 No guarded effect begins before `use-approval` has answered `used`, in the same pass of the point.
 *   (test/orchestrators/approvals.test.ts)
 * - V2 An event only says that there is news. Whether the point is passed, the record of the approval says, so that an
 *   event that is lost, late, doubled or made up lets nothing pass. (the same)
 * - V3 An approval that became void is asked for again, with what holds now. (the same)
 * - V4 A decline, and the end of the time, lead to what the plan says: the end, an undo, or past the group or action.
 *   Before the start nothing was touched, and nothing is. (the same)
 * - V5 An execution that ends while it waits leaves no open approval. (the same)
 * - V6 What is asked, and for which items, comes from the plan as it was edited, before each ask and before each use. An
 *   approval that an edit adds, or that a switch to unplanned makes necessary, is asked for before whatever of it has
 *   not begun. (test/orchestrators/approvals-steered.test.ts)
 */
import { type ApprovalAsk, type ApprovalPoint, type Approvers, allApprovers } from "../../domain/approvals/ask.js";
import type { ApprovalClosing } from "../../domain/approvals/ask-message.js";
import type { ApprovalRequirement } from "../../domain/approvals/requirement.js";
import { RecoveryError } from "../../domain/errors.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { failureOf } from "../../durable/refusal.js";
import {
  type ApprovalStanding,
  escalateApproval,
  openApproval,
  useApproval,
  voidApproval,
} from "../../executions/approval-contracts.js";
import type { ExecutionGroup, ExecutionItem } from "../../executions/contracts.js";
import { approvalStepId } from "../../steps/plan-steps.js";
import type { ExecutionContext, ExecutionWorkflow } from "./execution-workflow.js";
import { endUnlessContinued } from "./failures.js";
import { actAsSteered } from "./steering.js";

/** The items that an approval is about, as the plan is now. */
type ItemsOf = () => readonly ExecutionItem[];

/** One ask as the execution follows it. */
interface Ask {
  requirement: ApprovalRequirement;
  stepId: string;
  itemsOf: ItemsOf;
  ask: ApprovalAsk;
  escalatesAtMs: number | null;
}

type Settled = Exclude<ApprovalStanding, { state: "pending" }>;

/** Waits for every approval before a point. Answers whether to go on, or to leave out what it guards. */
export function* awaitApprovals(
  execution: ExecutionContext,
  point: ApprovalPoint,
  itemsOf: ItemsOf,
): Durable<"approved" | "skipped"> {
  const { passed } = execution.approvals;
  for (;;) {
    const open = (execution.plan.approvals ?? []).filter(({ id }) => !passed.has(id));
    const requirement = open.find(({ before }) => isSamePoint(before, point));
    if (requirement === undefined) return "approved";
    if ((yield* awaitApproval(execution, requirement, itemsOf)) === "skipped") return "skipped";
    passed.add(requirement.id);
  }
}

/** A workflow that begins when its start has been approved. */
export const afterApproval = (workflow: ExecutionWorkflow): ExecutionWorkflow =>
  function* (execution) {
    yield* awaitStartApprovals(execution);
    yield* workflow(execution);
  };

/** Those before the start. Later an edit may have added one, or a switch to unplanned. */
export function* awaitStartApprovals(execution: ExecutionContext): Durable<void> {
  const { begun } = execution.steering;
  yield* awaitApprovals(execution, { kind: "start" }, () =>
    execution.plan.groups.flatMap((group) => (begun.has(group.id) ? [] : execution.itemsToBringUp(group))),
  );
}

/**
 * Leaves out the groups that are not approved, where all items go at once. Nothing was done to their items yet, so they
 * rest where they were.
 */
export function* awaitApprovalsOfGroups(execution: ExecutionContext): Durable<void> {
  for (const group of execution.plan.groups) {
    if (yield* awaitGroupApprovals(execution, group)) continue;
    for (const { id } of group.items) {
      execution.leftOut.add(id);
      const report = execution.reports.get(id);
      if (report?.outcome === "failed") execution.reports.set(id, { ...report, outcome: "left-out" });
    }
  }
  if (execution.itemsToDo.length === 0) throw new RecoveryError("approval-declined", "no group was approved");
}

/** The same for a group. Its items are left out when it is skipped, and keep the reason. */
export function* awaitGroupApprovals(execution: ExecutionContext, group: ExecutionGroup): Durable<boolean> {
  const items = execution.itemsToBringUp(group);
  if (items.length === 0 && group.before.length + group.after.length === 0) return true;
  const point = { kind: "group", groupId: group.id } as const;
  if ((yield* awaitApprovals(execution, point, () => items)) === "approved") return true;
  const failure = { code: "approval-declined", message: `group ${group.name} was not approved, and was left out` };
  for (const { id } of items) {
    execution.leftBehind.add(id);
    const nothing = { point: null, dataLoss: null, runningAtMs: null };
    execution.reports.set(id, { itemId: id, outcome: "failed", failure, ...nothing });
  }
  return false;
}

/** Whether time may pass before a group begins, until it is approved. */
export const isGuarded = ({ plan }: ExecutionContext, { id }: ExecutionGroup): boolean =>
  (plan.approvals ?? []).some(({ before }) => isSamePoint(before, { kind: "group", groupId: id }));

function isSamePoint(a: ApprovalPoint, b: ApprovalPoint): boolean {
  if (a.kind === "group") return b.kind === "group" && a.groupId === b.groupId;
  if (a.kind === "action") return b.kind === "action" && a.actionId === b.actionId;
  return a.kind === b.kind;
}

function* awaitApproval(
  execution: ExecutionContext,
  requirement: ApprovalRequirement,
  itemsOf: ItemsOf,
): Durable<"approved" | "skipped"> {
  for (;;) {
    const settled = yield* awaitRound(execution, requirement, itemsOf);
    if (settled.state === "used") return "approved";
    if (settled.state !== "void") return end(execution, requirement, settled);
  }
}

/** Asks once, and waits until that is used, declined, void or over. */
function* awaitRound(
  execution: ExecutionContext,
  requirement: ApprovalRequirement,
  itemsOf: ItemsOf,
): Durable<Settled> {
  const { progress, approvers } = execution;
  const { executionId } = execution.plan;
  const round = execution.approvals.nextRound(requirement.id);
  const stepId = approvalStepId(requirement.id, round);
  progress.begin(stepId);
  let ask: ApprovalAsk | undefined;
  try {
    const opened = yield* actAsSteered(execution, openApproval, () => {
      return { executionId, requirementId: requirement.id, round, itemIds: idsOf(itemsOf()) };
    });
    ask = opened.ask;
    const escalatesAtMs = opened.escalatesAt === null ? null : Date.parse(opened.escalatesAt);
    const settled = yield* settle(execution, { requirement, stepId, itemsOf, ask, escalatesAtMs });
    progress.end(stepId, STATUSES[settled.state], inWords(settled));
    approvers.close(ask, closingOf(settled));
    return settled;
  } catch (thrown) {
    const { code, message } = failureOf(thrown);
    progress.end(stepId, code === "cancelled" ? "cancelled" : "failed", `[${code}] ${message}`);
    if (ask !== undefined) yield* close(execution, ask, message);
    throw thrown;
  }
}

const STATUSES = { used: "succeeded", declined: "failed", expired: "failed", void: "cancelled" } as const;

function* settle(execution: ExecutionContext, asked: Ask): Durable<Settled> {
  const { stepId, itemsOf, requirement } = asked;
  let { ask } = asked;
  const { approvalId, expiresAt: until } = ask;
  const { context, notifier, progress, approvers } = execution;
  const { executionId } = execution.plan;
  const text = asksOf(ask);
  progress.awaitInput(stepId, text);
  const awaits = { kind: "approval", approvalId, asks: text, until, who: ask.approvers, link: ask.link };
  yield* notifier.tellAwaited(awaits, execution.reports.values());
  approvers.ask("requested", requirement.asks, ask);
  for (let { escalatesAtMs } = asked; ; ) {
    const expiresAtMs = Date.parse(ask.expiresAt);
    const wakeMs = Math.min(expiresAtMs, escalatesAtMs ?? expiresAtMs);
    yield* execution.approvalNews(approvalId, Math.max(0, wakeMs - nowMs(execution)));
    const standing = yield* actAsSteered(execution, useApproval, () => {
      return { executionId, approvalId, itemIds: idsOf(itemsOf()), nowMs: nowMs(execution) };
    });
    if (standing.state !== "pending") return standing;
    ask = { ...ask, expiresAt: standing.until };
    if (escalatesAtMs !== null && nowMs(execution) >= escalatesAtMs) {
      escalatesAtMs = null;
      yield* callActivity(context, escalateApproval, { approvalId });
      ask = { ...ask, approvers: together(ask.approvers, requirement.escalation?.approvers) };
      progress.awaitInput(stepId, asksOf(ask));
      approvers.ask("escalated", requirement.asks, ask);
    }
  }
}

const nowMs = ({ context }: ExecutionContext): number => context.df.currentUtcDateTime.getTime();

const idsOf = (items: readonly ExecutionItem[]): string[] => items.map(({ id }) => id);

/** After the escalation both decide. */
function together(first: Approvers, others: Approvers = {}): Approvers {
  const { people, roles } = allApprovers([first, others]);
  return { ...(people.length > 0 && { people }), ...(roles.length > 0 && { roles }) };
}

/** What people read of it at once. The approval itself shows all that they decide on. */
function asksOf({ name, needed, approvers, itemIds }: ApprovalAsk): string {
  const people = approvers.people?.join(", ");
  const roles = approvers.roles?.map((role) => `anybody with the role ${role}`).join(" or ");
  const who = [people, roles].filter((some) => some !== undefined && some !== "").join(" or ");
  return `${name}: ${needed} of ${who} to approve for ${itemIds.length} items.`;
}

/** An approval whose execution ends is closed. Where that fails, it closes when somebody decides, or by its time. */
function* close(execution: ExecutionContext, ask: ApprovalAsk, why: string): Durable<void> {
  const { approvalId } = ask;
  const because = `the execution went no further: ${why}`.slice(0, 2_000);
  execution.approvers.close(ask, { end: "void", people: [], reason: because });
  try {
    yield* callActivity(execution.context, voidApproval, { approvalId, because });
  } catch {
    // The end of the execution does not wait for this.
  }
}

/** The end of an approval as those who were asked are told it. */
function closingOf(settled: Settled): ApprovalClosing {
  switch (settled.state) {
    case "used": {
      const { brokenGlass, decisions } = settled;
      if (brokenGlass) return { end: "broken-glass", people: [brokenGlass.person], reason: brokenGlass.reason };
      return { end: "approved", people: decisions.map(({ person }) => person), reason: "" };
    }
    case "declined": {
      const declined = settled.decisions.filter(({ decision }) => decision === "decline");
      return { end: "declined", people: declined.map(({ person }) => person), reason: declined[0]?.reason ?? "" };
    }
    case "expired":
    case "void":
      return { end: settled.state, people: [], reason: settled.because };
  }
}

function inWords(settled: Settled): string {
  switch (settled.state) {
    case "used": {
      const { brokenGlass, decisions } = settled;
      if (brokenGlass !== undefined) return `break-glass by ${brokenGlass.person}: ${brokenGlass.reason}`;
      return `approved by ${decisions.map(({ person }) => person).join(", ")}`;
    }
    case "declined": {
      const { person, reason } = settled.decisions.find(({ decision }) => decision === "decline") ?? {};
      return `[approval-declined] declined by ${person}: ${reason}`;
    }
    case "expired":
      return `[approval-declined] not approved in time: ${settled.because}`;
    case "void":
      return `asked for again, because ${settled.because}`;
  }
}

/** What a decline leads to, or the end of the time. */
function end(execution: ExecutionContext, { name, onDecline }: ApprovalRequirement, settled: Settled): "skipped" {
  if (onDecline === "skip") return "skipped";
  const what = `the approval "${name}" was ${inWords(settled).replace("[approval-declined] ", "")}`.slice(0, 2_000);
  if (onDecline === "undo" && execution.touched) endUnlessContinued(execution, "undo", what);
  throw new RecoveryError("approval-declined", what);
}
