import { EVENT_TYPE_NAMES, type EventTypeName, type HistoryEvent } from "../../durable/history.js";

/** What was scheduled and what came back, in order, without the markers of episodes. */
export function shapeOf(events: readonly HistoryEvent[]): string[] {
  const markers: EventTypeName[] = ["OrchestratorStarted", "OrchestratorCompleted", "ExecutionStarted"];
  return events
    .map((event) => ({ name: EVENT_TYPE_NAMES[event.EventType], id: event.EventId }))
    .filter(({ name }) => !markers.includes(name))
    .map(({ name, id }) => (id < 0 ? name : `${name}#${id}`));
}
