import { ConfigurationError } from "./configuration-error.js";

/**
 * Replaces each `%NAME%` by the app setting of that name.
 *
 * @param where names the place of `text` in the error
 * @throws ConfigurationError when a setting does not exist
 */
export function replaceNames(text: string, env: NodeJS.ProcessEnv, where: string): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = env[name];
    if (value !== undefined) return value;
    throw new ConfigurationError(
      `${where} names the app setting "${name}", which is not set. Set it in the environment or under Values in local.settings.json.`,
    );
  });
}
