import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { FunctionApp } from "../../app/function-app.js";
import { loadFunctionApp } from "../../app/load-app.js";
import { silentLogger } from "../../logger.js";
import { GOLDEN_FOLDER, type RecordedEpisode, recordedEpisodes, withShortTraces } from "./recordings.js";

let app: FunctionApp;

beforeAll(async () => {
  // The app's own address when it was recorded.
  process.env["SELF"] = "http://127.0.0.1:7071";
  app = await loadFunctionApp({ directory: join(GOLDEN_FOLDER, "app"), logger: silentLogger });
});

/** What the orchestrator answers to the payload exactly as the genuine host sent it. */
async function answerTo(episode: RecordedEpisode): Promise<unknown> {
  const fn = app.find(episode.function);
  if (!fn) throw new Error(`The golden app has no function ${episode.function}.`);
  const data = { string: JSON.stringify(episode.payload) };
  try {
    const { returnValue } = await app.invoke(fn, { inputs: [{ name: fn.trigger.name, data }] });
    return { returned: JSON.parse(returnValue?.json ?? "null") as unknown };
  } catch (error) {
    return { thrown: error instanceof Error ? error.message : error };
  }
}

describe("an app in this host answers recorded payloads as it did in the genuine host", () => {
  test("there are recordings of failures among them", () => {
    expect(recordedEpisodes().filter((episode) => episode.thrown !== undefined).length).toBeGreaterThan(0);
  });

  test.each(
    recordedEpisodes().map((episode) => [`${episode.instanceId}, episode ${episode.episode}`, episode] as const),
  )("%s", async (_label, episode) => {
    const recorded = episode.thrown === undefined ? { returned: episode.returned } : { thrown: episode.thrown };
    expect(withShortTraces(await answerTo(episode))).toEqual(withShortTraces(recorded));
  });
});
