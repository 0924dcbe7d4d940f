import { type LoadedApp, loadFunctionApp } from "../../../host/app/load-app.js";
import { ask } from "../../../host/durable/engine/episode.js";
import { decided } from "../../../host/durable/engine/events.js";
import { asReplayed } from "../../../host/durable/engine/payload.js";
import { Replay } from "../../../host/durable/engine/replay.js";
import { EventType, type ExecutionStartedEvent } from "../../../host/durable/history.js";
import type { StoredEvent, StoredExecution } from "../../../host/durable/store/port.js";
import { silentLogger } from "../../../host/logger.js";
import { APP_FOLDER } from "../../support/virtual-app.js";
import type { Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

const SCHEDULES: ReadonlySet<number> = new Set([
  EventType.TaskScheduled,
  EventType.TimerCreated,
  EventType.SubOrchestrationInstanceCreated,
]);

let loaded: Promise<LoadedApp> | undefined;

/** The orchestrators as they are in the product, whatever the run had in their place. */
function genuineApp(): Promise<LoadedApp> {
  loaded ??= loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
  return loaded;
}

/** What a scheduled task is: its kind and number, what it calls, with what, or when. */
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
  const answer = await ask(app, fn, start, history.map(asReplayed));
  // Without what it scheduled, all of that is asked for again, under the same numbers.
  const rest = history.filter(({ EventType: type }) => !SCHEDULES.has(type));
  const { decisions, ending } = new Replay(answer).run(rest);
  const recorded = events.filter(({ event }) => SCHEDULES.has(event.EventType)).map(taskText);
  const replayed = decisions.map((decision) => taskText(decided(decision, executionId, 0)));
  const at = replayed.findIndex((text, index) => text !== recorded[index]);
  if (at >= 0) return `it asks for ${replayed[at]}, and history has ${recorded[at] ?? "nothing"}`;
  if (replayed.length < recorded.length) return `history has ${recorded[replayed.length]}, and it does not ask for it`;
  const completed = history.find(({ EventType: type }) => type === EventType.ExecutionCompleted);
  if (completed === undefined)
    return ending === undefined ? undefined : `it ends as ${ending.kind}, and history does not`;
  return ending === undefined ? "history has its end, and it does not end" : undefined;
}

/** I15: replayed on the product's own orchestrators, each stored history asks for the same, in the same order. */
export async function replaysAlike({ evidence }: Facts): Promise<Violation[]> {
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
