import { ConfigurationError } from "./configuration-error.js";

/**
 * Replaces each `%NAME%` by the value of that app setting.
 *
 * @param where says in the error where `text` comes from
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
