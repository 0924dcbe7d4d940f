import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import type { ConfigurationServer } from "../../domain/worlds/topology.js";
import type { EmulatedSite } from "./state.js";

function serverOf({ site }: EmulatedSite): ConfigurationServer {
  if (site.configurationServer !== undefined) return site.configurationServer;
  throw new RecoveryError("not-found", `site ${site.id} has no configuration server`);
}

const withServer = (state: EmulatedSite, configurationServer: ConfigurationServer): EmulatedSite => ({
  ...state,
  site: { ...state.site, configurationServer },
});

/** Backs up what the configuration server knows now (V3). */
export function backedUp(state: EmulatedSite, atMs: number): EmulatedSite {
  const server = serverOf(state);
  const { ip, forgotten } = server;
  return withServer(state, { ...server, backup: { takenAt: toInstant(atMs), ...(ip && { ip }), forgotten } });
}

/** Restores the configuration server from its backup. Machines still look for it at its previous address. */
export function restored(state: EmulatedSite, requestedIp: string | undefined): EmulatedSite {
  const { backup, knownAt, ip: before, ...server } = serverOf(state);
  if (backup === undefined) throw new RecoveryError("not-found", `configuration server ${server.id} has no backup`);
  const ip = requestedIp ?? backup.ip;
  const previous = knownAt ?? before;
  const { forgotten } = backup;
  return withServer(state, { ...server, backup, forgotten, ...(ip && { ip }), ...(previous && { knownAt: previous }) });
}
