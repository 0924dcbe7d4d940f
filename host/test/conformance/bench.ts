import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LoadedApp } from "../../app/load-app.js";
import { loadFunctionApp } from "../../app/load-app.js";
import { systemClock } from "../../clock.js";
import { EngineTaskHub, runInVirtualTime, seededRandom, VirtualClock } from "../../durable/engine/index.js";
import { EventType, type HistoryEvent } from "../../durable/history.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { HistoryStore } from "../../durable/store/port.js";
import { type InstanceState, type RuntimeStatus, TERMINAL_STATUSES } from "../../durable/task-hub.js";
import { type Logger, silentLogger } from "../../logger.js";

export const APP_FOLDER = join(fileURLToPath(new URL("../apps/conformance", import.meta.url)));
/** Much longer than anything a test waits for in real time. */
const TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 5;

export const loadConformanceApp = (): Promise<LoadedApp> =>
  loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });

/** Where a scenario runs. */
export interface Stage {
  label: string;
  virtual: boolean;
  replay: "normal" | "every-step";
  /** As many as the stage takes in a moment; the package itself is known to take 12,000. */
  manyEvents: number;
  /** What happens first, of all that could. */
  choose?: (count: number) => number;
  openStore(hubName: string): HistoryStore | Promise<HistoryStore>;
}

export const MEMORY_STAGES: readonly Stage[] = (["normal", "every-step"] as const).map((replay) => ({
  label: `memory, virtual time, ${replay} replay`,
  virtual: true,
  replay,
  manyEvents: replay === "normal" ? 12_000 : 400,
  openStore: () => new MemoryHistoryStore(),
}));

/** Everything that could happen next happens in an order drawn from the seed. */
export const seededStage = (seed: number): Stage => ({
  label: `memory, virtual time, order drawn from seed ${seed}`,
  virtual: true,
  replay: "normal",
  manyEvents: 400,
  choose: seededRandom(seed),
  openStore: () => new MemoryHistoryStore(),
});

export interface LogLine {
  level: string;
  message: string;
  instanceId: string | undefined;
}

/** A hub on a stage, and the words that scenarios are told in. */
export class Bench {
  readonly lines: LogLine[] = [];
  hub: EngineTaskHub;
  readonly #clock: VirtualClock | undefined;
  readonly #open: () => EngineTaskHub;

  private constructor(stage: Stage, app: LoadedApp, store: HistoryStore, hubName: string) {
    this.#clock = stage.virtual ? new VirtualClock() : undefined;
    const logger: Logger = {
      log: (level, message, fields) => this.lines.push({ level, message, instanceId: fields?.instanceId }),
    };
    this.#open = () =>
      new EngineTaskHub({
        hubName,
        app,
        store,
        clock: this.#clock ?? systemClock,
        logger,
        replay: stage.replay,
        ...(stage.choose && { choose: stage.choose }),
        maxConcurrentOrchestrators: 20,
        maxConcurrentActivities: 20,
      });
    this.hub = this.#open();
  }

  static async open(stage: Stage, app: LoadedApp): Promise<Bench> {
    const hubName = `T${randomUUID().replaceAll("-", "").slice(0, 20)}`;
    const bench = new Bench(stage, app, await stage.openStore(hubName), hubName);
    await bench.hub.open();
    return bench;
  }

  close(): Promise<void> {
    return this.hub.close();
  }

  /** Ends the hub and takes it up again from its store. */
  async reopen(): Promise<void> {
    await this.hub.close();
    this.hub = this.#open();
    await this.hub.open();
  }

  /** Starts an instance and answers its id. */
  async start(name: string, input?: unknown, instanceId: string = randomUUID()): Promise<string> {
    await this.hub.start({ name, input: input === undefined ? null : JSON.stringify(input), instanceId });
    return instanceId;
  }

  raise(instanceId: string, event: string, data: unknown): Promise<void> {
    return this.hub.raiseEvent(instanceId, event, JSON.stringify(data));
  }

  /** Lets the hub work, and time pass, until the instance is as wanted. */
  async until(instanceId: string, wanted: (state: InstanceState) => boolean): Promise<InstanceState> {
    let found: InstanceState | undefined;
    await this.#waitFor(async () => {
      const state = await this.hub.get(instanceId);
      found = state && wanted(state) ? state : undefined;
      return found !== undefined;
    });
    if (!found) throw new Error(`The instance ${instanceId} is gone.`);
    return found;
  }

  status(instanceId: string, status: RuntimeStatus): Promise<InstanceState> {
    return this.until(instanceId, (state) => state.runtimeStatus === status);
  }

  ended(instanceId: string): Promise<InstanceState> {
    return this.until(instanceId, (state) => TERMINAL_STATUSES.has(state.runtimeStatus));
  }

  /** The value a run of `name` ends with; fails with its text when it fails. */
  async outcome(name: string, input?: unknown): Promise<unknown> {
    return this.outputOf(await this.start(name, input));
  }

  async outputOf(instanceId: string): Promise<unknown> {
    const state = await this.ended(instanceId);
    if (state.runtimeStatus !== "Completed") throw new Error(`${state.runtimeStatus}: ${state.output}`);
    return JSON.parse(state.output ?? "null") as unknown;
  }

  /** Until the instance's history holds `count` events of a type. */
  history(instanceId: string, type: keyof typeof EventType, count = 1): Promise<HistoryEvent[]> {
    let events: HistoryEvent[] = [];
    return this.#waitFor(async () => {
      events = (await this.hub.history(instanceId)) ?? [];
      return events.filter((event) => event.EventType === EventType[type]).length >= count;
    }).then(() => events);
  }

  /** Until everything asked before has had its effect: an instance begun now has run. */
  async settled(): Promise<void> {
    await this.outcome("Sequence");
  }

  async #waitFor(condition: () => Promise<boolean>): Promise<void> {
    if (this.#clock) return runInVirtualTime(this.hub, this.#clock, condition);
    const endMs = Date.now() + TIMEOUT_MS;
    while (!(await condition())) {
      if (Date.now() > endMs) throw new Error(`The condition was not met within ${TIMEOUT_MS} ms.`);
      await wait(POLL_INTERVAL_MS);
    }
  }
}

/** The bench of the stage that is on. */
export type Given = () => Bench;
