import type { Step } from "./execution.js";
import type { StepStatus } from "./vocabulary.js";

const ENDED: ReadonlySet<StepStatus> = new Set([
  "succeeded",
  "succeeded-with-failures",
  "failed",
  "skipped",
  "already-done",
  "cancelled",
]);

export const stepHasEnded = (step: Pick<Step, "status">): boolean => ENDED.has(step.status);

/** A parent's status from its children's: what still happens comes first, then what went wrong. */
export function rollUp(statuses: readonly StepStatus[]): StepStatus {
  const has = (status: StepStatus): boolean => statuses.includes(status);
  if (has("awaiting-input")) return "awaiting-input";
  if (has("running")) return "running";
  if (has("waiting")) return statuses.every((status) => status === "waiting") ? "waiting" : "running";
  if (has("cancelled")) return "cancelled";
  const good = statuses.filter((status) => status === "succeeded" || status === "already-done").length;
  if (has("failed") || has("succeeded-with-failures")) {
    return good > 0 || has("succeeded-with-failures") ? "succeeded-with-failures" : "failed";
  }
  return good > 0 || statuses.length === 0 ? "succeeded" : "skipped";
}

/** The step of an id anywhere in a tree. */
export function findStep(steps: readonly Step[], id: string): Step | undefined {
  for (const step of steps) {
    if (step.id === id) return step;
    const found = findStep(step.children ?? [], id);
    if (found !== undefined) return found;
  }
  return undefined;
}
