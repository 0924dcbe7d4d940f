import { RecoveryError } from "../domain/errors.js";
import { SITE_TRAITS } from "../domain/scenario-traits.js";
import { isInRange, isReserved } from "../domain/worlds/addresses.js";
import type { ProcessServer } from "../domain/worlds/topology.js";
import type { Site } from "../domain/worlds/world.js";
import type { Services } from "./context.js";
import { requirePassphrase } from "./passphrase.js";
import { getWorld } from "./worlds.js";

/** The progress of a deployment. The process server appears 10 to 15 emulated minutes after the begin (V4). */
export interface Deployment {
  processServerId: string;
  state: "deploying" | "deployed";
  /** When to poll again, in real time; null once it is deployed. */
  readyAt: string | null;
  server: ProcessServer | null;
}

/** What a deployment takes: a name, the network and subnet of the machines that it serves, and an address there (V4). */
export interface ProcessServerPlan {
  name?: string | undefined;
  networkId: string;
  subnet: string;
  ip: string;
  passphrase?: string | undefined;
}

/**
 * Begins to deploy a process server at a site, or polls the deployment. Safe to repeat. Refuses `passphrase-refused`
 * when a configuration server that it registers with has another passphrase, and `invalid-input` when the site does not
 * have the network, the subnet or the address (V4). The passphrase is compared and forgotten: neither the task nor a
 * message contains it.
 */
export async function deployProcessServer(
  services: Services,
  worldId: string,
  siteId: string,
  processServerId: string,
  { passphrase, name = processServerId, networkId, subnet, ip }: ProcessServerPlan,
): Promise<Deployment> {
  await getWorld(services, worldId);
  const site = await siteOf(services, worldId, siteId);
  const there = serverOf(site, processServerId);
  if (there !== undefined) return { processServerId, state: "deployed", readyAt: null, server: there };
  await requirePassphrase(services, worldId, siteId, passphrase);
  const problem = placeProblem(site, { networkId, subnet, ip });
  if (problem !== null) throw new RecoveryError("invalid-input", `process server ${processServerId}: ${problem}`);
  const reply = await services.hypervisor.runOnSite({
    worldId,
    executionId: "deployments",
    key: `deployments/${siteId}/${processServerId}`,
    siteId,
    operation: "deploy-process-server",
    params: { processServerId, name, networkId, subnet, ip },
  });
  if (reply.state === "failed") throw new RecoveryError(reply.code, reply.message);
  if (reply.state === "waiting") return { processServerId, state: "deploying", readyAt: reply.doneAt, server: null };
  const server = serverOf(await siteOf(services, worldId, siteId), processServerId) ?? null;
  return { processServerId, state: "deployed", readyAt: null, server };
}

/** Why a server cannot be placed there, or null. Its address is its own. */
function placeProblem(site: Site, { networkId, subnet, ip }: Pick<ProcessServerPlan, "networkId" | "subnet" | "ip">) {
  const network = site.networks.find(({ id }) => id === networkId);
  if (network === undefined) {
    const there = site.networks.map(({ id }) => id).join(", ");
    return `${site.id} has no network ${networkId}; it has ${there === "" ? "none" : there}`;
  }
  const found = network.subnets.find(({ name }) => name === subnet);
  if (found === undefined) return `the network ${networkId} has no subnet ${subnet}`;
  if (!isInRange(ip, found.range)) return `${ip} is not in subnet ${subnet} (${found.range})`;
  if (SITE_TRAITS[site.kind].createsMachines && isReserved(ip, found.range)) {
    return `${ip} of ${found.range} is reserved by the service`;
  }
  if (found.inUse?.includes(ip)) return `${ip} is in use in subnet ${subnet}`;
  const rival = site.processServers.find((server) => server.networkId === networkId && server.ip === ip);
  return rival === undefined ? null : `process server ${rival.id} has the address ${ip}`;
}

const siteOf = async ({ hypervisor }: Services, worldId: string, siteId: string): Promise<Site> =>
  (await hypervisor.describeSite(worldId, siteId)).site;

const serverOf = ({ processServers }: Site, processServerId: string): ProcessServer | undefined =>
  processServers.find(({ id }) => id === processServerId);
