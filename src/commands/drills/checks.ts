import { mapInChunks } from "../../domain/chunks.js";
import type { CheckedItem } from "../../domain/drills/drill.js";
import { RecoveryError } from "../../domain/errors.js";
import type { ItemSnapshot } from "../../domain/items/snapshot.js";
import type { Plan } from "../../domain/plans/plan.js";
import { evaluateProbe, type Probe } from "../../domain/plans/probes.js";
import type { Services } from "../context.js";

/** A copy that does not answer is asked again this often before it counts as failed. */
export const MAX_LOOKS = 3;

/** Copies that are asked at the same time. */
const AT_ONCE = 16;

/** What the copies of a test answer, and those that are in a network that is not isolated. */
export async function checkCopies(
  services: Services,
  plan: Plan,
  executionId: string,
  itemIds: readonly string[],
): Promise<{ items: CheckedItem[]; exposed: string[]; againMs: number }> {
  const running = new Set(itemIds);
  const checks = (plan.drill?.checks ?? []).filter(({ itemId }) => running.has(itemId));
  const items = await mapInChunks(checks, AT_ONCE, ({ itemId, probes }) =>
    check(services, { worldId: plan.worldId, itemId, executionId }, probes),
  );
  const seconds = Math.max(1, ...checks.flatMap(({ probes }) => probes.map(({ everySeconds }) => everySeconds)));
  const exposed = await exposedCopies(services, plan.worldId, executionId, itemIds);
  return { items, exposed, againMs: (seconds * 1_000) / services.settings.speed };
}

async function check(
  { hypervisor }: Services,
  { worldId, itemId, executionId }: { worldId: string; itemId: string; executionId: string },
  probes: readonly Probe[],
): Promise<CheckedItem> {
  try {
    const seen = await hypervisor.observe(worldId, itemId, { kind: "test-copy", executionId });
    const answers = probes.map((probe) => evaluateProbe(probe, seen));
    const failed = answers.filter(({ passed }) => !passed);
    const saw = (failed.length > 0 ? failed : answers).map((answer) => answer.saw).join("; ");
    return { itemId, passed: failed.length === 0, saw: saw.slice(0, 2_000) };
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return { itemId, passed: false, saw: thrown.message.slice(0, 2_000) };
  }
}

/** Copies that run in the network into which a real failover would bring their machine. */
async function exposedCopies(
  { hypervisor }: Services,
  worldId: string,
  executionId: string,
  itemIds: readonly string[],
): Promise<string[]> {
  if (itemIds.length === 0) return [];
  const snapshots = await hypervisor.describeItems(worldId, itemIds);
  return snapshots.flatMap((snapshot) => exposedOf(snapshot, executionId)).slice(0, 200);
}

const exposedOf = ({ item, testCopies }: ItemSnapshot, executionId: string): string[] =>
  testCopies
    .filter((copy) => copy.executionId === executionId && copy.networkId === item.target.networkId)
    .map(({ networkId }) => `the test copy of ${item.id} ran in its production network ${networkId}`);
