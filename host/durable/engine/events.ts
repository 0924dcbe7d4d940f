import {
  EventType,
  type ExecutionCompletedEvent,
  type ExecutionStartedEvent,
  type FailedEvent,
  type FailureDetails,
  type HistoryEvent,
  type ParentRef,
} from "../history.js";
import type { StoredEvent } from "../store/port.js";
import type { Decision } from "./decisions.js";

/** Events as the host writes them, with the properties of the genuine host. */

export const isoTime = (ms: number): string => new Date(ms).toISOString();

const common = (ms: number, eventId = -1) => ({ EventId: eventId, IsPlayed: false, Timestamp: isoTime(ms) });

export function executionStarted(start: {
  instanceId: string;
  executionId: string;
  name: string;
  version: string | null;
  input: string | null;
  parent: ParentRef | null;
  generation: number | null;
  createdMs: number;
}): ExecutionStartedEvent {
  return {
    EventType: EventType.ExecutionStarted,
    OrchestrationInstance: { InstanceId: start.instanceId, ExecutionId: start.executionId },
    ParentInstance: start.parent,
    Name: start.name,
    Version: start.version,
    Input: start.input,
    Tags: null,
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: start.generation,
    GenerateNewTrace: false,
    ...common(start.createdMs),
  };
}

export const orchestratorStarted = (ms: number): HistoryEvent => ({
  EventType: EventType.OrchestratorStarted,
  ...common(ms),
});

export const orchestratorCompleted = (ms: number): HistoryEvent => ({
  EventType: EventType.OrchestratorCompleted,
  ...common(ms),
});

export const eventRaised = (name: string, data: string, ms: number): HistoryEvent => ({
  EventType: EventType.EventRaised,
  Name: name,
  Input: data,
  ParentTraceContext: null,
  ...common(ms),
});

export const executionTerminated = (reason: string | null, ms: number): HistoryEvent => ({
  EventType: EventType.ExecutionTerminated,
  Input: reason,
  ...common(ms),
});

export const executionSuspended = (reason: string | null, ms: number): HistoryEvent => ({
  EventType: EventType.ExecutionSuspended,
  Reason: reason,
  ...common(ms),
});

export const executionResumed = (reason: string | null, ms: number): HistoryEvent => ({
  EventType: EventType.ExecutionResumed,
  Reason: reason,
  ...common(ms),
});

export const executionCompleted = (
  status: ExecutionCompletedEvent["OrchestrationStatus"],
  result: string | null,
  eventId: number,
  ms: number,
): ExecutionCompletedEvent => ({
  EventType: EventType.ExecutionCompleted,
  OrchestrationStatus: status,
  Result: result,
  FailureDetails: null,
  ...common(ms, eventId),
});

export const timerFired = (timerId: number, fireAt: string, createdAt: string): HistoryEvent => ({
  EventType: EventType.TimerFired,
  TimerId: timerId,
  FireAt: fireAt,
  EventId: -1,
  IsPlayed: false,
  Timestamp: createdAt,
});

type Source = "activity" | "child";

export const taskCompleted = (source: Source, taskId: number, result: string | null, ms: number): HistoryEvent => ({
  EventType: source === "activity" ? EventType.TaskCompleted : EventType.SubOrchestrationInstanceCompleted,
  TaskScheduledId: taskId,
  Result: result,
  ...common(ms),
});

export const taskFailed = (
  source: Source,
  taskId: number,
  failure: { reason: string; details: string; failureDetails: FailureDetails | null },
  ms: number,
): FailedEvent => ({
  EventType: source === "activity" ? EventType.TaskFailed : EventType.SubOrchestrationInstanceFailed,
  TaskScheduledId: taskId,
  Reason: failure.reason,
  Details: failure.details,
  FailureDetails: failure.failureDetails,
  ...common(ms),
});

/** The row that records a decision. A child without an id gets one from `executionId`. */
export function decisionEvent(decision: Decision, executionId: string, ms: number): StoredEvent {
  switch (decision.kind) {
    case "timer":
      return {
        event: { EventType: EventType.TimerCreated, FireAt: isoTime(decision.fireAtMs), ...common(ms, decision.id) },
        taskInput: null,
      };
    case "activity":
      return {
        event: {
          EventType: EventType.TaskScheduled,
          Name: decision.name,
          Version: "",
          Input: null,
          ParentTraceContext: null,
          Tags: null,
          ...common(ms, decision.id),
        },
        taskInput: toJsonText(decision.input),
      };
    case "child":
      return {
        event: {
          EventType: EventType.SubOrchestrationInstanceCreated,
          Name: decision.name,
          Version: decision.version,
          InstanceId: decision.instanceId ?? `${executionId}:${decision.id}`,
          Input: null,
          ClientSpanId: null,
          Tags: null,
          ...common(ms, decision.id),
        },
        taskInput: toJsonText(decision.input),
      };
  }
}

/** An input as JSON text; null when there is none, or JSON cannot express it. */
export function toJsonText(input: unknown): string | null {
  const text = JSON.stringify(input) as string | undefined;
  return text === undefined || text === "null" ? null : text;
}
