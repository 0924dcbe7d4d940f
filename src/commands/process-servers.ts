import { RecoveryError } from "../domain/errors.js";
import type { ProcessServer } from "../domain/topology.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** How far the deployment of a process server is; it appears 10 to 15 emulated minutes after it was begun (V4). */
export interface Deployment {
  processServerId: string;
  state: "deploying" | "deployed";
  /** When to look again, in real time; null once it is there. */
  readyAt: string | null;
  server: ProcessServer | null;
}

/** Begins to deploy a process server at a site, or looks how far it is: asked again, it does no harm. */
export async function deployProcessServer(
  services: Services,
  worldId: string,
  siteId: string,
  processServerId: string,
): Promise<Deployment> {
  await getWorld(services, worldId);
  const there = await serverAt(services, worldId, siteId, processServerId);
  if (there !== null) return { processServerId, state: "deployed", readyAt: null, server: there };
  const reply = await services.hypervisor.runOnSite({
    worldId,
    executionId: "deployments",
    key: `deployments/${siteId}/${processServerId}`,
    siteId,
    operation: "deploy-process-server",
    params: { processServerId },
  });
  if (reply.state === "failed") throw new RecoveryError(reply.code, reply.message);
  if (reply.state === "waiting") return { processServerId, state: "deploying", readyAt: reply.doneAt, server: null };
  const server = await serverAt(services, worldId, siteId, processServerId);
  return { processServerId, state: "deployed", readyAt: null, server };
}

async function serverAt(
  { hypervisor }: Services,
  worldId: string,
  siteId: string,
  processServerId: string,
): Promise<ProcessServer | null> {
  const { site } = await hypervisor.describeSite(worldId, siteId);
  return site.processServers.find(({ id }) => id === processServerId) ?? null;
}
