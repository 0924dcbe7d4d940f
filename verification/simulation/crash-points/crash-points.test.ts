import { describe, expect, test } from "vitest";
import { undisturbed, wrongAt } from "./explore.js";
import { JOURNEYS } from "./crash-scenarios.js";

/** One point in so many is tried here, each time others of a journey; all of them by `npm run simulate -- --crash-points`. */
const ONE_IN = 251;

describe("a host that dies anywhere in a verb leaves it to the next one", () => {
  test.each(JOURNEYS.map((journey, index) => ({ ...journey, index })))("$verb of $scenario", async (journey) => {
    const run = await undisturbed(journey);
    expect(
      run.evidence.store.executions.map(({ status }) => status).filter((status) => status !== "succeeded"),
    ).toEqual([]);
    const first = (journey.index * 7) % ONE_IN;
    const chosen = run.points.filter((_, index) => index % ONE_IN === first % Math.min(ONE_IN, run.points.length));
    const wrong: string[] = [];
    for (const point of chosen) wrong.push(...(await wrongAt(point, run)));
    expect(chosen.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });
});
