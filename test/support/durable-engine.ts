import { fileURLToPath } from "node:url";
import { loadFunctionApp } from "../../host/app/load-app.js";
import {
  type ActivityCall,
  type ActivityEnd,
  EngineTaskHub,
  runInVirtualTime,
  VirtualClock,
} from "../../host/durable/engine/index.js";
import { MemoryHistoryStore } from "../../host/durable/store/memory-store.js";
import { TERMINAL_STATUSES } from "../../host/durable/task-hub.js";
import { silentLogger } from "../../host/logger.js";

const APP = fileURLToPath(new URL("durable-app", import.meta.url));

/** The engine with the orchestrations of `durable-app`, in virtual time and with a replay at every step. */
export class Engine {
  readonly clock = new VirtualClock();
  readonly #hub: EngineTaskHub;

  private constructor(hub: (clock: VirtualClock) => EngineTaskHub) {
    this.#hub = hub(this.clock);
  }

  static async open(activities: (call: ActivityCall) => Promise<ActivityEnd> = none): Promise<Engine> {
    const app = await loadFunctionApp({ directory: APP, logger: silentLogger });
    const engine = new Engine(
      (clock) =>
        new EngineTaskHub({
          hubName: "Durable",
          app,
          store: new MemoryHistoryStore(),
          clock,
          logger: silentLogger,
          replay: "every-step",
          activities,
          maxConcurrentOrchestrators: 5,
          maxConcurrentActivities: 5,
        }),
    );
    await engine.#hub.open();
    return engine;
  }

  close(): Promise<void> {
    return this.#hub.close();
  }

  async start(name: string, input: object): Promise<void> {
    await this.#hub.start({ name, instanceId: "one", input: JSON.stringify(input) });
  }

  /** Raises an event some time after now. */
  raise(afterMs: number, event: string, data: unknown): void {
    this.clock.at(this.clock.now() + afterMs, () => void this.#hub.raiseEvent("one", event, JSON.stringify(data)));
  }

  raiseNow(event: string, data: unknown): Promise<unknown> {
    return this.#hub.raiseEvent("one", event, JSON.stringify(data));
  }

  /** The output of the orchestration. */
  async output(): Promise<unknown> {
    let output: unknown;
    await runInVirtualTime(this.#hub, this.clock, async () => {
      const state = await this.#hub.get("one");
      if (state === undefined || !TERMINAL_STATUSES.has(state.runtimeStatus)) return false;
      if (state.runtimeStatus !== "Completed") throw new Error(`${state.runtimeStatus}: ${state.output}`);
      output = JSON.parse(state.output ?? "null");
      return true;
    });
    return output;
  }
}

const none = (): Promise<ActivityEnd> => Promise.reject(new Error("there are no activities"));
