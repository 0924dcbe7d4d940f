import { EventType, type HistoryEvent } from "../history.js";
import { RefusedError } from "../store/port.js";
import { type ActivityCall, type ActivityRunner, appActivityRunner } from "./activities.js";
import type { Episode } from "./decisions.js";
import { taskCompleted, taskFailed, timerFired } from "./events.js";
import type { EngineContext } from "./options.js";
import type { Session } from "./session.js";
import type { SubOrchestrations } from "./sub-orchestrations.js";
import { WorkQueue } from "./work-queue.js";

interface PendingActivity {
  session: Session;
  executionId: string;
  call: ActivityCall;
}

/** The store has retried transient faults before it refuses a request, so the next attempt waits for a person to act. */
const RETRY_MS = 30_000;

/** Carries out the tasks that histories show as scheduled: activities, timers, sub-orchestrations. After a crash a task starts again. */
export class Tasks {
  readonly #engine: EngineContext;
  readonly #activities: WorkQueue<PendingActivity>;
  readonly #subOrchestrations: SubOrchestrations;
  readonly #runActivity: ActivityRunner;
  #stopped = false;

  constructor(engine: EngineContext, subOrchestrations: SubOrchestrations) {
    const { options, inFlight } = engine;
    this.#engine = engine;
    this.#subOrchestrations = subOrchestrations;
    this.#runActivity = options.activities ?? appActivityRunner(options.app);
    this.#activities = new WorkQueue({
      limit: options.maxConcurrentActivities,
      choose: options.choose,
      inFlight,
      onError: (error) => engine.fail(error),
      work: (activity) => this.#runOne(activity),
    });
  }

  /** Starts every open task, or only the tasks that `events` scheduled. */
  carryOut(session: Session, events?: readonly HistoryEvent[]): void {
    const { executionId, instanceId } = session.instance;
    const tasks = events
      ? events.flatMap((event) => session.open.get(event.EventId) ?? [])
      : [...session.open.values()];
    for (const { event, input } of tasks) {
      if (event.EventType === EventType.TaskScheduled) {
        const call = { instanceId, taskId: event.EventId, name: event.Name, input };
        this.#activities.add({ session, executionId, call });
      } else if (event.EventType === EventType.TimerCreated) {
        this.#setTimer(session, event.EventId, event.FireAt, event.Timestamp);
      } else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
        this.#inBackground(session, () => this.#subOrchestrations.start(session, event, input));
      }
    }
  }

  cancelTimers(session: Session, ids: readonly number[]): void {
    for (const id of ids) {
      session.alarms.get(id)?.cancel();
      session.alarms.delete(id);
      session.open.delete(id);
    }
  }

  /** Reports the end of an instance to its parent, if it has one. */
  reportEnd(session: Session, ended: NonNullable<Episode["ended"]>): void {
    if (!session.instance.parent) return;
    this.#inBackground(session, () => this.#subOrchestrations.reportEnd(session.instance, ended));
  }

  stop(): void {
    this.#stopped = true;
    this.#activities.stop();
  }

  async #runOne({ session, executionId, call }: PendingActivity): Promise<void> {
    if (session.hasEnded || session.instance.executionId !== executionId) return;
    const { store } = this.#engine.options;
    const outagesAtStart = store.outages;
    const unwatch = store.watch();
    const end = await this.#runActivity(call).finally(unwatch);
    const nowMs = this.#engine.options.clock.now();
    const event = end.ok
      ? taskCompleted("activity", call.taskId, end.result, nowMs)
      : taskFailed("activity", call.taskId, end, nowMs);
    this.#engine.deliver(session, { event, executionId, outagesAtStart });
  }

  #setTimer(session: Session, id: number, fireAt: string, createdAt: string): void {
    const { executionId } = session.instance;
    const alarm = this.#engine.options.clock.at(Date.parse(fireAt), () => {
      session.alarms.delete(id);
      this.#engine.deliver(session, { event: timerFired(id, fireAt, createdAt), executionId });
    });
    session.alarms.set(id, alarm);
  }

  /** Repeats work that failed: a parent waits for its result, and nothing else would do it. */
  #inBackground(session: Session, work: () => Promise<void>): void {
    const { clock } = this.#engine.options;
    this.#engine.inFlight.run(work, (error) => {
      if (error instanceof RefusedError && !session.hasEnded) return this.#engine.suspend(session, error);
      this.#engine.fail(error, session);
      clock.after(RETRY_MS, () => {
        if (!this.#stopped) this.#inBackground(session, work);
      });
    });
  }
}
