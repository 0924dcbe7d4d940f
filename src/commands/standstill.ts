import type { InstanceView } from "../durable/client.js";

/** Statuses in which an orchestration will not move any more, and has not come to its own end. */
const OVER: ReadonlySet<string> = new Set(["Failed", "Terminated", "Canceled"]);

export const isOver = ({ runtimeStatus }: InstanceView): boolean => OVER.has(runtimeStatus);

/** Whether an orchestration will not move any more, however it ended. */
export const hasStopped = (instance: InstanceView): boolean =>
  isOver(instance) || instance.runtimeStatus === "Completed";

/** A hub suspends an instance that it can't read on, with the reason as its output; so does a person. */
export const isSuspended = ({ runtimeStatus }: InstanceView): boolean => runtimeStatus === "Suspended";

/** Why an orchestration of a running execution does not move, and what to do; undefined while it does. */
export function standstillOf(instance: InstanceView): string | undefined {
  const output = typeof instance.output === "string" ? instance.output : "";
  if (isSuspended(instance)) return output === "" ? "it was suspended; resume it" : output;
  if (!hasStopped(instance)) return instance.standsStill;
  if (!isOver(instance)) return undefined;
  return `it ended early (${output.slice(0, 500) || "no reason was given"}); the execution is ended as soon as that can be written`;
}
