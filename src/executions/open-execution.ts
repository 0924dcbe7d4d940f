import type { z } from "zod";
import { appliesTo } from "../domain/approvals/requirement-rules.js";
import { TIMED_VERBS } from "../domain/commit-timer/commit-timer.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { ReprotectOptions } from "../domain/failback/reprotect-options.js";
import { hasLeftovers, type ItemRecord } from "../domain/items/item-record.js";
import { transition } from "../domain/items/lifecycle.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import { failurePolicyOf, isEnded } from "../domain/plans/failure-policy.js";
import type { Action, Plan, PlanGroup, StageActions, StageVerb } from "../domain/plans/plan.js";
import { groupsInOrder } from "../domain/plans/plan-rules.js";
import { stepLimitsOf } from "../domain/plans/step-limits.js";
import { opposite } from "../domain/scenario-traits.js";
import { planVersionOf, verbInForce } from "../domain/steering/in-force.js";
import { toMs } from "../domain/text.js";
import type { Direction, Verb } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";
import type { ExecutionGroup, ExecutionPlan, openExecution } from "./contracts.js";
import { planOfExecution } from "./start-facts.js";

/**
 * Reads what an execution runs: its record, the version of the plan at its start, and its items as they are now. What was
 * steered before it began is taken in as what is steered later, so that an item which an edit took out is told of.
 */
export async function openedExecution(
  ports: Ports,
  executionId: string,
): Promise<z.output<typeof openExecution.output>> {
  const found = await ports.store.getExecution(executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no record of execution ${executionId}`);
  const execution = found.value;
  if (isEnded(execution.status)) return { open: false, why: execution.status };
  const { steering: _, ...started } = execution;
  return { open: true, plan: await executionPlanOf(ports, started) };
}

/** Whoever forces a clean-up does not want to wait for what hangs: emulated minutes, and some real seconds at least. */
const FORCED_LIMIT_MINUTES = 15;
const MIN_FORCED_LIMIT_MS = 10_000;

const forcedStepLimitMs = ({ speed, stepLimitMs }: Ports["settings"]): number =>
  Math.min(stepLimitMs, Math.max((FORCED_LIMIT_MINUTES * 60_000) / speed, MIN_FORCED_LIMIT_MS));

/** What it runs as it was steered: the version of its last edit, by the rules of the verb in force. */
export async function executionPlanOf(ports: Ports, execution: Execution): Promise<ExecutionPlan> {
  const { store, hypervisor, settings } = ports;
  const { executionId, worldId, subject, itemIds, options } = execution;
  const verb = verbInForce(execution);
  const steered = { ...execution, verb };
  const [plan, records, snapshots] = await Promise.all([
    planOfExecution(store, execution),
    store.getItems(worldId, itemIds),
    hypervisor.describeItems(worldId, itemIds),
  ]);
  const items = new Map(records.map((record) => [record.itemId, record]));
  const seen = new Map(snapshots.map((snapshot) => [snapshot.item.id, snapshot]));
  return {
    executionId,
    worldId,
    plan: subject.kind === "item" ? null : { id: plan.id, name: plan.name, version: planVersionOf(execution) },
    verb: execution.verb,
    direction: execution.direction,
    requestedAtMs: toMs(execution.requestedAt),
    speed: settings.speed,
    queueLimitMs: settings.stepLimitMs,
    stepLimitsMs: stepLimitsMs(settings, plan, steered),
    recoveryPoint: options.recoveryPoint ?? plan.recoveryPoint,
    attemptShutdown: options.sourceShutdown !== "skip",
    testNetworkId: options.testNetworkId ?? null,
    reprotect: options.reprotect ?? ReprotectOptions.parse({}),
    targetSiteIds: [...new Set(snapshots.map(({ replica }) => replica.siteId))],
    testNetworksLeft:
      records.some((item) => mayHaveNetworks(item, executionId)) && (await hasNetworks(ports, worldId, snapshots)),
    shutdown: {
      ...plan.shutdown,
      before: applicable(plan.shutdown.before, steered, snapshots),
      after: applicable(plan.shutdown.after, steered, snapshots),
    },
    groups: groupsInOrder(plan)
      .map((group) => withoutLeftOut(group, execution))
      .filter(({ items }) => items.length > 0)
      .map((group) => executionGroupOf(group, steered, items, seen)),
    leftOut: execution.leftOut ?? [],
    actions: {
      "test-clean-up": stageActionsOf(plan, "test-clean-up", execution, snapshots),
      commit: stageActionsOf(plan, "commit", execution, snapshots),
      reprotect: stageActionsOf(plan, "reprotect", execution, snapshots),
    },
    force: options.force === undefined ? null : { by: execution.requestedBy, reason: options.force.reason },
    policy: failurePolicyOf(plan, verb),
    validation: plan.validation,
    ...approvalsOf(plan, execution, verb),
    ...(plan.commitTimer && TIMED_VERBS.has(verb) && { commitTimer: plan.commitTimer }),
  };
}

/**
 * The approvals that an execution needs; nothing at all when it needs none. A switch to another verb makes more of them
 * necessary, and none unnecessary.
 */
function approvalsOf(
  { approvals = [] }: Plan,
  { verb: started, direction }: Execution,
  inForce: Verb,
): Pick<ExecutionPlan, "approvals"> {
  const needed = approvals.filter((requirement) =>
    [started, inForce].some((verb) => appliesTo(requirement, { verb, direction })),
  );
  return needed.length === 0 ? {} : { approvals: needed };
}

/** The limits of the plan and the defaults, in real milliseconds. */
function stepLimitsMs(settings: Ports["settings"], plan: Plan, { verb, options }: Execution): Record<string, number> {
  const msPerMinute = 60_000 / settings.speed;
  const mostMs = options.force === undefined ? Number.POSITIVE_INFINITY : forcedStepLimitMs(settings);
  const limits = stepLimitsOf(plan.stepLimitMinutes, verb, settings.stepLimitMs / msPerMinute);
  return Object.fromEntries(
    Object.entries(limits).map(([step, minutes]) => [step, Math.min(minutes * msPerMinute, mostMs)]),
  );
}

const mayHaveNetworks = ({ heldBy }: ItemRecord, executionId: string): boolean =>
  heldBy?.executionId === executionId && MAY_HAVE_NETWORKS.has(heldBy.from);

/** The states in which a test of the item, or its promotion, may have left a network. */
const MAY_HAVE_NETWORKS: ReadonlySet<string> = new Set(["failed-over", "failover-failed", "test-failed-over"]);

/** Whether there may be networks of tests at the items' sites. What can't be read counts as there, and is read again later. */
async function hasNetworks({ hypervisor }: Ports, worldId: string, items: readonly ItemSnapshot[]): Promise<boolean> {
  const siteIds = new Set(items.flatMap(({ source, replica }) => [source.siteId, replica.siteId]));
  try {
    const sites = await Promise.all([...siteIds].map((siteId) => hypervisor.describeSite(worldId, siteId)));
    return sites.some(({ testNetworks }) => testNetworks.length > 0);
  } catch {
    return true;
  }
}

/** A group with the items that take part. Items that the request excludes do not count for its minimum. */
function withoutLeftOut(group: PlanGroup, { itemIds, leftOut = [] }: Execution): PlanGroup {
  const [taking, excluded] = [new Set(itemIds), new Set<string>()];
  for (const { itemId, outcome } of leftOut) if (outcome === "excluded") excluded.add(itemId);
  const asked = group.items.filter(({ id }) => !excluded.has(id)).length;
  const { minimumHealthy, ...rest } = group;
  const minimum = minimumHealthy === undefined ? {} : { minimumHealthy: Math.min(minimumHealthy, asked) };
  return { ...rest, ...minimum, items: group.items.filter(({ id }) => taking.has(id)) };
}

function executionGroupOf(
  group: PlanGroup,
  execution: Execution,
  records: ReadonlyMap<string, ItemRecord>,
  snapshots: ReadonlyMap<string, ItemSnapshot>,
): ExecutionGroup {
  const members = group.items.flatMap(({ id }) => snapshots.get(id) ?? []);
  return {
    id: group.id,
    name: group.name,
    before: applicable(group.before, execution, members),
    after: applicable(group.after, execution, members),
    ...(group.minimumHealthy === undefined ? {} : { minimumHealthy: group.minimumHealthy }),
    ...(group.onFailure === undefined ? {} : { onFailure: group.onFailure }),
    items: group.items.map((item) => {
      const snapshot = snapshots.get(item.id);
      if (!snapshot) throw new RecoveryError("item-not-found", `the hypervisor has no item ${item.id}`);
      const record = records.get(item.id);
      const hold = record?.heldBy?.executionId === execution.executionId ? record.heldBy : null;
      return {
        ...item,
        targetSiteId: snapshot.replica.siteId,
        scenario: snapshot.item.scenario,
        direction: snapshot.direction,
        epoch: snapshot.epoch,
        alreadyDone: hold === null,
        notApplicable: hold === null && record !== undefined ? notApplicableTo(record, execution) : null,
        promotedFrom: hold?.from === "failover-failed" ? snapshot.promotedFrom : null,
        ...(hold?.from === "failed-over" && snapshot.promotedFrom !== null && { runsFrom: snapshot.promotedFrom }),
        // What a forced clean-up gave up holds no failover up: only another clean-up tries to remove it.
        testExecutionId:
          execution.verb !== "test-clean-up" && record !== undefined && hasLeftovers(record)
            ? undefined
            : snapshot.testCopies[0]?.executionId,
      };
    }),
  };
}

/** Why the verb has nothing to do for an item; null when another execution has already brought it there. */
function notApplicableTo({ scenario, state, direction }: ItemRecord, { verb }: Execution): string | null {
  const cell = transition(scenario, state, verb, direction);
  return !cell.allowed && cell.nothingToDo === "not-applicable" ? cell.because : null;
}

/** The actions that apply to the verb and the direction of the execution; when that is mixed, to those of the items. */
function applicable(
  actions: readonly Action[],
  { verb, direction }: Pick<Execution, "verb" | "direction">,
  items: readonly Pick<ItemSnapshot, "direction">[],
): Action[] {
  const type = failoverTypeOf(verb);
  if (type === null) return [];
  const its = direction === "mixed" ? items.map((item) => item.direction) : [direction];
  return inDirection(actions, its).filter(({ failoverTypes }) => failoverTypes.includes(type));
}

const inDirection = <A extends { directions: readonly Direction[] }>(
  actions: readonly A[],
  its: readonly Direction[],
): A[] => actions.filter(({ directions }) => its.some((one) => directions.includes(one)));

/**
 * The actions of a verb as a whole, each with its policy, which is that of the verb even within a full run. The
 * direction of a reprotect is the one that it sets up.
 */
function stageActionsOf(
  plan: Plan,
  stage: StageVerb,
  { verb, direction }: Execution,
  items: readonly ItemSnapshot[],
): StageActions {
  const { before = [], after = [] } = plan.actions?.[stage] ?? {};
  const reverses = stage === "reprotect" && (direction === "mixed" || verb === "full-run");
  const moves = direction === "mixed" ? items.map((item) => item.direction) : [direction];
  const its = reverses ? moves.map(opposite) : moves;
  const otherwise = failurePolicyOf(plan, stage).onActionFailure;
  const own = (actions: StageActions["before"]) =>
    inDirection(actions, its).map((action) => ({ ...action, onFailure: action.onFailure ?? otherwise }));
  return { before: own(before), after: own(after) };
}
