import { afterEach, describe, test } from "vitest";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { VirtualApp } from "./virtual-app.js";

/** Runs a test on the sample shop twice: with normal replay, and with a replay and a comparison at every step. */
export function testInBothReplays(
  title: string,
  run: (app: VirtualApp) => Promise<void>,
  change?: (plan: PlanInput) => PlanInput,
): void {
  describe(title, () => {
    let app: VirtualApp;
    afterEach(() => app.close());
    for (const replay of ["normal", "every-step"] as const) {
      test(`${replay} replay`, async () => {
        app = await VirtualApp.open({ replay });
        await app.loadShop(change);
        await run(app);
      });
    }
  });
}
