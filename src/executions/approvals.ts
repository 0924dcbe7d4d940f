/**
 * Approvals as executions ask for them and use them.
 *
 * - U1 An approval is used once: the record goes from `approved` to `used` in one write on what was read.
 *   (test/orchestrators/approvals.test.ts)
 * - U2 It is used only for what it was given for. The plan, the items, the recovery point, the expected loss and the
 *   leftovers are looked at again right before; what differs makes it void. (test/orchestrators/approval-points.test.ts)
 * - U3 Nothing is used after its time. Time that was over once stays over, wherever the clocks go.
 *   (test/orchestrators/approvals.test.ts)
 * - U4 Whatever fails here lets nothing pass: there is no answer `used` without that record. (the same)
 */
import type { z } from "zod";
import {
  type Approval,
  type ApprovalContent,
  approvalIdOf,
  contentHash,
  endOf,
  isOpen,
} from "../domain/approvals/approval.js";
import { type BoundFacts, lossCeiling, whyVoid } from "../domain/approvals/bound.js";
import { asOf } from "../domain/approvals/decide.js";
import type { ApprovalRequirement } from "../domain/approvals/requirement.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { hasLeftovers } from "../domain/items/item-record.js";
import type { Plan } from "../domain/plans/plan.js";
import { editOf, pauseOf, planVersionOf, revisionOf, switchOf, verbInForce } from "../domain/steering/in-force.js";
import { toInstant } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";
import type { ApprovalStanding, openApproval, useApproval } from "./approval-contracts.js";
import { predictedLoss } from "./predicted-loss.js";
import { planOfExecution } from "./start-facts.js";

/** Writers of one approval are few: people who decide, and its execution. */
const MAX_ATTEMPTS = 50;

/** Records an ask, unless this round was asked before. */
export async function openedApproval(
  ports: Ports,
  { executionId, requirementId, round, itemIds, seen }: z.output<typeof openApproval.input>,
): Promise<Approval> {
  const { store, hash } = ports;
  const approvalId = approvalIdOf({ executionId, requirementId, round }, hash);
  const [execution, before] = await Promise.all([executionOf(ports, executionId, seen), store.getApproval(approvalId)]);
  if (before) return before.value;
  const content = await contentOf(ports, execution, { approvalId, requirementId, round, itemIds });
  const approval: Approval = {
    worldId: execution.worldId,
    content,
    hash: contentHash(content, hash),
    status: "pending",
    decisions: [],
    heard: false,
  };
  return (await store.createApproval(approval)).approval;
}

/** The path or address that shows an approval. */
export const approvalLink = ({ settings }: Pick<Ports, "settings">, approvalId: string): string =>
  `${settings.publicBaseUrl ?? ""}/api/approvals/${approvalId}`;

/**
 * The record of an execution as it is now. Refuses `steered` while it is paused, and when its workflow does not know yet
 * how it was steered: the workflow says which items it is about.
 */
async function executionOf(ports: Ports, executionId: string, seen: number): Promise<Execution> {
  const execution = await ports.executionNow(executionId);
  if (execution === null) {
    throw new RecoveryError("execution-not-found", `there is no record of execution ${executionId}`);
  }
  if (pauseOf(execution) !== null) throw new RecoveryError("steered", "the execution is paused");
  if (revisionOf(execution) > seen) throw new RecoveryError("steered", "the execution was steered");
  return execution;
}

async function contentOf(
  ports: Ports,
  execution: Execution,
  asked: Pick<ApprovalContent, "approvalId" | "requirementId" | "round" | "itemIds">,
): Promise<ApprovalContent> {
  const plans = await plansOf(ports, execution);
  const { plan } = plans;
  const requirement = plan.approvals?.find(({ id }) => id === asked.requirementId);
  if (requirement === undefined) {
    throw new RecoveryError("plan-invalid", `plan ${plan.id} has no approval ${asked.requirementId}`);
  }
  const facts = await factsOf(ports, execution, asked.itemIds, plans);
  const { planVersion, planHash, savedPlanVersion, verb, direction, recoveryPoint } = facts;
  const { predictedLossSeconds, leftovers } = facts;
  const nowMs = ports.clock.now();
  const inMinutes = (minutes: number): string => toInstant(nowMs + minutes * 60_000);
  const { name, before, needed, approvers, escalation, expiresAfterMinutes } = requirement;
  const editors = await editorsOf(ports, execution, plans);
  const excluded = [
    ...requestersOf(execution).map((person) => ({ person, because: "requester" as const })),
    ...editors.map((person) => ({ person, because: "last-editor" as const })),
  ];
  return {
    ...asked,
    ...{ name, before, needed, approvers, verb, direction, recoveryPoint, predictedLossSeconds },
    ...{ planId: plan.id, planName: plan.name, planVersion, planHash, savedPlanVersion },
    executionId: execution.executionId,
    ceiling: { lossSeconds: lossCeiling(allowedLoss(plan, requirement, verb), predictedLossSeconds), leftovers },
    requestedBy: execution.requestedBy,
    requestedAt: toInstant(nowMs),
    expiresAt: inMinutes(expiresAfterMinutes),
    escalation:
      escalation === undefined ? null : { at: inMinutes(escalation.afterMinutes), approvers: escalation.approvers },
    excluded: excluded.filter(({ person }, at) => excluded.findIndex((one) => one.person === person) === at),
  };
}

/** Those who asked for what is done: whoever switched the execution asked for the verb that it follows now. */
const requestersOf = (execution: Execution): string[] =>
  [execution.requestedBy, execution.onBehalfOf, switchOf(execution)?.person].flatMap((person) => person ?? []);

function allowedLoss({ objectives }: Plan, { lossCeilingSeconds }: ApprovalRequirement, verb: Verb): number | null {
  const perVerb: Partial<Record<Verb, { rpoSeconds?: number | undefined } | undefined>> = objectives;
  return lossCeilingSeconds ?? perVerb[verb]?.rpoSeconds ?? null;
}

/** The plan as an execution runs it, and its newest version; null when it was removed, or when an item runs alone. */
async function plansOf({ store }: Ports, execution: Execution) {
  const { subject } = execution;
  const [plan, saved] = await Promise.all([
    planOfExecution(store, execution),
    subject.kind === "plan" ? store.getPlan(subject.planId) : null,
  ]);
  return { plan, saved: saved?.value ?? null };
}

type Plans = Awaited<ReturnType<typeof plansOf>>;

/** Who saved the version that runs and the newest one, and who chose the one that runs. */
async function editorsOf({ store }: Ports, execution: Execution, { saved }: Plans): Promise<string[]> {
  const { subject } = execution;
  if (subject.kind === "item") return [];
  const runs = await store.getPlanVersion(subject.planId, planVersionOf(execution));
  return [runs?.savedBy, saved?.savedBy, editOf(execution)?.person].flatMap((person) => person ?? []);
}

/** What an approval is bound to, as it is now. */
async function factsOf(
  ports: Ports,
  execution: Execution,
  itemIds: readonly string[],
  known?: Plans,
): Promise<BoundFacts> {
  const { worldId, direction, options } = execution;
  const [{ plan, saved }, items] = await Promise.all([
    known ?? plansOf(ports, execution),
    ports.store.findItems(worldId, itemIds),
  ]);
  const recoveryPoint = options.recoveryPoint ?? plan.recoveryPoint;
  const verb = verbInForce(execution);
  const predictedLossSeconds = await predictedLoss(ports, { worldId, verb }, itemIds, recoveryPoint);
  return {
    ...{ verb, direction, itemIds, recoveryPoint, predictedLossSeconds },
    planVersion: planVersionOf(execution),
    planHash: editOf(execution)?.planHash ?? execution.planHash ?? "",
    savedPlanVersion: saved?.version ?? null,
    leftovers: items.filter(hasLeftovers).length,
  };
}

/** Uses an approval, or says how it stands. */
export async function usedApproval(
  ports: Ports,
  { executionId, approvalId, itemIds, nowMs: executionMs, seen }: z.output<typeof useApproval.input>,
): Promise<ApprovalStanding> {
  const [execution, read] = await Promise.all([
    executionOf(ports, executionId, seen),
    foundApproval(ports, approvalId),
  ]);
  const reads = [read];
  return updateWithRetry(
    async () => reads.pop() ?? (await foundApproval(ports, approvalId)),
    async (found) => {
      const { executionId: owner } = found.value.content;
      if (owner !== executionId) throw new RecoveryError("approval-not-found", `${approvalId} is of another execution`);
      const at = (approval: Approval): Approval => asOf(approval, Math.max(ports.clock.now(), executionMs));
      const now = await usable(ports, execution, at(found.value), { itemIds, at });
      const answer = standingOf(now);
      if (answer.state === "pending" || (now === found.value && now.heard)) return { answer };
      return { answer, write: () => ports.store.updateApproval(found, { ...now, heard: true }) };
    },
    MAX_ATTEMPTS,
  );
}

/**
 * An approval that is approved becomes used, or void when it does not fit any more. Any other stays as it is, and so
 * does one whose time ends while it is compared, which may take long.
 */
async function usable(
  ports: Ports,
  execution: Execution,
  approval: Approval,
  { itemIds, at }: { itemIds: readonly string[]; at: (approval: Approval) => Approval },
): Promise<Approval> {
  if (approval.status !== "approved") return approval;
  const because = whyVoid(approval, await factsOf(ports, execution, itemIds));
  const still = at(approval);
  if (still.status !== "approved") return still;
  return because === null
    ? { ...approval, status: "used", usedAt: toInstant(ports.clock.now()) }
    : voided(approval, because, ports.clock.now());
}

/** Closes an approval that is neither used nor over. */
export const voided = (approval: Approval, because: string, nowMs: number): Approval => ({
  ...approval,
  status: "void",
  closedAt: toInstant(nowMs),
  closedBecause: because.slice(0, 2_000),
});

/** Makes an approval void, unless it is used or over. Returns it as it is then. */
export function voidedApproval(
  ports: Pick<Ports, "store" | "clock">,
  approvalId: string,
  because: string,
  { heard }: { heard: boolean },
): Promise<Approval> {
  return updateWithRetry(
    () => foundApproval(ports, approvalId),
    (found) => {
      const wasOpen = isOpen(found.value);
      const now = {
        ...(wasOpen ? voided(found.value, because, ports.clock.now()) : found.value),
        ...(heard && { heard }),
      };
      if (!wasOpen && found.value.heard === now.heard) return { answer: found.value };
      return { answer: now, write: () => ports.store.updateApproval(found, now) };
    },
    MAX_ATTEMPTS,
  );
}

/** Notes that others may decide as well. */
export async function escalatedApproval(ports: Ports, approvalId: string): Promise<void> {
  await updateWithRetry(
    () => foundApproval(ports, approvalId),
    (found) => {
      const { status, escalatedAt } = found.value;
      if (status !== "pending" || escalatedAt !== undefined) return { answer: null };
      const escalated = { ...found.value, escalatedAt: toInstant(ports.clock.now()) };
      return { answer: null, write: () => ports.store.updateApproval(found, escalated) };
    },
    MAX_ATTEMPTS,
  );
}

async function foundApproval({ store }: Pick<Ports, "store">, approvalId: string) {
  const found = await store.getApproval(approvalId);
  if (found) return found;
  throw new RecoveryError("approval-not-found", `there is no approval ${approvalId}`);
}

function standingOf(approval: Approval): ApprovalStanding {
  const { status, decisions, brokenGlass, closedBecause = "" } = approval;
  switch (status) {
    case "pending":
    case "approved":
      return { state: "pending", until: endOf(approval) };
    case "declined":
      return { state: "declined", decisions };
    case "expired":
    case "void":
      return { state: status, because: closedBecause };
    case "used":
      return { state: "used", decisions, ...(brokenGlass && { brokenGlass }) };
  }
}
