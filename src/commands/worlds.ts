import { RecoveryError } from "../domain/errors.js";
import { toInstant } from "../domain/text.js";
import { withMappedNetworks } from "../domain/worlds/networks.js";
import type { World } from "../domain/worlds/world.js";
import { worldProblems } from "../domain/worlds/world-rules.js";
import type { Page, PageRequest, WorldRecord } from "../store/port.js";
import type { Services } from "./context.js";

/** Imports a world, or replaces it: every machine is on and every item replicating afterwards. */
export async function importWorld({ store, estate, clock }: Services, described: World): Promise<WorldRecord> {
  const problems = worldProblems(described);
  if (problems.length > 0) throw new RecoveryError("world-invalid", `world ${described.id}: ${problems[0]}`, problems);
  const world = withMappedNetworks(described);
  const record = await store.putWorld(world, toInstant(clock.now()));
  await estate.loadWorld(world);
  return record;
}

export async function getWorld({ store }: Services, worldId: string): Promise<WorldRecord> {
  const record = await store.getWorld(worldId);
  if (!record) throw new RecoveryError("world-not-found", `there is no world ${worldId}`);
  return record;
}

export function listWorlds({ store }: Services, page: PageRequest): Promise<Page<WorldRecord>> {
  return store.listWorlds(page);
}
