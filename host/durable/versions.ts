import { ConfigurationError } from "../settings/configuration-error.js";
import type { Unfinished } from "./store/port.js";

/** Which versions of unfinished orchestrations an app continues, in the words of `host.json`. */
export type VersionMatch = "none" | "strict" | "currentorolder";

const MAX_LISTED = 10;

/**
 * Refuses a hub that has unfinished orchestrations of another version: changed code that replays their history would
 * decide something else than what was done. The version of a child does not count, only that of its parent.
 *
 * @throws ConfigurationError that lists them and says what to do
 */
export function refuseOtherVersions(
  hubName: string,
  unfinished: readonly Unfinished[],
  match: VersionMatch,
  version: string | undefined,
): void {
  const foreign = unfinished.filter((one) => !one.isChild && !matches(match, one.version, version ?? null));
  if (foreign.length === 0) return;
  const named = foreign
    .slice(0, MAX_LISTED)
    .map((one) => `${one.name} ${one.instanceId} (${describeVersion(one.version)})`);
  const more = foreign.length > MAX_LISTED ? ` and ${foreign.length - MAX_LISTED} more` : "";
  throw new ConfigurationError(
    `The task hub '${hubName}' has unfinished orchestrations that this app cannot replay (the app has ${describeVersion(version ?? null)}): ${named.join(", ")}${more}. ` +
      "Start the build that began them, and let them end or cancel them there. Then start this build. Nothing was changed. " +
      "(extensions.durableTask.versionMatchStrategy in host.json requires this.)",
  );
}

const describeVersion = (version: string | null): string => (version === null ? "no version" : `version ${version}`);

function matches(match: VersionMatch, of: string | null, own: string | null): boolean {
  if (match === "none" || of === own) return true;
  return match === "currentorolder" && own !== null && (of === null || isOlder(of, own));
}

/** Compares versions part by part, and parts that are numbers as numbers, so `1.9` is older than `1.10.0`. */
function isOlder(of: string, own: string): boolean {
  return of.localeCompare(own, "en", { numeric: true }) < 0;
}
