import { afterAll, beforeAll } from "vitest";
import type { Scenario } from "../../../src/domain/vocabulary.js";
import { Journey } from "../../e2e/support/journey.js";
import { Product } from "../../e2e/support/product.js";
import { QUICK } from "./scene.js";

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
