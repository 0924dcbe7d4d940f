import type { InstanceView } from "../durable/client.js";

/** Statuses of an orchestration that ended before its workflow did. */
const ENDED_EARLY: ReadonlySet<string> = new Set(["Failed", "Terminated", "Canceled"]);

export const hasEndedEarly = ({ runtimeStatus }: InstanceView): boolean => ENDED_EARLY.has(runtimeStatus);

export const hasEnded = (instance: InstanceView): boolean =>
  hasEndedEarly(instance) || instance.runtimeStatus === "Completed";

/** A hub suspends an instance that it can't read, with the reason as its output. A person may suspend one too. */
export const isSuspended = ({ runtimeStatus }: InstanceView): boolean => runtimeStatus === "Suspended";

/** Why an orchestration of a running execution is blocked, and what to do; undefined while it is not. */
export function blockedReasonOf(instance: InstanceView): string | undefined {
  const output = typeof instance.output === "string" ? instance.output : "";
  if (isSuspended(instance)) return output === "" ? "it was suspended; resume it" : output;
  if (!hasEnded(instance)) return instance.blockedReason;
  if (!hasEndedEarly(instance)) return undefined;
  return `it ended early (${output.slice(0, 500) || "no reason was given"}); the execution is ended as soon as that can be written`;
}
