/*
 * Instances that the engine cannot run: a row of theirs is damaged, or the storage refuses what they decided.
 *
 * I1. A suspended instance does not stop any other instance. Test: durable/poison.test.ts ("holds back its own instance").
 * I2. It is shown as `Suspended` with the reason as its output, and the reason is logged once per attempt. Same test.
 * I3. It continues after a resume, without a restart of the host, once its row is repaired; messages that arrived
 *     meanwhile are kept. Test: durable/poison.test.ts ("can be mended"), durable/inbox.test.ts.
 * I4. A terminated one counts as ended and its parent gets the result. Test: durable/poison.test.ts ("a parent hears of
 *     a child").
 * I5. A storage that does not answer suspends no instance. Test: durable/refusals.test.ts.
 * I6. What the storage refuses again and again, while it takes other requests, suspends its instance at once and holds
 *     neither others nor the end of the host. Test: durable/refused-instance.test.ts, process/refused-instances.test.ts.
 */

import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";
import type { HistoryStore, StoredInstance } from "../store/port.js";
import type { Episode } from "./decisions.js";
import type { InFlight } from "./in-flight.js";
import type { Projection } from "./projection.js";

/** The instance is suspended. The message says why and what to do; it has been logged. */
export class InstanceSuspendedError extends Error {
  override name = "InstanceSuspendedError";
}

/** A suspended instance is not an error: its status shows the reason. */
export async function ignoreSuspended(loading: Promise<unknown>): Promise<void> {
  await loading.catch((error: unknown) => {
    if (!(error instanceof InstanceSuspendedError)) throw error;
  });
}

interface SuspendedInstancesOptions {
  store: HistoryStore;
  clock: Clock;
  logger: Logger;
  inFlight: InFlight;
  projection: Projection;
  onError(error: unknown): void;
  /** Reports the end of an instance to its parent, if it has one. */
  reportEnd(instance: StoredInstance, outcome: NonNullable<Episode["ended"]>): Promise<void>;
}

/** The suspended instances and the reason of each. */
export class SuspendedInstances {
  readonly #reasons = new Map<string, string>();
  readonly #options: SuspendedInstancesOptions;

  constructor(options: SuspendedInstancesOptions) {
    this.#options = options;
  }

  /** @param prefix says what failed, if the error alone does not */
  suspend(instanceId: string, error: unknown, prefix = ""): InstanceSuspendedError {
    const reason = `${prefix}${error instanceof Error ? error.message : String(error)}`;
    this.#reasons.set(instanceId, reason);
    const text = `The orchestration '${instanceId}' is suspended: ${reason} Then resume the instance, or terminate it.`;
    this.#options.logger.log("error", text, { category: "Host.Durable", instanceId });
    return new InstanceSuspendedError(reason);
  }

  /** Why the instance is suspended; undefined when it is not. */
  reason(instanceId: string): string | undefined {
    return this.#reasons.get(instanceId);
  }

  /** Ends a suspended instance, drops its unreadable history, and reports its end to its parent. */
  async terminate(instance: StoredInstance, reason: string | null): Promise<void> {
    const { clock, inFlight, onError, projection, reportEnd, store } = this.#options;
    const nowMs = clock.now();
    const ended: StoredInstance = {
      ...instance,
      runtimeStatus: "Terminated",
      output: reason,
      lastUpdatedMs: nowMs,
      completedMs: nowMs,
    };
    await projection.flush();
    await store.replaceInstance(ended);
    this.release(instance.instanceId);
    const outcome = { status: "Terminated", output: reason, error: null } as const;
    inFlight.run(() => reportEnd(ended, outcome), onError);
  }

  release(instanceId: string): void {
    this.#reasons.delete(instanceId);
  }
}
