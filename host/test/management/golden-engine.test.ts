import { TableClient } from "@azure/data-tables";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type GoldenRun, runGoldenApp, servedInstances } from "./golden-run.js";
import { normalised, withoutDetails } from "./normalised.js";
import { type RecordedResult, recordedResults } from "./recordings.js";

let run: GoldenRun;

beforeAll(async () => {
  run = await runGoldenApp(inject("storage"));
});

const comparable = (value: unknown): unknown => normalised(withoutDetails(value));

/** Instances whose payloads differ on purpose, or by the order in which parallel work ends. */
const PAYLOADS_THAT_DIFFER: Readonly<Record<string, string>> = {
  "g-FanOut": "three activities end at their own times: each result may get an episode of its own",
  "g-UnknownAct": "an unknown activity fails with a clear text instead of hanging",
  "g-UnknownSub": "an unknown child fails with a clear text instead of hanging",
  "m-term": "a terminated orchestrator is not run once more to no effect",
  "m-term2": "a terminated orchestrator is not run once more to no effect",
};

describe("payloads that this host gives to orchestrators are those of the genuine host", () => {
  const instances = [...servedInstances()].filter(([instanceId]) => !(instanceId in PAYLOADS_THAT_DIFFER));

  test.each(instances)("%s", (instanceId, episodes) => {
    const payloads = run.seen.get(instanceId)?.payloads ?? [];
    expect(payloads.map(comparable)).toEqual(episodes.map((episode) => comparable(episode.payload)));
  });
});
