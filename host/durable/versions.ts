import { ConfigurationError } from "../settings/configuration-error.js";
import type { Unfinished } from "./store/port.js";

/** Which versions of unfinished orchestrations an app takes up, in the words of `host.json`. */
export type VersionMatch = "none" | "strict" | "currentorolder";

const LISTED = 10;

/**
 * Refuses to take up a hub in which orchestrations of another version have not ended: changed code that replays their
 * history would decide otherwise than what was done. Children go with their parents.
 *
 * @throws ConfigurationError listing them, with what to do
 */
export function refuseOtherVersions(
  hubName: string,
  unfinished: readonly Unfinished[],
  match: VersionMatch,
  version: string | undefined,
): void {
  const foreign = unfinished.filter((one) => !one.isChild && !matches(match, one.version, version ?? null));
  if (foreign.length === 0) return;
  const named = foreign.slice(0, LISTED).map((one) => `${one.name} ${one.instanceId} (${called(one.version)})`);
  const more = foreign.length > LISTED ? ` and ${foreign.length - LISTED} more` : "";
  throw new ConfigurationError(
    `The task hub '${hubName}' has unfinished orchestrations that this app cannot replay; it has ${called(version ?? null)}: ${named.join(", ")}${more}. ` +
      "Start the build that began them, and let them end or cancel them there; then start this one. Nothing was changed. " +
      "(extensions.durableTask.versionMatchStrategy in host.json asks for this.)",
  );
}

const called = (version: string | null): string => (version === null ? "no version" : `version ${version}`);

function matches(match: VersionMatch, of: string | null, own: string | null): boolean {
  if (match === "none" || of === own) return true;
  return match === "currentorolder" && own !== null && (of === null || isOlder(of, own));
}

/** Compares as `1.10.0` and `1.9` are compared: part by part, as numbers where they are. */
function isOlder(of: string, own: string): boolean {
  return of.localeCompare(own, "en", { numeric: true }) < 0;
}
