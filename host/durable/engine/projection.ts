import type { Alarm, Clock } from "../../clock.js";
import { EventType } from "../history.js";
import { type HistoryStore, HubLostError, RefusedError, type StoredInstance } from "../store/port.js";
import { type RuntimeStatus, TERMINAL_STATUSES } from "../task-hub.js";
import type { Episode } from "./decisions.js";
import type { InFlight } from "./in-flight.js";
import type { Message } from "./session.js";

/** How long a changed instance row may wait, so that a short instance costs one write in total. */
const WRITE_DELAY_MS = 1_000;
/** The store has retried transient faults before it refuses a row. */
const RETRY_MS = 30_000;
const WRITE_CONCURRENCY = 4;
/** A killed Azurite loses the writes of its last five seconds; this adds a margin. */
const MAY_BE_LOST_MS = 10_000;
const CHECK_MS = 2_000;

/** A row that was written recently, and how many outages the storage had had by then. */
interface RecentWrite {
  row: StoredInstance;
  outages: number;
  untilMs: number;
}

/**
 * Keeps the instance rows in step with the histories. A row may lag behind its history, because the history alone
 * decides, and the next start repairs a row that a crash left behind. The storage may lose a row when it goes out of
 * reach soon after the write. Such a row is written again, because no later commit would repair the row of an instance
 * that has ended.
 */
export class Projection {
  readonly #dirty = new Map<string, StoredInstance>();
  readonly #recent = new Map<string, RecentWrite>();
  /** Until when a row that the store refused is not tried again. */
  readonly #refused = new Map<string, number>();
  #alarm: Alarm | undefined;
  #check: Alarm | undefined;
  #unwatch: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  readonly #store: HistoryStore;
  readonly #clock: Clock;
  readonly #inFlight: InFlight;
  readonly #onError: (error: unknown) => void;

  constructor(options: { store: HistoryStore; clock: Clock; inFlight: InFlight; onError: (error: unknown) => void }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#inFlight = options.inFlight;
    this.#onError = options.onError;
  }

  /** Updates the row with the result of a committed episode that took `batch`. */
  applyEpisode(instance: StoredInstance, batch: readonly Message[], { ended, suspended }: Episode): void {
    for (const { event } of batch) {
      if (event.EventType === EventType.ExecutionSuspended || event.EventType === EventType.ExecutionResumed) {
        instance.output = event.Reason;
      }
    }
    if (ended) this.setStatus(instance, ended.status, ended.output);
    else this.setStatus(instance, suspended ? "Suspended" : "Running", instance.output);
  }

  setStatus(instance: StoredInstance, runtimeStatus: RuntimeStatus, output: string | null): void {
    const nowMs = this.#clock.now();
    Object.assign(instance, { runtimeStatus, output, lastUpdatedMs: nowMs });
    if (TERMINAL_STATUSES.has(runtimeStatus)) instance.completedMs = nowMs;
    this.#markDirty(instance);
  }

  #markDirty(instance: StoredInstance): void {
    this.#dirty.set(instance.instanceId, { ...instance });
    this.#flushAfter(WRITE_DELAY_MS);
  }

  /** A refused row is tried again: no later change would write the row of an instance that has ended. */
  #flushAfter(delayMs: number): void {
    this.#alarm ??= this.#clock.after(delayMs, () => {
      this.#alarm = undefined;
      this.#inFlight.run(
        () => this.flush(),
        (error) => {
          this.#onError(error);
          if (!(error instanceof HubLostError)) this.#flushAfter(RETRY_MS);
        },
      );
    });
  }

  /** The row that is not written yet, for readers that need the current state. */
  pending(instanceId: string): StoredInstance | undefined {
    return this.#dirty.get(instanceId);
  }

  /** The instance is deleted: its row must not be written again. */
  forget(instanceId: string): void {
    this.#dirty.delete(instanceId);
    this.#recent.delete(instanceId);
    this.#refused.delete(instanceId);
  }

  close(): void {
    this.#recent.clear();
    this.#checkRecent();
  }

  /** Writes every changed row. */
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
    const rows = [...this.#dirty.values()].filter(({ instanceId }) => !this.#isRefused(instanceId));
    const writer = async (): Promise<void> => {
      for (let row = rows.shift(); row; row = rows.shift()) {
        const { outages } = this.#store;
        if (!(await this.#update(row))) continue;
        this.#remember({ row, outages, untilMs: this.#clock.now() + MAY_BE_LOST_MS });
        if (this.#dirty.get(row.instanceId) === row) this.#dirty.delete(row.instanceId);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WRITE_CONCURRENCY, rows.length) }, writer));
  }

  /** Answers whether the row was written. A row that the store refuses must not hold up the others. */
  async #update(row: StoredInstance): Promise<boolean> {
    const { instanceId } = row;
    try {
      await this.#store.updateInstance(row);
      this.#refused.delete(instanceId);
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (!this.#refused.has(instanceId)) this.#onError(new Error(`the row of '${instanceId}': ${error.message}`));
      this.#refused.set(instanceId, this.#clock.now() + RETRY_MS);
      this.#flushAfter(RETRY_MS);
      return false;
    }
  }

  #isRefused(instanceId: string): boolean {
    return this.#clock.now() < (this.#refused.get(instanceId) ?? 0);
  }

  #remember(write: RecentWrite): void {
    this.#recent.set(write.row.instanceId, write);
    this.#unwatch ??= this.#store.watch();
    this.#checkLater();
  }

  #checkLater(): void {
    this.#check ??= this.#clock.after(CHECK_MS, () => this.#checkRecent());
  }

  #checkRecent(): void {
    this.#check?.cancel();
    this.#check = undefined;
    for (const [instanceId, { row, outages, untilMs }] of this.#recent) {
      const mayBeLost = outages !== this.#store.outages;
      if (mayBeLost && !this.#dirty.has(instanceId)) this.#markDirty(row);
      if (mayBeLost || this.#clock.now() >= untilMs) this.#recent.delete(instanceId);
    }
    if (this.#recent.size > 0) this.#checkLater();
    else this.#stopWatching();
  }

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
