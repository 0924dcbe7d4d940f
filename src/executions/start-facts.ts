/** Reads what the decision about a start needs. The command reads it before the start, the activity once more after it. */
import { type ErrorCode, RecoveryError } from "../domain/errors.js";
import type { Execution, ExecutionOptions } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { EstateSnapshot } from "../domain/items/snapshot.js";
import { Plan } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import type { SolverItem } from "../domain/recovery-points/recovery-point-solver.js";
import { decideStart, readsPoints, type StartDecision, type StartPhase } from "../domain/start/check-estate.js";
import { selectItems } from "../domain/start/decide-start.js";
import { planVersionOf, verbInForce } from "../domain/steering/in-force.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";
import { readEach } from "./read-each.js";

/** Items that are read from the hypervisor at the same time. */
const POINT_READ_CONCURRENCY = 32;

/** An item that cannot be read, and one that the hypervisor does not have, must not hold the others. */
const ONE_ITEM: readonly ErrorCode[] = ["row-unreadable", "item-not-found"];

/** What is asked for. A single item is a plan of one group. */
export interface AskedStart {
  worldId: string;
  verb: Verb;
  plan: Plan;
  alone: boolean;
  options: ExecutionOptions;
}

/** The plan that a single item runs. */
export const implicitPlan = (worldId: string, itemId: string): Plan =>
  Plan.parse({
    id: itemId,
    name: itemId,
    worldId,
    groups: [{ id: "item", name: itemId, items: [{ id: itemId }] }],
    validation: { required: false },
  });

/** The records of the items of a plan. Items that the world does not have are in neither map. */
export interface PlanRecords {
  records: ReadonlyMap<string, ItemRecord>;
  /** Why records could not be read. */
  unreadable: ReadonlyMap<string, string>;
}

export async function recordsOf({ store }: Ports, worldId: string, plan: Plan): Promise<PlanRecords> {
  const { found, unreadable } = await readEach(planItemIds(plan), (ids) => store.findItems(worldId, ids));
  return { records: new Map(found.map((record) => [record.itemId, record])), unreadable };
}

/** Decides about a start, from the records given and from the estate as it is now. */
export async function decideOn(
  ports: Ports,
  asked: AskedStart,
  { records, unreadable: damaged }: PlanRecords,
  phase: StartPhase = "start",
): Promise<StartDecision> {
  const { worldId, verb, plan, options } = asked;
  const members = await membersOf(ports, asked, records);
  const selection = selectItems(asked, { records, unreadable: damaged, members });
  const ids = selection.items.flatMap(({ decision, itemId }) => (decision === "take" ? [itemId] : []));
  const choice = options.recoveryPoint ?? plan.recoveryPoint;
  const [{ estate, unreadable }, points] = await Promise.all([
    readEstate(ports, worldId, ids),
    phase === "start" && readsPoints(verb, choice) ? readPoints(ports, worldId, ids) : new Map<string, SolverItem>(),
  ]);
  const { reprotect, acknowledgeNoTest } = options;
  const context = { items: records, options: { ...reprotect, acknowledgeNoTest } };
  return decideStart(selection, { estate, unreadable, points, choice, records, members, context, phase });
}

/** Decides again about items that an execution holds, each as it was when the execution took it. */
export async function decideAgain(
  ports: Ports,
  executionId: string,
  itemIds: readonly string[],
  phase: StartPhase,
): Promise<StartDecision> {
  const { store } = ports;
  const execution = (await store.getExecution(executionId))?.value;
  if (!execution) throw new RecoveryError("execution-not-found", `there is no record of execution ${executionId}`);
  const { worldId, options: asked } = execution;
  const verb = verbInForce(execution);
  const plan = planOfItems(await planOfExecution(store, execution), itemIds);
  const { records, unreadable } = await recordsOf(ports, worldId, plan);
  const released = new Map([...records].map(([itemId, record]) => [itemId, asTaken(record, executionId)]));
  const { only: _only, without: _without, ...options } = asked;
  return decideOn(ports, { worldId, verb, plan, alone: false, options }, { records: released, unreadable }, phase);
}

const asTaken = (record: ItemRecord, executionId: string): ItemRecord =>
  record.heldBy?.executionId === executionId ? { ...record, state: record.heldBy.from, heldBy: null } : record;

/** A plan with some of its items only. */
function planOfItems(plan: Plan, itemIds: readonly string[]): Plan {
  const wanted = new Set(itemIds);
  return {
    ...plan,
    groups: plan.groups.map((group) => ({ ...group, items: group.items.filter(({ id }) => wanted.has(id)) })),
  };
}

/** The version of the plan that an execution runs. A single item runs an implicit plan of one group. */
export async function planOfExecution(
  store: Ports["store"],
  execution: Pick<Execution, "subject" | "worldId" | "steering">,
): Promise<Plan> {
  const { subject, worldId } = execution;
  if (subject.kind === "item") return implicitPlan(worldId, subject.itemId);
  const number = planVersionOf(execution);
  const version = await store.getPlanVersion(subject.planId, number);
  if (version) return version.plan;
  throw new RecoveryError("plan-not-found", `plan ${subject.planId} has no version ${number}`);
}

/** All members of the replication groups of the items. A plan has whole groups. */
async function membersOf(
  { store }: Ports,
  { worldId, alone }: AskedStart,
  records: ReadonlyMap<string, ItemRecord>,
): Promise<readonly ItemRecord[]> {
  const all = [...records.values()];
  const [groupId] = all.flatMap(({ replicationGroupId }) => replicationGroupId ?? []);
  return alone && groupId !== undefined ? store.getReplicationGroups(worldId, [groupId]) : all;
}

async function readEstate(
  { hypervisor }: Ports,
  worldId: string,
  itemIds: readonly string[],
): Promise<{ estate: EstateSnapshot; unreadable: ReadonlyMap<string, string> }> {
  const read = async (ids: readonly string[]) => [await hypervisor.describeEstate(worldId, ids)];
  const { found, unreadable } = await readEach(itemIds, read, ONE_ITEM);
  const sites = new Map(found.flatMap((estate) => estate.sites.map((site) => [site.site.id, site] as const)));
  const links = new Map(found.flatMap((estate) => estate.links.map((link) => [link.id, link] as const)));
  const items = found.flatMap((estate) => estate.items);
  return { estate: { items, sites: [...sites.values()], links: [...links.values()] }, unreadable };
}

async function readPoints(
  { hypervisor }: Ports,
  worldId: string,
  itemIds: readonly string[],
): Promise<ReadonlyMap<string, SolverItem>> {
  const points = new Map<string, SolverItem>();
  for (let from = 0; from < itemIds.length; from += POINT_READ_CONCURRENCY) {
    const some = itemIds.slice(from, from + POINT_READ_CONCURRENCY);
    const read = (ids: readonly string[]) => Promise.all(ids.map((id) => hypervisor.recoveryPoints(worldId, id)));
    for (const known of (await readEach(some, read, ONE_ITEM)).found) points.set(known.itemId, known);
  }
  return points;
}
