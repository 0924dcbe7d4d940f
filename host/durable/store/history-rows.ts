import {
  EVENT_TYPE_NAMES,
  EventType,
  type EventTypeName,
  type EventTypeNumber,
  type HistoryEvent,
} from "../history.js";

/** How a property of an event is stored. `never` is always null in an event and has no column. */
type Kind = "text" | "int" | "bool" | "time" | "json" | "never";

/**
 * The columns of each kind of event, without the columns that all kinds have. Names and types are those of the genuine
 * host, so that Durable Functions Monitor can read the table.
 */
const COLUMNS: Record<EventTypeName, Readonly<Record<string, Kind>>> = {
  ExecutionStarted: {
    OrchestrationInstance: "json",
    ParentInstance: "json",
    Name: "text",
    Version: "text",
    Input: "text",
    Tags: "json",
    Correlation: "never",
    ParentTraceContext: "json",
    ScheduledStartTime: "never",
    Generation: "int",
    GenerateNewTrace: "bool",
  },
  ExecutionCompleted: { OrchestrationStatus: "text", Result: "text", FailureDetails: "json" },
  ExecutionTerminated: { Input: "text" },
  TaskScheduled: { Name: "text", Version: "text", Input: "never", ParentTraceContext: "json", Tags: "json" },
  TaskCompleted: { TaskScheduledId: "int", Result: "text" },
  TaskFailed: { TaskScheduledId: "int", Reason: "text", Details: "text", FailureDetails: "json" },
  SubOrchestrationInstanceCreated: {
    Name: "text",
    Version: "text",
    InstanceId: "text",
    Input: "never",
    ClientSpanId: "never",
    Tags: "json",
  },
  SubOrchestrationInstanceCompleted: { TaskScheduledId: "int", Result: "text" },
  SubOrchestrationInstanceFailed: { TaskScheduledId: "int", Reason: "text", Details: "text", FailureDetails: "json" },
  TimerCreated: { FireAt: "time" },
  TimerFired: { TimerId: "int", FireAt: "time" },
  OrchestratorStarted: {},
  OrchestratorCompleted: {},
  EventSent: { InstanceId: "text", Name: "text", Input: "text" },
  EventRaised: { Name: "text", Input: "text", ParentTraceContext: "json" },
  ContinueAsNew: { Result: "text" },
  GenericEvent: { Data: "text" },
  ExecutionSuspended: { Reason: "text" },
  ExecutionResumed: { Reason: "text" },
};

export type Column = string | number | boolean | { type: "DateTime"; value: string };
export type Columns = Record<string, Column>;

/** The table columns of an event, without its keys. */
export function toColumns(event: HistoryEvent, executionId: string): Columns {
  const name = EVENT_TYPE_NAMES[event.EventType];
  const columns: Columns = {
    EventId: event.EventId,
    IsPlayed: event.IsPlayed,
    _Timestamp: dateTime(event.Timestamp),
    EventType: name,
    ExecutionId: executionId,
  };
  for (const [property, kind] of Object.entries(COLUMNS[name])) {
    const value = (event as unknown as Record<string, unknown>)[property];
    const column = toColumn(kind, value);
    if (column !== undefined) columns[property] = column;
  }
  return columns;
}

function toColumn(kind: Kind, value: unknown): Column | undefined {
  if (kind === "json") return JSON.stringify(value ?? null);
  if (value === null || value === undefined || kind === "never") return undefined;
  return kind === "time" ? dateTime(value as string) : (value as Column);
}

export const dateTime = (iso: string): Column => ({ type: "DateTime", value: iso });

/**
 * Reads an event from its columns.
 *
 * @throws Error that names the column, when a column is not valid
 */
export function fromColumns(columns: Record<string, unknown>): HistoryEvent {
  const name = columns["EventType"];
  const type =
    typeof name === "string" && Object.hasOwn(EventType, name) ? EventType[name as EventTypeName] : undefined;
  if (type === undefined) throw new Error(`the event type ${JSON.stringify(name)} is unknown`);
  const event: Record<string, unknown> = {
    EventType: type satisfies EventTypeNumber,
    EventId: columns["EventId"],
    IsPlayed: columns["IsPlayed"],
    Timestamp: isoText(columns["_Timestamp"]),
  };
  for (const [property, kind] of Object.entries(COLUMNS[name as EventTypeName])) {
    event[property] = fromColumn(property, kind, columns[property]);
  }
  if (!Number.isInteger(event["EventId"]) || typeof event["IsPlayed"] !== "boolean") {
    throw new Error("EventId or IsPlayed is missing");
  }
  return event as unknown as HistoryEvent;
}

const IS_KIND: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === "string",
  json: (value) => typeof value === "string",
  int: Number.isInteger,
  bool: (value) => typeof value === "boolean",
  time: (value) => typeof value === "string" || value instanceof Date,
  never: () => true,
};

function fromColumn(property: string, kind: Kind, value: unknown): unknown {
  if (value === undefined || value === null || kind === "never") return null;
  if (!IS_KIND[kind](value)) throw new Error(`its column ${property} holds a ${typeof value}`);
  if (kind === "json") return JSON.parse(value as string);
  return kind === "time" ? isoText(value) : value;
}

function isoText(value: unknown): string {
  const date = value instanceof Date ? value : new Date(typeof value === "string" ? value : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new Error(`${JSON.stringify(value)} is not a time`);
  return date.toISOString();
}
