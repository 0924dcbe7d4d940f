import { provideStorage, type Storage } from "./azurite/azurite.js";
import { isDevelopmentStorage } from "./azurite/development-storage.js";
import type { Logger } from "./logger.js";

const HOST_SETTING = "AzureWebJobsStorage";

export interface HostStorage {
  /** Full connection string of an app setting; undefined when the setting is empty or missing. */
  connectionString(setting: string): string | undefined;
  stop(): Promise<void>;
}

/**
 * Makes the configured storage usable. It finds or starts Azurite when a setting names the emulator. In private mode
 * Azurite is always the storage, whatever the settings say.
 *
 * @param settings names of the app settings that hold connection strings
 * @throws ConfigurationError when Azurite is needed and cannot be used
 */
export async function openStorage(
  mode: "default" | "private",
  settings: readonly string[],
  env: NodeJS.ProcessEnv,
  dataDirectory: string,
  logger: Logger,
): Promise<HostStorage> {
  const names = [...new Set([HOST_SETTING, ...settings])];
  const isEmulated = (name: string): boolean => isDevelopmentStorage(env[name] ?? "");
  const emulated = mode === "private" ? [HOST_SETTING, ...names.filter(isEmulated)] : names.filter(isEmulated);
  const azurite: Storage | undefined =
    emulated.length > 0 ? await provideStorage({ dataDirectory, mode, logger }) : undefined;
  if (azurite && mode === "private") {
    for (const name of emulated) env[name] = azurite.connectionString;
  }
  return {
    connectionString: (name) =>
      azurite && emulated.includes(name) ? azurite.connectionString : env[name] || undefined,
    stop: async () => azurite?.stop(),
  };
}
