import { afterAll, beforeAll } from "vitest";
import type { Scenario } from "../../src/domain/vocabulary.js";
import { QUICK } from "./estate-changes.js";
import { Journey } from "./http-plan.js";
import { Product } from "./running-app.js";

/** A product that runs for the tests of a file, and journeys through one scenario on it. */
export function running(scenario: Scenario, settings: Readonly<Record<string, string>> = QUICK) {
  let started: Product;
  beforeAll(async () => {
    started = await Product.start(settings);
  });
  afterAll(() => started.stop());
  return {
    product: () => started,
    begin: (change?: Parameters<typeof Journey.begin>[2]) => Journey.begin(started, scenario, change),
  };
}
