import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { worstOf } from "../domain/plans/measures.js";
import type { RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import {
  diskCoverageOf,
  type PointPreview,
  type PreviewItem,
  previewRecoveryPoints,
} from "../domain/recovery-points/recovery-point-solver.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";

/** Items whose points are read from the hypervisor at the same time. */
const POINT_QUERY_CONCURRENCY = 32;

/** What every item would start from and lose if a failover began now. */
export async function previewItems(
  ports: Ports,
  worldId: string,
  itemIds: readonly string[],
  choice: RecoveryPointChoice,
): Promise<PointPreview[]> {
  const snapshots = await ports.hypervisor.describeItems(worldId, itemIds);
  const items: PreviewItem[] = [];
  for (let from = 0; from < snapshots.length; from += POINT_QUERY_CONCURRENCY) {
    const some = snapshots.slice(from, from + POINT_QUERY_CONCURRENCY);
    items.push(...(await Promise.all(some.map((snapshot) => pointsOfItem(ports, worldId, snapshot)))));
  }
  return previewRecoveryPoints(items, choice);
}

async function pointsOfItem(
  { hypervisor }: Ports,
  worldId: string,
  { item, machine }: ItemSnapshot,
): Promise<PreviewItem> {
  const known = await hypervisor.recoveryPoints(worldId, item.id);
  return { ...known, disks: diskCoverageOf(item, machine) };
}

/** Verbs that start from a point that is older than the last write. A planned one synchronises first, or does nothing. */
const MAY_LOSE: ReadonlySet<Verb> = new Set(["unplanned-failover", "failback", "change-recovery-point"]);

/** Verbs whose items have lost already what they lose. */
const HAS_LOST: ReadonlySet<Verb> = new Set(["commit"]);

/**
 * The largest loss of an item that is to be expected if the verb went on now, in seconds of the estate; null when nobody
 * can say.
 */
export async function predictedLoss(
  ports: Ports,
  { worldId, verb }: Pick<Execution, "worldId" | "verb">,
  itemIds: readonly string[],
  choice: RecoveryPointChoice,
): Promise<number | null> {
  if (itemIds.length === 0) return 0;
  try {
    if (HAS_LOST.has(verb)) {
      const items = await ports.store.getItems(worldId, itemIds);
      return worstOf(items.map(({ dataLoss }) => dataLoss?.seconds ?? null));
    }
    if (verb === "promote-test") return null; // the test's point is what it starts from, and its age is not known here
    if (!MAY_LOSE.has(verb)) return 0;
    return worstOf((await previewItems(ports, worldId, itemIds, choice)).map(({ lossSeconds }) => lossSeconds));
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return null; // what cannot be read can not be foreseen, and the approver sees that
  }
}
