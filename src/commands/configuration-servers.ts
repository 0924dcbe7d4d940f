import { RecoveryError } from "../domain/errors.js";
import type { ConfigurationServer } from "../domain/worlds/topology.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** Backs the configuration server of a site up; refuses `not-found` where there is none (V3). */
export async function backUpConfigurationServer(
  services: Services,
  worldId: string,
  siteId: string,
): Promise<ConfigurationServer> {
  await getWorld(services, worldId);
  await services.estate.backUpConfigurationServer(worldId, siteId);
  return serverAt(services, worldId, siteId);
}

/**
 * Restores the configuration server of a site from its backup, under the address given or the one it had then;
 * refuses `not-found` where there is no backup. At another address the machines do not find it.
 */
export async function restoreConfigurationServer(
  services: Services,
  worldId: string,
  siteId: string,
  ip: string | undefined,
): Promise<ConfigurationServer> {
  await getWorld(services, worldId);
  await services.estate.restoreConfigurationServer(worldId, siteId, ip);
  return serverAt(services, worldId, siteId);
}

async function serverAt({ hypervisor }: Services, worldId: string, siteId: string): Promise<ConfigurationServer> {
  const { configurationServer } = (await hypervisor.describeSite(worldId, siteId)).site;
  if (configurationServer !== undefined) return configurationServer;
  throw new RecoveryError("not-found", `site ${siteId} has no configuration server`);
}
