import { describe, expect, test } from "vitest";
import { CRASH_CASES } from "./crash-cases.js";
import { runFaultFree, violationsAt } from "./explore.js";

/** Tries every 251st point, with another offset for each case. `npm run simulate -- --crash-points` tries all. */
const ONE_IN = 251;

describe("a host that crashes anywhere in a verb leaves the work to the next host", () => {
  test.each(CRASH_CASES.map((crashCase, index) => ({ ...crashCase, index })))(
    "$verb of $scenario",
    async (crashCase) => {
      const run = await runFaultFree(crashCase);
      expect(
        run.evidence.store.executions.map(({ status }) => status).filter((status) => status !== "succeeded"),
      ).toEqual([]);
      const first = (crashCase.index * 7) % ONE_IN;
      const chosen = run.points.filter((_, index) => index % ONE_IN === first % Math.min(ONE_IN, run.points.length));
      const wrong: string[] = [];
      for (const point of chosen) wrong.push(...(await violationsAt(point, run)));
      expect(chosen.length).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
    },
  );
});
