import type { FunctionApp, RegisteredFunction } from "../app/function-app.js";
import type { Alarm, Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import { ConfigurationError } from "../settings/configuration-error.js";
import { parseRetryPolicy, type RetryPolicy } from "./retry-policy.js";
import { isFrequent, parseSchedule, type Schedule } from "./schedule.js";
import { type ScheduleMonitor, type ScheduleStatus, statusDocument } from "./schedule-status.js";

export interface TimerOptions {
  app: FunctionApp;
  fn: RegisteredFunction;
  clock: Clock;
  logger: Logger;
  /** Stores the status of monitored timers. */
  monitor: ScheduleMonitor;
}

/**
 * One timer function. The next run is scheduled after each run, so runs never overlap, and occurrences that fall into a
 * run are skipped. A failed run does not stop the timer.
 */
export class TimerListener {
  readonly #options: TimerOptions;
  readonly #schedule: Schedule;
  readonly #retry: RetryPolicy | undefined;
  readonly #monitor: ScheduleMonitor | undefined;
  #status: ScheduleStatus | undefined;
  #alarm: Alarm | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;
  #wakeRetry: (() => void) | undefined;

  /** @throws ConfigurationError when the schedule or the retry policy is not valid */
  constructor(options: TimerOptions) {
    const { fn, clock, monitor } = options;
    this.#options = options;
    try {
      this.#schedule = parseSchedule(String(fn.trigger["schedule"] ?? ""));
      this.#retry = parseRetryPolicy(fn.retryOptions);
    } catch (error) {
      throw new ConfigurationError(`The timer function "${fn.name}": ${(error as Error).message}`);
    }
    const isMonitored = fn.trigger["useMonitor"] !== false && !isFrequent(this.#schedule, clock.now());
    this.#monitor = isMonitored ? monitor : undefined;
  }

  /** Resolves when the first run is scheduled. A run that is overdue, or required at start, has begun by then. */
  async start(): Promise<void> {
    const { clock, fn } = this.#options;
    const nowMs = clock.now();
    const stored = await this.#monitor?.read(fn.name);
    // While the schedule is unchanged, this equals the stored occurrence. After a change the stored one is wrong.
    const nextMs = this.#schedule.nextAfter(stored?.updatedMs ?? nowMs);
    this.#status = { lastMs: stored?.lastMs, nextMs, updatedMs: stored?.updatedMs ?? nowMs };
    const isPastDue = nextMs <= nowMs;
    if (isPastDue || fn.trigger["runOnStartup"] === true) this.#run(isPastDue);
    else {
      if (!stored) await this.#save(this.#status);
      this.#setAlarm();
    }
  }

  /** Starts no further run. Resolves when the present run has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#alarm?.cancel();
    this.#wakeRetry?.();
    await this.#running;
  }

  /** Runs the function at once, outside the schedule. Rejects with the error of the function. */
  async runManually(): Promise<void> {
    await this.#invoke(false, 1);
  }

  #setAlarm(): void {
    const { clock } = this.#options;
    if (this.#stopping || !this.#status) return;
    this.#alarm = clock.at(this.#status.nextMs, () => this.#run(false));
  }

  #run(isPastDue: boolean): void {
    this.#running = this.#runOnce(isPastDue)
      .catch((error: Error) => this.#warn(`could not store its status: ${error.message}`))
      .finally(() => this.#setAlarm());
  }

  async #runOnce(isPastDue: boolean): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.now();
    await this.#invokeWithRetries(isPastDue);
    const nowMs = clock.now();
    this.#status = { lastMs: startedMs, nextMs: this.#schedule.nextAfter(nowMs), updatedMs: nowMs };
    await this.#save(this.#status);
  }

  async #invokeWithRetries(isPastDue: boolean): Promise<void> {
    const maxAttempts = 1 + (this.#retry?.maxRetryCount ?? 0);
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      if (attempt > 1) await this.#pause(this.#retry?.delayAfterMs(attempt - 1) ?? 0);
      if (this.#stopping && attempt > 1) return;
      const failed = await this.#invoke(isPastDue, attempt).then(
        () => false,
        () => true,
      );
      if (!failed) return;
    }
  }

  /** @param attempt numbered from 1; user code gets the number of retries, which is one less */
  async #invoke(isPastDue: boolean, attempt: number): Promise<void> {
    const { app, fn } = this.#options;
    const payload = {
      Schedule: { AdjustForDST: this.#schedule.adjustForDst },
      ScheduleStatus: this.#monitor && this.#status ? statusDocument(this.#status) : null,
      IsPastDue: isPastDue,
    };
    const limit = this.#retry?.maxRetryCount;
    await app.invoke(fn, {
      inputs: [{ name: fn.trigger.name, data: { json: JSON.stringify(payload) } }],
      ...(limit !== undefined && {
        retryContext: { retryCount: attempt - 1, maxRetryCount: Number.isFinite(limit) ? limit : -1, exception: null },
      }),
    });
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const alarm = clock.after(ms, resolve);
      this.#wakeRetry = () => {
        alarm.cancel();
        resolve();
      };
    });
  }

  async #save(status: ScheduleStatus): Promise<void> {
    await this.#monitor?.write(this.#options.fn.name, status);
  }

  #warn(text: string): void {
    const { fn, logger } = this.#options;
    logger.log("warning", `The timer ${fn.name} ${text}`, { category: "Host.Triggers.Timer", function: fn.name });
  }
}
