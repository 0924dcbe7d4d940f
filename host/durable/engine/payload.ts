import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../history.js";

/**
 * An OrchestratorStarted event in the form that the package expects: it compares `Timestamp` with dates and gives it to
 * user code as the current time. Each read returns a new date, because user code may change the date.
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

/** The form of an event that the orchestrator receives. */
export function asReplayed(event: HistoryEvent): unknown {
  return event.EventType === EventType.OrchestratorStarted ? new EpisodeStart(event.Timestamp) : event;
}

/**
 * The argument of an orchestrator function. The property `history` is not enumerable: on every replay the package walks
 * all enumerable properties in search of time stamps, and that would cost as much as the replay itself.
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
