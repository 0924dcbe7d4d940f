import { RecoveryError } from "../domain/errors.js";
import type { ProcessServer } from "../domain/worlds/topology.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** The progress of a deployment. The process server appears 10 to 15 emulated minutes after the begin (V4). */
export interface Deployment {
  processServerId: string;
  state: "deploying" | "deployed";
  /** When to poll again, in real time; null once it is deployed. */
  readyAt: string | null;
  server: ProcessServer | null;
}

/**
 * Begins to deploy a process server at a site, or polls the deployment. Safe to repeat. Refuses
 * `passphrase-refused` when a configuration server that it registers with has another passphrase (V4). The
 * passphrase is compared and forgotten: neither the task nor a message contains it.
 */
export async function deployProcessServer(
  services: Services,
  worldId: string,
  siteId: string,
  processServerId: string,
  passphrase: string | undefined,
): Promise<Deployment> {
  await getWorld(services, worldId);
  const there = await serverAt(services, worldId, siteId, processServerId);
  if (there !== null) return { processServerId, state: "deployed", readyAt: null, server: there };
  await requirePassphrase(services, worldId, siteId, passphrase);
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

/** It registers at its own site, and at the sites that a link joins to it. */
async function requirePassphrase(
  { hypervisor, hash }: Services,
  worldId: string,
  siteId: string,
  passphrase: string | undefined,
): Promise<void> {
  const { links } = await hypervisor.describeEstate(worldId, []);
  const joined = links.flatMap(({ between }) => (between.includes(siteId) ? between : []));
  const near = await Promise.all([...new Set([siteId, ...joined])].map((id) => hypervisor.describeSite(worldId, id)));
  for (const { site } of near) {
    const { id, passphraseHash } = site.configurationServer ?? {};
    if (passphraseHash === undefined) continue;
    if (passphrase === undefined)
      throw new RecoveryError("passphrase-refused", `${id} at ${site.id} wants a passphrase`);
    if (hash(`${id}:${passphrase}`) === passphraseHash) continue;
    throw new RecoveryError("passphrase-refused", `the passphrase is not that of ${id} at ${site.id}`);
  }
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
