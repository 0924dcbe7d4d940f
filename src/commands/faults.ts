import type { Fault, FaultInput } from "../hypervisor/port.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** Makes operations of an item, a site or a link fail, hang or slow down from now on. */
export async function addFault(services: Services, worldId: string, fault: FaultInput): Promise<Fault> {
  await getWorld(services, worldId);
  return services.estate.addFault(worldId, fault);
}

export async function listFaults(services: Services, worldId: string): Promise<Fault[]> {
  await getWorld(services, worldId);
  return services.estate.listFaults(worldId);
}

/** Clears one fault, or all of a world. Returns how many there were. */
export async function clearFaults(services: Services, worldId: string, faultId?: string): Promise<number> {
  await getWorld(services, worldId);
  return services.estate.clearFaults(worldId, faultId);
}
