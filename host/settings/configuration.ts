import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type HostJson, parseHostJson } from "./host-json.js";
import { applySettings, type LocalSettings, parseLocalSettings } from "./local-settings.js";

export interface Configuration {
  hostJson: HostJson;
  local: LocalSettings;
}

/**
 * Reads `host.json` and `local.settings.json` of an app's folder, both of which may be missing, and puts the settings
 * of the latter into `env`, where variables that are already set win.
 *
 * @throws ConfigurationError when one of them is not valid
 */
export async function readConfiguration(directory: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
  const local = parseLocalSettings(await textOf(join(directory, "local.settings.json")));
  applySettings(local, env);
  return { local, hostJson: parseHostJson(await textOf(join(directory, "host.json")), env) };
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
