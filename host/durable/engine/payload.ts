import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../history.js";

/**
 * An OrchestratorStarted as the package sees it: it compares `Timestamp` with dates, and hands it to user code
 * as the present time, so each look gets a date of its own.
 */
class EpisodeStart {
  readonly EventId = -1;
  readonly IsPlayed = false;
  readonly EventType = EventType.OrchestratorStarted;
  readonly #timeMs: number;

  constructor(timestamp: string) {
    this.#timeMs = Date.parse(timestamp);
  }

  get Timestamp(): Date {
    return new Date(this.#timeMs);
  }

  toJSON(): unknown {
    return { EventType: this.EventType, EventId: -1, IsPlayed: false, Timestamp: this.Timestamp.toISOString() };
  }
}

/** The form in which an event is given to the orchestrator. */
export function asReplayed(event: HistoryEvent): unknown {
  return event.EventType === EventType.OrchestratorStarted ? new EpisodeStart(event.Timestamp) : event;
}

/**
 * What an orchestrator function is called with. `history` is there for whoever asks, but is not listed among the
 * properties: the package walks all listed ones on every replay to look for time stamps, which would cost as much
 * as the replay itself.
 */
export function orchestratorPayload(start: ExecutionStartedEvent, history: readonly unknown[]): object {
  const payload = {
    input: start.Input === null ? null : (JSON.parse(start.Input) as unknown),
    instanceId: start.OrchestrationInstance.InstanceId,
    isReplaying: start.IsPlayed,
    parentInstanceId: start.ParentInstance?.OrchestrationInstance.InstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  return Object.defineProperty(payload, "history", { value: history, enumerable: false });
}
