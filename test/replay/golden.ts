import { readFile } from "node:fs/promises";
import type { LoadedApp } from "../../host/app/load-app.js";
import { readAnswer } from "../../host/durable/engine/answer.js";
import { asReplayed, orchestratorPayload } from "../../host/durable/engine/payload.js";
import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../../host/durable/history.js";
import { parseHostJson } from "../../host/settings/host-json.js";

/** One recorded execution: its history, and what its orchestrator answers when it is replayed whole. */
export interface Golden {
  history: HistoryEvent[];
  answer: { actions: unknown; output: unknown };
}

/** A line for the answer, then one for each event. */
export const toLines = ({ answer, history }: Golden): string =>
  [answer, ...history].map((line) => `${JSON.stringify(line)}\n`).join("");

export function fromLines(text: string): Golden {
  const [answer, ...history] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  return { answer: answer as Golden["answer"], history: history as HistoryEvent[] };
}

export const HISTORIES = new URL("histories/", import.meta.url);

/** The version that `host.json` gives to orchestrations: histories of it carry it in their names. */
export async function presentVersion(): Promise<string> {
  const text = await readFile(new URL("../../host.json", import.meta.url), "utf8");
  return parseHostJson(text, {}).durableTask.defaultVersion ?? "none";
}

/** Replays a history from its first event to its last, and gives back what the orchestrator asked for and returned. */
export async function replay(app: LoadedApp, history: readonly HistoryEvent[]): Promise<Golden["answer"]> {
  const start = history.find((event): event is ExecutionStartedEvent => event.EventType === EventType.ExecutionStarted);
  const fn = start && app.find(start.Name);
  if (!start || !fn) throw new Error(`no orchestrator ${start?.Name ?? "without a start"}`);
  const result = await app.invoke(fn, {
    inputs: [{ name: fn.trigger.name, data: { string: "{}" } }],
    triggerValue: orchestratorPayload(start, history.map(asReplayed)),
    instanceId: start.OrchestrationInstance.InstanceId,
    asValue: true,
  });
  const { actions, output } = readAnswer(result.value);
  return { actions: JSON.parse(JSON.stringify(actions)) as unknown, output: JSON.parse(output ?? "null") as unknown };
}
