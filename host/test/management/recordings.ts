import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Folder of what a genuine host was recorded to do, and of the app it ran. */
export const GOLDEN_FOLDER = fileURLToPath(new URL("../golden/", import.meta.url));

const eventSchema = z.looseObject({ EventType: z.number(), EventId: z.number(), Timestamp: z.string() });

const episodeSchema = z.object({
  instanceId: z.string(),
  function: z.string(),
  episode: z.number(),
  payload: z.looseObject({ history: z.array(eventSchema), instanceId: z.string() }),
  returned: z.unknown(),
  thrown: z.string().optional(),
});

const exchangeSchema = z.object({
  label: z.string(),
  method: z.string(),
  url: z.string(),
  requestHeaders: z.record(z.string(), z.union([z.string(), z.number()])),
  requestBody: z.string().nullable(),
  status: z.number(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().nullable(),
});

const resultSchema = z.looseObject({
  name: z.string(),
  instanceId: z.string(),
  runtimeStatus: z.string(),
  timedOut: z.unknown().optional(),
});

const rowSchema = z.looseObject({
  table: z.enum(["Instances", "History"]),
  PartitionKey: z.string(),
  RowKey: z.string(),
});

export type RecordedEvent = z.output<typeof eventSchema>;
export type RecordedEpisode = z.output<typeof episodeSchema>;
export type RecordedExchange = z.output<typeof exchangeSchema>;
export type RecordedResult = z.output<typeof resultSchema>;
export type RecordedRow = z.output<typeof rowSchema>;

export const recordedEpisodes = (): RecordedEpisode[] =>
  lines("episodes.jsonl").map((line) => episodeSchema.parse(line));
export const recordedExchanges = (): RecordedExchange[] =>
  lines("http.jsonl").map((line) => exchangeSchema.parse(line));
export const recordedRows = (): RecordedRow[] => lines("rows.jsonl").map((line) => rowSchema.parse(line));
export const recordedResults = (): Record<string, RecordedResult> =>
  z.record(z.string(), resultSchema).parse(JSON.parse(readFileSync(`${GOLDEN_FOLDER}results.json`, "utf8")));

function lines(file: string): unknown[] {
  const text = readFileSync(`${GOLDEN_FOLDER}${file}`, "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
}

/** The same value with stack traces cut short, as the recordings have them in some places and not in others. */
export function withShortTraces(value: unknown): unknown {
  const text = JSON.stringify(value) ?? "null";
  return JSON.parse(text.replace(/(?:(\\+n) {4}at [^\\"]+)+/g, "$1    at …"));
}
