import { RecoveryError } from "../domain/errors.js";
import type { Subject } from "../domain/execution.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isReplicating } from "../domain/items/post-execution-conditions.js";
import { type MemberNow, memberWarnings } from "../domain/plans/member-warnings.js";
import type { Plan, PlanVersion } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import { readEach } from "../executions/read-each.js";
import type { Services } from "./context.js";

/** A list of plans that have more members than this tells no warnings: their items would cost too many reads. */
const MAX_LISTED_MEMBERS = 1_000;

/** The members of a plan that there are, and what is wrong with them or with those that are gone. */
export async function lookAtMembers(
  services: Services,
  plan: Plan,
): Promise<{ items: ItemRecord[]; warnings: string[] }> {
  const ids = planItemIds(plan);
  const { found: items, unreadable } = await readEach(ids, (some) => services.store.findItems(plan.worldId, some));
  const replication = await replicationOf(services, plan.worldId, items);
  const members = await membersOf(services, items, replication);
  return { items, warnings: [...(await worldWarnings(services, plan)), ...memberWarnings(plan, members, unreadable)] };
}

async function worldWarnings({ store }: Services, { worldId }: Plan): Promise<string[]> {
  if (await store.getWorld(worldId)) return [];
  return [`world ${worldId} is gone; import it again, or remove the plan`];
}

/** The warnings of plans by their ids, from their records alone; undefined if that would cost too much. */
export async function listedWarnings(
  services: Services,
  plans: readonly PlanVersion[],
): Promise<ReadonlyMap<string, string[]> | undefined> {
  const idsByWorld = new Map<string, Set<string>>();
  for (const { plan } of plans) {
    const ids = idsByWorld.get(plan.worldId) ?? new Set();
    for (const itemId of planItemIds(plan)) ids.add(itemId);
    idsByWorld.set(plan.worldId, ids);
  }
  const count = [...idsByWorld.values()].reduce((sum, { size }) => sum + size, 0);
  if (count > MAX_LISTED_MEMBERS) return undefined;
  const warnings = new Map<string, string[]>();
  for (const [worldId, ids] of idsByWorld) {
    const { found, unreadable } = await readEach([...ids], (some) => services.store.findItems(worldId, some));
    const members = await membersOf(services, found, new Map());
    for (const { plan } of plans.filter((version) => version.plan.worldId === worldId)) {
      warnings.set(plan.id, memberWarnings(plan, members, unreadable));
    }
  }
  return warnings;
}

async function membersOf(
  { store }: Services,
  items: readonly ItemRecord[],
  replication: ReadonlyMap<string, MemberNow["replication"]>,
): Promise<ReadonlyMap<string, MemberNow>> {
  const holders = [...new Set(items.flatMap(({ heldBy }) => heldBy?.executionId ?? []))];
  const subjects = new Map<string, Subject>();
  for (const executionId of holders) {
    const subject = (await store.getExecution(executionId).catch(ignoringUnreadable))?.value.subject;
    if (subject) subjects.set(executionId, subject);
  }
  return new Map(
    items.map((record) => {
      const heldFor = subjects.get(record.heldBy?.executionId ?? "") ?? null;
      return [record.itemId, { record, heldFor, replication: replication.get(record.itemId) ?? null }];
    }),
  );
}

/** A record that cannot be read only takes the name of the plan from a warning. */
function ignoringUnreadable(thrown: unknown): null {
  if (thrown instanceof RecoveryError) return null;
  throw thrown;
}

/** Asks the hypervisor about the members that should replicate. One that cannot be asked is no reason to refuse an answer. */
async function replicationOf(
  { hypervisor }: Services,
  worldId: string,
  items: readonly ItemRecord[],
): Promise<ReadonlyMap<string, MemberNow["replication"]>> {
  const ids = items.filter(({ state }) => state === "protected").map(({ itemId }) => itemId);
  try {
    const { found, unreadable } = await readEach(ids, (some) => hypervisor.describeItems(worldId, some));
    return new Map([
      ...found.map((snapshot) => [snapshot.item.id, isReplicating(snapshot) ? "replicating" : "stopped"] as const),
      ...[...unreadable.keys()].map((itemId) => [itemId, "unreadable"] as const),
    ]);
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return new Map(ids.map((itemId) => [itemId, "unreadable"] as const));
  }
}
