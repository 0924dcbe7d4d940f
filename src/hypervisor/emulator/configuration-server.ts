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

/** What the configuration server knows at the moment, kept aside (V3). */
export function backedUp(state: EmulatedSite, atMs: number): EmulatedSite {
  const server = serverOf(state);
  const { ip, forgotten } = server;
  return withServer(state, { ...server, backup: { takenAt: toInstant(atMs), ...(ip && { ip }), forgotten } });
}

/** The configuration server as its backup has it. Machines go on looking for it where they did. */
export function restored(state: EmulatedSite, asked: string | undefined): EmulatedSite {
  const { backup, knownAt, ip: before, ...server } = serverOf(state);
  if (backup === undefined) throw new RecoveryError("not-found", `configuration server ${server.id} has no backup`);
  const ip = asked ?? backup.ip;
  const looked = knownAt ?? before;
  const { forgotten } = backup;
  return withServer(state, { ...server, backup, forgotten, ...(ip && { ip }), ...(looked && { knownAt: looked }) });
}
