import type { StoredInstance } from "../store/port.js";
import { Children } from "./children.js";
import type { EngineCore } from "./engine-core.js";

/** The instance stands still; the message says why and what to do. It has been logged. */
export class HeldBackError extends Error {
  override name = "HeldBackError";
}

/**
 * Instances that can't go on, and why. Each stands still by itself, shown as suspended with the reason as its output,
 * until somebody mends what it names and resumes it, or terminates it. All others go on.
 */
export class HeldBack {
  readonly #reasons = new Map<string, string>();
  readonly #engine: EngineCore;

  constructor(engine: EngineCore) {
    this.#engine = engine;
  }

  hold(instanceId: string, error: unknown, what = ""): HeldBackError {
    const reason = `${what}${error instanceof Error ? error.message : String(error)}`;
    this.#reasons.set(instanceId, reason);
    const text = `The orchestration '${instanceId}' stands still: ${reason} Then resume the instance, or terminate it.`;
    this.#engine.options.logger.log("error", text, { category: "Host.Durable", instanceId });
    return new HeldBackError(reason);
  }

  /** Why the instance stands still; undefined when it does not. */
  reasonOf(instanceId: string): string | undefined {
    return this.#reasons.get(instanceId);
  }

  /** Ends one with what can't be read of it, and tells its parent. */
  async end(instance: StoredInstance, reason: string | null): Promise<void> {
    const { options, idle, projection } = this.#engine;
    const nowMs = options.clock.now();
    const over = { runtimeStatus: "Terminated", output: reason, lastUpdatedMs: nowMs, completedMs: nowMs } as const;
    const ended: StoredInstance = { ...instance, ...over };
    await projection.flush();
    await options.store.replaceInstance(ended);
    this.release(instance.instanceId);
    const outcome = { status: "Terminated", output: reason, error: null } as const;
    idle.run(
      () => new Children(this.#engine).reportEnd(ended, outcome),
      (error) => this.#engine.fail(error),
    );
  }

  release(instanceId: string): void {
    this.#reasons.delete(instanceId);
  }
}
