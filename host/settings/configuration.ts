import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type HostJson, parseHostJson } from "./host-json.js";
import { applySettings, type LocalSettings, parseLocalSettings } from "./local-settings.js";

export interface Configuration {
  hostJson: HostJson;
  local: LocalSettings;
}

/**
 * Reads `host.json` and `local.settings.json` from an app's folder; both may be missing. Copies the local settings into
 * `env`. A variable that is already set wins.
 *
 * @throws ConfigurationError when a file is not valid
 */
export async function readConfiguration(directory: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
  const local = parseLocalSettings(await readIfPresent(join(directory, "local.settings.json")));
  applySettings(local, env);
  return { local, hostJson: parseHostJson(await readIfPresent(join(directory, "host.json")), env) };
}

function readIfPresent(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
