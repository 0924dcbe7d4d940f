import { type LoadedApp, loadFunctionApp } from "../../../host/app/load-app.js";
import { invokeOrchestrator } from "../../../host/durable/engine/episode.js";
import { decisionEvent } from "../../../host/durable/engine/events.js";
import { asReplayed } from "../../../host/durable/engine/payload.js";
import { Replay } from "../../../host/durable/engine/replay.js";
import { EventType, type ExecutionStartedEvent } from "../../../host/durable/history.js";
import type { StoredEvent, StoredExecution } from "../../../host/durable/store/port.js";
import { silentLogger } from "../../../host/logger.js";
import { APP_FOLDER } from "../../../test/support/virtual-app.js";
import type { Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

const SCHEDULES: ReadonlySet<number> = new Set([
  EventType.TaskScheduled,
  EventType.TimerCreated,
  EventType.SubOrchestrationInstanceCreated,
]);

let loaded: Promise<LoadedApp> | undefined;

/** The orchestrators of the real product, even when the run used a mutant. */
function genuineApp(): Promise<LoadedApp> {
  loaded ??= loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
  return loaded;
}

/** A scheduled task as text: its kind, number, name, input or time. */
function taskText({ event, taskInput }: StoredEvent): string {
  const named = "Name" in event ? event.Name.toLowerCase() : "";
  const fireAt = "FireAt" in event ? event.FireAt : "";
  const child = "InstanceId" in event ? event.InstanceId : "";
  return `${event.EventType} ${event.EventId} ${named}${fireAt} ${child} ${taskInput ?? ""}`;
}

/** How a replay of a stored history differs from it; undefined when it does not. */
async function difference(app: LoadedApp, { executionId, events }: StoredExecution): Promise<string | undefined> {
  const history = events.map(({ event }) => event);
  const start = history.find((event): event is ExecutionStartedEvent => event.EventType === EventType.ExecutionStarted);
  if (start === undefined || history.some(({ EventType: type }) => type === EventType.ExecutionTerminated))
    return undefined;
  const fn = app.find(start.Name);
  if (fn === undefined) throw new Error(`there is no orchestrator ${start.Name}`);
  const answer = await invokeOrchestrator(app, fn, start, history.map(asReplayed));
  // A replay without the scheduling events must schedule the same tasks under the same numbers.
  const rest = history.filter(({ EventType: type }) => !SCHEDULES.has(type));
  const { decisions, ending } = new Replay(answer).run(rest);
  const recorded = events.filter(({ event }) => SCHEDULES.has(event.EventType)).map(taskText);
  const replayed = decisions.map((decision) => taskText(decisionEvent(decision, executionId, 0)));
  const at = replayed.findIndex((text, index) => text !== recorded[index]);
  if (at >= 0) return `the replay schedules ${replayed[at]}, the history has ${recorded[at] ?? "nothing"}`;
  if (replayed.length < recorded.length)
    return `the history has ${recorded[replayed.length]}, the replay does not schedule it`;
  const completed = history.find(({ EventType: type }) => type === EventType.ExecutionCompleted);
  if (completed === undefined)
    return ending === undefined ? undefined : `the replay ends as ${ending.kind}, the history does not`;
  return ending === undefined ? "the history has ended, the replay does not end" : undefined;
}

/** I15: replayed with the real orchestrators, each stored history schedules the same tasks in the same order. */
export async function replaysIdentically({ evidence }: Facts): Promise<Violation[]> {
  const app = await genuineApp();
  const found: Violation[] = [];
  for (const { instance, history } of evidence.hub.instances) {
    if (history === null || history.events.length === 0) continue;
    const differs = await difference(app, history).catch((error: unknown) => String(error));
    if (differs === undefined) continue;
    const what = `${instance.name} ${instance.instanceId} does not replay: ${differs}`;
    found.push(violation("I15", what.slice(0, 1_000), instance));
  }
  return found;
}
