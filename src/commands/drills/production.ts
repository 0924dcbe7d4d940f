import { mapInChunks } from "../../domain/chunks.js";
import type { ProductionFacts } from "../../domain/drills/drill.js";
import { type SizeClass, sizeOf } from "../../domain/drills/prediction.js";
import { type ProductionChange, productionChange } from "../../domain/drills/production.js";
import { canonicalJson } from "../../domain/identity.js";
import type { ItemSnapshot } from "../../domain/items/snapshot.js";
import type { Services } from "../context.js";

/** Machines that are looked at at the same time. */
const AT_ONCE = 32;

/** What a drill must leave as it is, as it is now. An item that the world does not have is left out. */
export async function productionOf(
  services: Services,
  worldId: string,
  itemIds: readonly string[],
): Promise<ProductionFacts[]> {
  const records = new Map((await services.store.findItems(worldId, itemIds)).map((one) => [one.itemId, one]));
  const known = itemIds.filter((itemId) => records.has(itemId));
  const snapshots = await services.hypervisor.describeItems(worldId, known);
  const found = await mapInChunks(snapshots, AT_ONCE, async (snapshot): Promise<ProductionFacts[]> => {
    const itemId = snapshot.item.id;
    const record = records.get(itemId);
    if (record === undefined) return [];
    const ledger = await services.estate.ledger(worldId, { itemId });
    const { epoch, direction, source, replica, replication } = snapshot;
    const facts = { itemId, state: record.state, epoch, direction, source, replica, replication: replication.state };
    return [
      {
        ...facts,
        fingerprint: fingerprintOf(services, snapshot),
        ledger: ledger.at(-1)?.sequence ?? 0,
        size: sizeOfMachine(snapshot),
      },
    ];
  });
  return found.flat();
}

export const sizeOfMachine = ({ machine }: Pick<ItemSnapshot, "machine">): SizeClass =>
  sizeOf(machine.disks.reduce((total, { sizeGb }) => total + sizeGb, 0));

/** The hash of what a machine is, how it replicates and where it would go: a drill says nothing about another one. */
export const fingerprintOf = (
  { hash }: Pick<Services, "hash">,
  { item, machine, policy, direction }: Pick<ItemSnapshot, "item" | "machine" | "policy" | "direction">,
): string => hash(canonicalJson({ item, machine, policy, direction }));

/** What happened to machines since they were looked at. */
export async function changesSince(
  services: Services,
  worldId: string,
  before: readonly ProductionFacts[],
  own: ReadonlySet<string>,
): Promise<ProductionChange> {
  const itemIds = before.map(({ itemId }) => itemId);
  const after = new Map((await productionOf(services, worldId, itemIds)).map((one) => [one.itemId, one]));
  const looks = await mapInChunks(before, AT_ONCE, async (was): Promise<ProductionChange[]> => {
    const now = after.get(was.itemId);
    if (now === undefined) return [{ changes: [], byOthers: [`${was.itemId}: it was removed`] }];
    const ledger = await services.estate.ledger(worldId, { itemId: was.itemId });
    return [
      productionChange(
        was,
        now,
        ledger.filter(({ sequence }) => sequence > was.ledger),
        own,
      ),
    ];
  });
  const found = looks.flat();
  return {
    changes: found.flatMap(({ changes }) => changes),
    byOthers: found.flatMap(({ byOthers }) => byOthers),
  };
}
