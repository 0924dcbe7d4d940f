import type { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import { failurePolicyOf, isEnded } from "../domain/plans/failure-policy.js";
import { type Action, Plan, type PlanGroup } from "../domain/plans/plan.js";
import { groupsInOrder } from "../domain/plans/plan-rules.js";
import { stepLimitsOf } from "../domain/plans/step-limits.js";
import { toMs } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";
import type { ExecutionGroup, ExecutionPlan, openExecution } from "./contracts.js";

/** Reads what an execution runs: its record, the version of the plan at its start, and its items as they are now. */
export async function openedExecution(
  ports: Ports,
  executionId: string,
): Promise<z.output<typeof openExecution.output>> {
  const found = await ports.store.getExecution(executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no record of execution ${executionId}`);
  const execution = found.value;
  if (isEnded(execution.status)) return { open: false, why: execution.status };
  return { open: true, plan: await executionPlanOf(ports, execution) };
}

async function executionPlanOf(ports: Ports, execution: Execution): Promise<ExecutionPlan> {
  const { store, hypervisor, settings } = ports;
  const { executionId, worldId, itemIds, verb, options } = execution;
  const [plan, records, snapshots] = await Promise.all([
    planOf(store, execution),
    store.getItems(worldId, itemIds),
    hypervisor.describeItems(worldId, itemIds),
  ]);
  const items = new Map(records.map((record) => [record.itemId, record]));
  const seen = new Map(snapshots.map((snapshot) => [snapshot.item.id, snapshot]));
  return {
    executionId,
    worldId,
    verb,
    direction: execution.direction,
    requestedAtMs: toMs(execution.requestedAt),
    speed: settings.speed,
    queueLimitMs: settings.stepLimitMs,
    stepLimitsMs: stepLimitsMs(settings, plan, verb),
    recoveryPoint: options.recoveryPoint ?? plan.recoveryPoint,
    attemptShutdown: options.sourceShutdown === "attempt",
    testNetworkId: options.testNetworkId ?? null,
    reprotect: options.reprotect,
    targetSiteIds: [...new Set(snapshots.map(({ replica }) => replica.siteId))],
    testNetworksLeft:
      records.some((item) => failedOverBefore(item, executionId)) && (await hasNetworks(ports, worldId, snapshots)),
    shutdown: {
      ...plan.shutdown,
      before: applicable(plan.shutdown.before, execution, snapshots),
      after: applicable(plan.shutdown.after, execution, snapshots),
    },
    groups: groupsInOrder(plan).map((group) => executionGroupOf(group, execution, items, seen)),
    policy: failurePolicyOf(plan, verb),
    validation: plan.validation,
    notifications: plan.notifications ?? [],
  };
}

/** The limits of the plan and the defaults, in real milliseconds. */
function stepLimitsMs({ speed, stepLimitMs }: Ports["settings"], plan: Plan, verb: Verb): Record<string, number> {
  const msPerMinute = 60_000 / speed;
  const limits = stepLimitsOf(plan.stepLimitMinutes, verb, stepLimitMs / msPerMinute);
  return Object.fromEntries(Object.entries(limits).map(([step, minutes]) => [step, minutes * msPerMinute]));
}

const failedOverBefore = ({ heldBy }: ItemRecord, executionId: string): boolean =>
  heldBy?.executionId === executionId && (heldBy.from === "failed-over" || heldBy.from === "failover-failed");

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

/** The version of the plan that was started. A single item runs an implicit plan of one group. */
async function planOf(store: Ports["store"], { subject, worldId }: Execution): Promise<Plan> {
  if (subject.kind === "item") {
    return Plan.parse({
      id: subject.itemId,
      name: subject.itemId,
      worldId,
      groups: [{ id: "item", name: subject.itemId, items: [{ id: subject.itemId }] }],
      validation: { required: false },
    });
  }
  const version = await store.getPlanVersion(subject.planId, subject.planVersion);
  if (version) return version.plan;
  throw new RecoveryError("plan-not-found", `plan ${subject.planId} has no version ${subject.planVersion}`);
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
        notApplicable: hold === null && record !== undefined ? nothingToDo(record, execution) : null,
        promotedFrom: hold?.from === "failover-failed" ? snapshot.promotedFrom : null,
        testExecutionId: snapshot.testCopies[0]?.executionId,
      };
    }),
  };
}

/** Why there is nothing to do for an item; null when another execution has already brought it there. */
function nothingToDo({ state, direction }: ItemRecord, execution: Execution): string | null {
  if (execution.verb !== "reprotect" || direction === execution.direction) return null;
  return `it is ${state} ${direction} and has no failover to reverse`;
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
  return actions.filter(
    ({ failoverTypes, directions }) => failoverTypes.includes(type) && its.some((one) => directions.includes(one)),
  );
}
