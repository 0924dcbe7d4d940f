import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { FunctionApp, InvocationRequest } from "../../app/function-app.js";
import { loadFunctionApp } from "../../app/load-app.js";
import { EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { EventType } from "../../durable/history.js";
import { statusDocument } from "../../durable/management/status-document.js";
import { TableHistoryStore } from "../../durable/store/table-store.js";
import { TERMINAL_STATUSES } from "../../durable/task-hub.js";
import { silentLogger } from "../../logger.js";
import { GOLDEN_FOLDER, type RecordedEpisode, type RecordedEvent, recordedEpisodes } from "./recordings.js";

/** Orchestrations that lean on what this host does not serve. */
export const NOT_SERVED = new Set(["Entity", "EntityErr", "Http", "HttpPoll", "HttpPollAll", "HttpErr"]);

/** What was seen of one instance: each payload its orchestrator was given, and its status after each of these episodes. */
export interface Seen {
  payloads: unknown[];
  statuses: unknown[];
}

export interface GoldenRun {
  hubName: string;
  seen: ReadonlyMap<string, Seen>;
}

/** The recorded instances that a client started and this host serves, each with its recorded episodes. */
export function servedInstances(): Map<string, RecordedEpisode[]> {
  const byInstance = new Map<string, RecordedEpisode[]>();
  for (const episode of recordedEpisodes()) {
    if (!NOT_SERVED.has(episode.function)) {
      byInstance.set(episode.instanceId, [...(byInstance.get(episode.instanceId) ?? []), episode]);
    }
  }
  return byInstance;
}

/**
 * Runs the golden app on this host's engine over tables, and lets clients do to each instance what they did to the
 * recorded one, at the same points of its history. Instances run one after the other, in virtual time.
 */
export async function runGoldenApp(connectionString: string): Promise<GoldenRun> {
  const loaded = await loadFunctionApp({ directory: join(GOLDEN_FOLDER, "app"), logger: silentLogger });
  const seen = new Map<string, Seen>();
  const seenOf = (instanceId: string): Seen => {
    const present = seen.get(instanceId) ?? { payloads: [], statuses: [] };
    seen.set(instanceId, present);
    return present;
  };
  const app: FunctionApp = {
    functions: loaded.functions,
    find: (name) => loaded.find(name),
    invoke: (fn, request) => {
      if (fn.trigger.type === "orchestrationTrigger")
        seenOf(request.instanceId ?? "").payloads.push(payloadOf(request));
      return loaded.invoke(fn, request);
    },
  };
  const clock = new VirtualClock();
  const hubName = `Golden${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const hub = new EngineTaskHub({
    hubName,
    app,
    store: new TableHistoryStore({ connectionString, hubName, clock, logger: silentLogger }),
    clock,
    logger: silentLogger,
    maxConcurrentOrchestrators: 20,
    maxConcurrentActivities: 20,
  });
  await hub.open();
  for (const [instanceId, episodes] of servedInstances()) {
    await followRecording({ hub, clock, seenOf }, instanceId, episodes);
  }
  await hub.close();
  return { hubName, seen };
}

interface Stage {
  hub: EngineTaskHub;
  clock: VirtualClock;
  seenOf(instanceId: string): Seen;
}

async function followRecording(stage: Stage, instanceId: string, episodes: readonly RecordedEpisode[]): Promise<void> {
  const seen = stage.seenOf(instanceId);
  for (const [index, episode] of episodes.entries()) {
    for (const event of newEvents(episode)) await act(stage.hub, instanceId, event);
    const done = async (): Promise<boolean> => {
      const state = await stage.hub.get(instanceId);
      return seen.payloads.length > index || (state !== undefined && TERMINAL_STATUSES.has(state.runtimeStatus));
    };
    await runInVirtualTime(stage.hub, stage.clock, done);
    const state = await stage.hub.get(instanceId);
    if (state) seen.statuses[index] = statusDocument(state, true);
  }
}

/** What the episode was the answer to: the events behind the last OrchestratorStarted, and a start of a new generation. */
function newEvents({ payload, episode }: RecordedEpisode): RecordedEvent[] {
  const begin = payload.history.findLastIndex((event) => event.EventType === EventType.OrchestratorStarted);
  const fresh = payload.history.slice(begin + 1);
  const isRestart = episode > 1 && fresh.at(-1)?.EventType === EventType.ExecutionStarted;
  return isRestart || episode === 1 ? fresh : fresh.filter((event) => event.EventType !== EventType.ExecutionStarted);
}

/** Does what a client did to cause this event; the host's own events come by themselves. */
async function act(hub: EngineTaskHub, instanceId: string, event: RecordedEvent): Promise<void> {
  const text = (property: string): string | null => {
    const value = event[property];
    return typeof value === "string" ? value : null;
  };
  switch (event.EventType) {
    case EventType.ExecutionStarted:
      if (event["ParentInstance"] === null) await start(hub, instanceId, event);
      return;
    case EventType.EventRaised:
      return hub.raiseEvent(instanceId, text("Name") ?? "", text("Input") ?? "null");
    case EventType.ExecutionTerminated:
      return hub.terminate(instanceId, text("Input"));
    case EventType.ExecutionSuspended:
      return hub.suspend(instanceId, text("Reason"));
    case EventType.ExecutionResumed:
      return hub.resume(instanceId, text("Reason"));
    default:
      return;
  }
}

/** A recorded instance that ran twice was ended before its second start. Restarts are told by their execution's id. */
async function start(hub: EngineTaskHub, instanceId: string, event: RecordedEvent): Promise<void> {
  const started = startSchema.parse(event);
  const state = await hub.get(instanceId);
  if (state && !TERMINAL_STATUSES.has(state.runtimeStatus)) {
    await hub.terminate(instanceId, null);
    await hub.engine.inFlight.whenIdle();
  }
  if (state && !started.OrchestrationInstance.ExecutionId.includes("-")) await hub.restart(instanceId, false);
  else {
    if (state) await hub.purge(instanceId);
    await hub.start({ name: started.Name, instanceId, input: started.Input });
  }
}

const startSchema = z.object({
  Name: z.string(),
  Input: z.string().nullable(),
  OrchestrationInstance: z.object({ ExecutionId: z.string() }),
});

function payloadOf(request: InvocationRequest): unknown {
  const value = request.triggerValue as { history: unknown };
  return JSON.parse(JSON.stringify({ ...value, history: value.history }));
}
