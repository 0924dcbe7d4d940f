import { EVENT_TYPE_NAMES, EventType, type HistoryEvent } from "../history.js";
import { parsedOrRaw } from "./answer.js";

/** An event as clients see it: with the name of its type, and without the host's own numbers. */
export type HistoryItem = Record<string, unknown>;

export interface HistoryView {
  showInput: boolean;
  showOutput: boolean;
}

const HIDDEN: ReadonlySet<number> = new Set([EventType.OrchestratorStarted, EventType.OrchestratorCompleted]);

/** The properties that clients do not see, by event type. */
const REMOVED: Readonly<Record<number, readonly string[]>> = {
  [EventType.ExecutionStarted]: ["Name", "OrchestrationInstance", "ParentInstance", "Version", "Tags"],
  [EventType.TaskScheduled]: ["Version"],
  [EventType.SubOrchestrationInstanceCreated]: ["Version"],
  [EventType.TaskCompleted]: ["TaskScheduledId"],
  [EventType.TaskFailed]: ["TaskScheduledId"],
  [EventType.SubOrchestrationInstanceCompleted]: ["TaskScheduledId"],
  [EventType.SubOrchestrationInstanceFailed]: ["TaskScheduledId"],
  [EventType.TimerFired]: ["TimerId"],
};

type Scheduled = Extract<HistoryEvent, { Name: string; Version: string | null; EventId: number }>;

/**
 * The history as the management API shows it: a task that has ended appears only as its end, with the name and time of
 * its scheduling. Markers of episodes are left out.
 */
export function historyDocument(events: readonly HistoryEvent[], view: HistoryView): HistoryItem[] {
  const scheduled = new Map<number, Scheduled>();
  const ended = new Set<number>();
  for (const event of events) {
    if (isScheduling(event)) scheduled.set(event.EventId, event);
    if ("TaskScheduledId" in event) ended.add(event.TaskScheduledId);
  }
  return events
    .filter((event) => !HIDDEN.has(event.EventType) && !(isScheduling(event) && ended.has(event.EventId)))
    .map((event) => toItem(event, scheduled, view));
}

function isScheduling(event: HistoryEvent): event is Scheduled {
  return event.EventType === EventType.TaskScheduled || event.EventType === EventType.SubOrchestrationInstanceCreated;
}

function toItem(event: HistoryEvent, scheduled: ReadonlyMap<number, Scheduled>, view: HistoryView): HistoryItem {
  const removed = new Set(["EventType", "EventId", "IsPlayed", ...(REMOVED[event.EventType] ?? [])]);
  const kept = Object.entries(event).filter(([name]) => !removed.has(name));
  const shown: HistoryItem = { EventType: EVENT_TYPE_NAMES[event.EventType], ...Object.fromEntries(kept) };
  if ("Result" in event) showResult(shown, event.Result, view);
  if (event.EventType === EventType.ExecutionStarted) {
    shown["FunctionName"] = event.Name;
    if (!view.showInput) delete shown["Input"];
  }
  const scheduling = "TaskScheduledId" in event ? scheduled.get(event.TaskScheduledId) : undefined;
  if (scheduling) {
    shown["ScheduledTime"] = withOffset(scheduling.Timestamp);
    shown["FunctionName"] = scheduling.Name;
    // Histories do not keep the inputs of tasks, so clients get null.
    if (view.showInput) shown["Input"] = null;
  }
  return shown;
}

function showResult(shown: HistoryItem, result: string | null, view: HistoryView): void {
  if (view.showOutput) shown["Result"] = parsedOrRaw(result);
  else delete shown["Result"];
}

/** This one field has `+00:00` in place of `Z`. */
function withOffset(utc: string): string {
  return utc.replace(/Z$/, "+00:00");
}
