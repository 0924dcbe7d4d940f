import type { z } from "zod";
import type { executionView } from "../src/api/execution-schemas.js";

export type ExecutionAnswer = z.output<typeof executionView>;

/** The report at the end: what was lost, and how long each part took in emulated time. */
export function reportOf(failover: ExecutionAnswer, commit: ExecutionAnswer, speed: number): string {
  const outcomes = failover.outcomes ?? [];
  const lost = outcomes.reduce((bytes, { dataLoss }) => bytes + (dataLoss?.bytes ?? 0), 0);
  const good = outcomes.filter(({ outcome }) => outcome === "succeeded" || outcome === "already-done").length;
  const lines = [
    "",
    `Failover ${failover.status}: ${good} of ${outcomes.length} machines run at the other site.`,
    `Lost: ${lost === 0 ? "nothing" : amount(lost)}.`,
    "",
    "Emulated time of each part:",
    ...failover.steps.flatMap(({ title, startedAt, endedAt, children }) => {
      if (startedAt === undefined || endedAt === undefined || children === undefined) return [];
      const seconds = ((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000) * speed;
      return [`  ${title.padEnd(28)} ${minutes(seconds).padStart(9)}`];
    }),
    "",
    `Commit ${commit.status}: the copies stay, their recovery points are gone.`,
  ];
  const failures = outcomes.flatMap(({ itemId, failure }) => (failure ? [`  ${itemId}: ${failure.message}`] : []));
  return [...lines, ...(failures.length > 0 ? ["", "What went wrong:", ...failures] : [])].join("\n");
}

/** Real seconds that an execution took. */
export const secondsOf = ({ requestedAt, endedAt = requestedAt }: ExecutionAnswer): number =>
  (Date.parse(endedAt) - Date.parse(requestedAt)) / 1_000;

export function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes in a unit for people. */
export function amount(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** How often each text occurs, in order of first occurrence: `3 by what differs, 1 in full`. */
export function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} ${text}`).join(", ");
}
