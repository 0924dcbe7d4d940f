import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../durable/history.js";
import { historyDocument } from "../../durable/management/history-document.js";
import { recordedEpisodes, recordedExchanges, withShortTraces } from "./recordings.js";

/** The longest recorded history of an instance: all but what its last episode added. */
function historyOf(instanceId: string): HistoryEvent[] {
  const episodes = recordedEpisodes().filter((episode) => episode.instanceId === instanceId);
  const last = episodes.toSorted((a, b) => a.payload.history.length - b.payload.history.length).at(-1);
  return (last?.payload.history ?? []) as unknown as HistoryEvent[];
}

function recordedHistory(label: string): Record<string, unknown>[] {
  const exchange = recordedExchanges().find((one) => one.label === label);
  const body = JSON.parse(exchange?.body ?? "{}") as { historyEvents: Record<string, unknown>[] };
  return body.historyEvents;
}

describe("history as the management API shows it", () => {
  test.each([
    ["g-Basic", "GET completed showHistory+Output"],
    ["g-Seq", "GET Seq showHistory+Output"],
    ["g-SubExplicit", "GET SubExplicit history"],
    ["g-AnyTimer", "GET AnyTimer history"],
    ["g-AnyTimeout", "GET AnyTimeout history"],
    ["g-RetryFailCaught", "GET RetryFailCaught history"],
    ["g-SubFailCaught", "GET SubFailCaught history"],
    ["g-Events", "GET Events history"],
    ["m-term", "GET terminated"],
  ])("is the recorded one for %s", (instanceId, label) => {
    const shown = historyDocument(historyOf(instanceId), { showInput: true, showOutput: true });
    const recorded = recordedHistory(label).filter((event) => event["EventType"] !== "ExecutionCompleted");
    expect(withShortTraces(shown)).toStrictEqual(withShortTraces(recorded));
  });

  test("leaves results out unless they are asked for", () => {
    const shown = historyDocument(historyOf("g-Basic"), { showInput: true, showOutput: false });
    const recorded = recordedHistory("GET completed showHistory").slice(0, -1);
    expect(shown).toStrictEqual(recorded);
  });

  test("leaves inputs out when they are not wanted", () => {
    const shown = historyDocument(historyOf("g-Basic"), { showInput: false, showOutput: false });
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((event) => "Input" in event)).toEqual([]);
  });

  test("keeps what was scheduled and has not ended", () => {
    const unended = historyOf("g-Basic").filter((event) => !("TaskScheduledId" in event));
    const shown = historyDocument(unended, { showInput: true, showOutput: true });
    expect(shown.map((event) => event["EventType"])).toEqual(["ExecutionStarted", "TaskScheduled", "TaskScheduled"]);
  });
});
