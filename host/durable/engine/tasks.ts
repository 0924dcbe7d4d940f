import { EventType, type HistoryEvent } from "../history.js";
import { type ActivityCall, type ActivityRunner, appActivityRunner } from "./activities.js";
import { Children } from "./children.js";
import type { Episode } from "./decisions.js";
import type { EngineCore } from "./engine-core.js";
import { taskCompleted, taskFailed, timerFired } from "./events.js";
import type { Session } from "./session.js";
import { WorkQueue } from "./work-queue.js";

interface PendingActivity {
  session: Session;
  executionId: string;
  call: ActivityCall;
}

/** The store has retried already when something is refused; what is left may need a person. */
const RETRY_MS = 30_000;

/** Carries out what histories say is scheduled: activities, timers, sub-orchestrations. Each may be begun again after a crash. */
export class Tasks {
  readonly #engine: EngineCore;
  readonly #activities: WorkQueue<PendingActivity>;
  readonly #children: Children;
  readonly #runActivity: ActivityRunner;
  #stopped = false;

  constructor(engine: EngineCore) {
    const { options, idle } = engine;
    this.#engine = engine;
    this.#children = new Children(engine);
    this.#runActivity = options.activities ?? appActivityRunner(options.app);
    this.#activities = new WorkQueue({
      limit: options.maxConcurrentActivities,
      choose: options.choose ?? (() => 0),
      idle,
      onError: (error) => engine.fail(error),
      work: (activity) => this.#run(activity),
    });
  }

  /** Begins everything that is open, or of it only what `events` scheduled. */
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
        this.#arm(session, event.EventId, event.FireAt, event.Timestamp);
      } else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
        this.#inBackground(session, () => this.#children.start(session, event, input));
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

  /** Tells the parent how its child ended. */
  reportEnd(session: Session, ended: NonNullable<Episode["ended"]>): void {
    if (session.instance.parent) this.#inBackground(session, () => this.#children.reportEnd(session.instance, ended));
  }

  stop(): void {
    this.#stopped = true;
    this.#activities.stop();
  }

  async #run({ session, executionId, call }: PendingActivity): Promise<void> {
    if (session.ended || session.instance.executionId !== executionId) return;
    const { store } = this.#engine.options;
    const since = store.outages;
    const unwatch = store.watch();
    const end = await this.#runActivity(call).finally(unwatch);
    const nowMs = this.#engine.options.clock.now();
    const event = end.ok
      ? taskCompleted("activity", call.taskId, end.result, nowMs)
      : taskFailed("activity", call.taskId, end, nowMs);
    this.#engine.deliver(session, { event, executionId, since });
  }

  #arm(session: Session, id: number, fireAt: string, createdAt: string): void {
    const { executionId } = session.instance;
    const alarm = this.#engine.options.clock.at(Date.parse(fireAt), () => {
      session.alarms.delete(id);
      this.#engine.deliver(session, { event: timerFired(id, fireAt, createdAt), executionId });
    });
    session.alarms.set(id, alarm);
  }

  /** What the store refused is tried again: nobody else would, and the parent waits for it. */
  #inBackground(session: Session, work: () => Promise<void>): void {
    const { clock } = this.#engine.options;
    this.#engine.idle.run(work, (error) => {
      this.#engine.fail(error, session);
      clock.at(clock.now() + RETRY_MS, () => {
        if (!this.#stopped) this.#inBackground(session, work);
      });
    });
  }
}
