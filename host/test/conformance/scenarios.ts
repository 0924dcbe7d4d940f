import { afterAll, beforeAll, describe } from "vitest";
import { Bench, loadConformanceApp, type Stage } from "./bench.js";
import { describeActivities, describeChildren, describeFailures, describeRetries } from "./running-scenarios.js";
import { describeSteering } from "./steering-scenarios.js";
import { describeDurability, describeLongTime, describeStatus, describeTimersAndEvents } from "./waiting-scenarios.js";

/** The scenarios every engine and store must pass, told through the real `durable-functions`. */
export function conformance(stage: Stage): void {
  describe(`on ${stage.label}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(stage, await loadConformanceApp());
    });
    afterAll(() => bench.close());

    describeActivities(() => bench);
    describeRetries(() => bench);
    describeTimersAndEvents(() => bench, stage.manyEvents);
    describeChildren(() => bench);
    describeFailures(() => bench);
    describeSteering(() => bench);
    describeStatus(() => bench);
    describeDurability(() => bench);
    if (stage.virtual) describeLongTime(() => bench);
  });
}
