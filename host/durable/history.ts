/**
 * The events of an orchestration's history, with the numbers and property names of `durable-functions` (schema V4).
 * Times are ISO 8601 UTC text.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ContinueAsNew: 16,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

export type EventTypeName = keyof typeof EventType;
export type EventTypeNumber = (typeof EventType)[EventTypeName];

export const EVENT_TYPE_NAMES = Object.fromEntries(Object.entries(EventType).map(([name, n]) => [n, name])) as Record<
  EventTypeNumber,
  EventTypeName
>;

interface Common {
  /** The task or timer id of an event that schedules something, otherwise -1. */
  EventId: number;
  IsPlayed: boolean;
  Timestamp: string;
}

export interface OrchestrationRef {
  InstanceId: string;
  ExecutionId: string;
}

export interface ParentRef {
  Name: string;
  Version: string | null;
  OrchestrationInstance: OrchestrationRef;
  TaskScheduleId: number;
}

export interface ExecutionStartedEvent extends Common {
  EventType: typeof EventType.ExecutionStarted;
  OrchestrationInstance: OrchestrationRef;
  ParentInstance: ParentRef | null;
  Name: string;
  Version: string | null;
  /** JSON text, or null when there is no input. */
  Input: string | null;
  Tags: null;
  Correlation: null;
  ParentTraceContext: null;
  ScheduledStartTime: null;
  Generation: number | null;
  GenerateNewTrace: boolean;
}

export interface ExecutionCompletedEvent extends Common {
  EventType: typeof EventType.ExecutionCompleted;
  OrchestrationStatus: "Completed" | "Failed" | "Terminated";
  Result: string | null;
  FailureDetails: null;
}

export interface ExecutionTerminatedEvent extends Common {
  EventType: typeof EventType.ExecutionTerminated;
  Input: string | null;
}

export interface TaskScheduledEvent extends Common {
  EventType: typeof EventType.TaskScheduled;
  Name: string;
  Version: string;
  /** Always null: events do not keep inputs, as on the genuine host. */
  Input: null;
  ParentTraceContext: null;
  Tags: null;
}

export interface CompletedEvent extends Common {
  EventType: typeof EventType.TaskCompleted | typeof EventType.SubOrchestrationInstanceCompleted;
  TaskScheduledId: number;
  Result: string | null;
}

export interface FailedEvent extends Common {
  EventType: typeof EventType.TaskFailed | typeof EventType.SubOrchestrationInstanceFailed;
  TaskScheduledId: number;
  Reason: string;
  Details: string;
  FailureDetails: FailureDetails | null;
}

export interface FailureDetails {
  ErrorType: string;
  ErrorMessage: string;
  StackTrace: string | null;
  InnerFailure: FailureDetails | null;
  IsNonRetriable: boolean;
  Properties: Record<string, unknown> | null;
}

export interface SubOrchestrationCreatedEvent extends Common {
  EventType: typeof EventType.SubOrchestrationInstanceCreated;
  Name: string;
  Version: string | null;
  InstanceId: string;
  /** Always null, as for activities. */
  Input: null;
  ClientSpanId: null;
  Tags: null;
}

export interface TimerCreatedEvent extends Common {
  EventType: typeof EventType.TimerCreated;
  FireAt: string;
}

export interface TimerFiredEvent extends Common {
  EventType: typeof EventType.TimerFired;
  TimerId: number;
  FireAt: string;
}

export interface OrchestratorEvent extends Common {
  EventType: typeof EventType.OrchestratorStarted | typeof EventType.OrchestratorCompleted;
}

export interface EventRaisedEvent extends Common {
  EventType: typeof EventType.EventRaised;
  Name: string;
  Input: string | null;
  ParentTraceContext: null;
}

export interface SuspensionEvent extends Common {
  EventType: typeof EventType.ExecutionSuspended | typeof EventType.ExecutionResumed;
  Reason: string | null;
}

export type HistoryEvent =
  | ExecutionStartedEvent
  | ExecutionCompletedEvent
  | ExecutionTerminatedEvent
  | TaskScheduledEvent
  | CompletedEvent
  | FailedEvent
  | SubOrchestrationCreatedEvent
  | TimerCreatedEvent
  | TimerFiredEvent
  | OrchestratorEvent
  | EventRaisedEvent
  | SuspensionEvent;
