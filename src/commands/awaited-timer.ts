import type { TimerAct } from "../domain/commit-timer/commit-timer.js";
import { timerActText } from "../domain/commit-timer/timer-rules.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import type { NextStep } from "../domain/executions/next-steps.js";
import type { InstanceView } from "../durable/client.js";
import { takeoverOf } from "../executions/commit-timer.js";
import type { Services } from "./context.js";
import { hasEnded } from "./instance-status.js";

/** A failover that awaits its commit, and what its timer does if nobody decides. */
export interface AwaitedTimer {
  kind: "commit-timer";
  act: TimerAct;
  asks: string;
  since: string;
  until: string;
  onExpiry: string;
  /** Cancels the timer only. */
  call: Pick<NextStep, "method" | "path" | "body">;
}

/** The commit timer of an ended failover while it runs: nobody acted on the items, and its orchestration waits. */
export async function awaitedTimer(
  services: Pick<Services, "store">,
  execution: Execution,
  live: InstanceView | undefined,
): Promise<AwaitedTimer[]> {
  if (!("outcomes" in execution) || live === undefined || hasEnded(live)) return [];
  const { executionId, commitTimer: timer } = execution;
  if (timer === undefined || timer.end !== undefined || timer.decided !== undefined) return [];
  try {
    if ((await takeoverOf(services, execution)) !== null) return [];
  } catch (thrown) {
    // The view says what is known, also while the rows of the items cannot be read.
    if (!(thrown instanceof RecoveryError)) throw thrown;
  }
  return [
    {
      kind: "commit-timer",
      act: timer.onExpiry,
      asks: "commit the failover, or cancel it",
      since: timer.since,
      until: timer.until,
      onExpiry: timerActText(timer.onExpiry),
      call: { method: "POST", path: `/api/executions/${executionId}/commit-timer/cancel`, body: {} },
    },
  ];
}
