import type { Alarm, Clock } from "../../clock.js";
import { EventType } from "../history.js";
import { type HistoryStore, HubLostError, type StoredInstance } from "../store/port.js";
import { type RuntimeStatus, TERMINAL_STATUSES } from "../task-hub.js";
import type { Episode } from "./decisions.js";
import type { Idle } from "./idle.js";
import type { Message } from "./session.js";

/** How long a changed instance row may wait to be written, so that a short instance costs one write in all. */
const DELAY_MS = 1_000;
/** The store has retried already when it refuses a row. */
const RETRY_MS = 30_000;
const PARALLEL_WRITES = 4;
/** A storage that is killed forgets what it acknowledged so shortly before, with a margin; Azurite, five seconds. */
const FORGOTTEN_WITHIN_MS = 10_000;
const LOOK_MS = 2_000;

/** A row that was written lately, and how often the storage had been out of reach by then. */
interface Young {
  row: StoredInstance;
  outages: number;
  untilMs: number;
}

/**
 * Writes instance rows behind the history, which alone decides. A row that a crash kept from being written is put
 * right by the next start. One that the storage may have forgotten, since it was out of reach soon after, is written
 * again: no history tells of it, so nobody else would miss it.
 */
export class Projection {
  readonly #dirty = new Map<string, StoredInstance>();
  readonly #young = new Map<string, Young>();
  #alarm: Alarm | undefined;
  #look: Alarm | undefined;
  #unwatch: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  readonly #store: HistoryStore;
  readonly #clock: Clock;
  readonly #idle: Idle;
  readonly #onError: (error: unknown) => void;

  constructor(options: { store: HistoryStore; clock: Clock; idle: Idle; onError: (error: unknown) => void }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#idle = options.idle;
    this.#onError = options.onError;
  }

  /** An episode that took a batch of messages brought the instance where it stands now. */
  cameTo(instance: StoredInstance, batch: readonly Message[], { ended, suspended }: Episode): void {
    for (const { event } of batch) {
      if (event.EventType === EventType.ExecutionSuspended || event.EventType === EventType.ExecutionResumed) {
        instance.output = event.Reason;
      }
    }
    if (ended) this.stands(instance, ended.status, ended.output);
    else this.stands(instance, suspended ? "Suspended" : "Running", instance.output);
  }

  stands(instance: StoredInstance, runtimeStatus: RuntimeStatus, output: string | null): void {
    const nowMs = this.#clock.now();
    Object.assign(instance, { runtimeStatus, output, lastUpdatedMs: nowMs });
    if (TERMINAL_STATUSES.has(runtimeStatus)) instance.completedMs = nowMs;
    this.changed(instance);
  }

  /** Remembers that the row has changed. */
  changed(instance: StoredInstance): void {
    this.#dirty.set(instance.instanceId, { ...instance });
    this.#flushAfter(DELAY_MS);
  }

  /** Nobody else would write a row that was refused: the last change of an instance may be its end. */
  #flushAfter(delayMs: number): void {
    this.#alarm ??= this.#clock.at(this.#clock.now() + delayMs, () => {
      this.#alarm = undefined;
      this.#idle.run(
        () => this.flush(),
        (error) => {
          this.#onError(error);
          if (!(error instanceof HubLostError)) this.#flushAfter(RETRY_MS);
        },
      );
    });
  }

  /** What is not written yet, for readers that need the present state. */
  pending(instanceId: string): StoredInstance | undefined {
    return this.#dirty.get(instanceId);
  }

  /** The instance is gone: nothing of it is to be written any more. */
  forget(instanceId: string): void {
    this.#dirty.delete(instanceId);
    this.#young.delete(instanceId);
  }

  /** Looks at nothing any more. */
  close(): void {
    this.#young.clear();
    this.#lookAtYoung();
  }

  /** Writes all that has changed. */
  async flush(): Promise<void> {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#dirty.size === 0) return;
    this.#flushing = this.#writeAll().finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  async #writeAll(): Promise<void> {
    const rows = [...this.#dirty.values()];
    const writer = async (): Promise<void> => {
      for (let row = rows.shift(); row; row = rows.shift()) {
        const { outages } = this.#store;
        await this.#store.updateInstance(row);
        this.#keepInSight({ row, outages, untilMs: this.#clock.now() + FORGOTTEN_WITHIN_MS });
        if (this.#dirty.get(row.instanceId) === row) this.#dirty.delete(row.instanceId);
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_WRITES, rows.length) }, writer));
  }

  #keepInSight(young: Young): void {
    this.#young.set(young.row.instanceId, young);
    this.#unwatch ??= this.#store.watch();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#look ??= this.#clock.at(this.#clock.now() + LOOK_MS, () => this.#lookAtYoung());
  }

  #lookAtYoung(): void {
    this.#look?.cancel();
    this.#look = undefined;
    for (const [instanceId, { row, outages, untilMs }] of this.#young) {
      const isDoubtful = outages !== this.#store.outages;
      if (isDoubtful && !this.#dirty.has(instanceId)) this.changed(row);
      if (isDoubtful || this.#clock.now() >= untilMs) this.#young.delete(instanceId);
    }
    if (this.#young.size > 0) this.#lookLater();
    else this.#stopWatching();
  }

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
