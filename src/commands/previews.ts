import { RecoveryError } from "../domain/errors.js";
import type { ExecutionOptions } from "../domain/execution.js";
import { previewReprotect, type ReprotectPreview } from "../domain/failback/reprotect-preview.js";
import { worstOf } from "../domain/plans/measures.js";
import type { Plan } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import type { CheckOptions } from "../domain/prerequisites/prerequisite.js";
import type { RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import type { PointPreview } from "../domain/recovery-points/recovery-point-solver.js";
import type { StartDecision } from "../domain/start/check-estate.js";
import type { Verb } from "../domain/vocabulary.js";
import { type Placement, placeItems } from "../domain/worlds/networks.js";
import { usedAddresses } from "../domain/worlds/occupancy.js";
import { previewItems } from "../executions/predicted-loss.js";
import type { Services } from "./context.js";
import { findItem } from "./items.js";
import { getPlan } from "./plans.js";
import { decideAbout, type StartTarget } from "./start-decision.js";

/** What every item of a plan would start from and lose if a failover began now. */
export interface PointsPreview {
  worldId: string;
  choice: RecoveryPointChoice;
  items: PointPreview[];
  /** The largest loss of an item, in emulated seconds; null when an item has no point. */
  worstLossSeconds: number | null;
}

/** What a preview is about: the current version of a plan, or one item. */
export type PreviewTarget = { planId: string } | { worldId: string; itemId: string };

/** The point that every item would start from. Without a choice, the plan's own is used. */
export async function previewPoints(
  services: Services,
  target: PreviewTarget,
  asked: RecoveryPointChoice | null,
): Promise<PointsPreview> {
  const { worldId, itemIds, plan } = await subjectOf(services, target);
  const choice = asked ?? plan?.recoveryPoint ?? { kind: "latest" };
  if (plan !== null && choice.kind === "custom") {
    throw new RecoveryError("custom-point-for-one-item", `plan ${plan.id} can not start all its items from one point`);
  }
  const items = await previewItems(services, worldId, itemIds, choice);
  return { worldId, choice, items, worstLossSeconds: worstOf(items.map(({ lossSeconds }) => lossSeconds)) };
}

/** The items of a preview. */
export async function subjectOf(
  services: Services,
  target: PreviewTarget,
): Promise<{ worldId: string; itemIds: string[]; plan: Plan | null }> {
  if ("planId" in target) {
    const { plan } = (await getPlan(services, target.planId)).value;
    return { worldId: plan.worldId, itemIds: planItemIds(plan), plan };
  }
  const { itemId } = await findItem(services, target.worldId, target.itemId);
  return { worldId: target.worldId, itemIds: [itemId], plan: null };
}

/** The decision about a start: what would happen to each item, what was checked, and everything that is not met. */
export interface PrerequisitesAnswer extends StartDecision {
  verb: Verb;
  /** Whether a start with the same options would be accepted now. */
  ready: boolean;
}

/** Whether a verb could start, by the same decision as its start. Starts nothing. */
export async function previewPrerequisites(
  services: Services,
  target: StartTarget,
  verb: Verb,
  options: ExecutionOptions,
): Promise<PrerequisitesAnswer> {
  const { decision } = await decideAbout(services, target, verb, options);
  return { verb, ready: decision.refusal === null, ...decision };
}

/** Where every interface of the items of a plan, or of one item, would go in the network. */
export async function previewNetworks(
  services: Services,
  target: PreviewTarget,
  { isolated }: { isolated: boolean },
): Promise<{ isolated: boolean; items: Placement[] }> {
  const { worldId, itemIds } = await subjectOf(services, target);
  const { items, sites } = await services.hypervisor.describeEstate(worldId, itemIds);
  const placements = sites.flatMap(({ site, taken, machineAddresses }) => {
    const going = items.filter(({ item }) => item.targetSiteId === site.id);
    return placeItems(
      going.map(({ item, machine }) => ({ item, machine, networks: site.networks })),
      { isolated, used: usedAddresses({ taken, machineAddresses }) },
    );
  });
  const rank = new Map(itemIds.map((itemId, index) => [itemId, index]));
  const rankOf = ({ itemId }: Placement): number => rank.get(itemId) ?? itemIds.length;
  return { isolated, items: placements.toSorted((a, b) => rankOf(a) - rankOf(b)) };
}

/** What a reprotect of every item of a plan, or of one item, would create at the site that takes the data (A8). */
export async function previewReprotects(
  services: Services,
  target: PreviewTarget,
  options: CheckOptions,
): Promise<{ items: ReprotectPreview[] }> {
  const { worldId, itemIds } = await subjectOf(services, target);
  const [estate, records] = await Promise.all([
    services.hypervisor.describeEstate(worldId, itemIds),
    services.store.getItems(worldId, itemIds),
  ]);
  const known = new Map(records.map((record) => [record.itemId, record]));
  const items = estate.items.flatMap((snapshot) => {
    const record = known.get(snapshot.item.id);
    return record === undefined ? [] : [previewReprotect(estate, snapshot, record, options)];
  });
  return { items };
}
