import { describe, expect } from "vitest";
import { evaluatePlans } from "../../src/commands/drills/evaluate.js";
import { viewReadiness } from "../../src/commands/drills/readiness.js";
import { testInBothReplays } from "../support/both-replays.js";
import { concluded, startDrill, withPolicy } from "../support/drills.js";
import type { VirtualApp } from "../support/virtual-app.js";

const DAY = 86_400_000;

const readiness = async (app: VirtualApp) => {
  const { readiness: state, reasons } = await viewReadiness(app.context, app.planId);
  return [state, reasons.join("; ")];
};

describe("the readiness of a plan", () => {
  testInBothReplays(
    "is never-tested, ready after a drill that passed, and stale at once after an edit",
    async (app) => {
      expect((await readiness(app))[0]).toBe("never-tested");
      await concluded(app, await startDrill(app));
      expect(await readiness(app)).toEqual(["ready", ""]);
      await app.changePlan((plan) => ({ ...plan, description: "edited" }));
      expect((await readiness(app))[0]).toBe("stale");
      await concluded(app, await startDrill(app));
      expect((await readiness(app))[0]).toBe("ready");
    },
  );

  testInBothReplays("is stale at once when a machine changes, and names it", async (app) => {
    await concluded(app, await startDrill(app));
    await app.context.estate.changeMachine(app.worldId, "web-1", { cpus: 7 });
    expect(await readiness(app)).toEqual(["stale", expect.stringContaining("machines changed since the drill: web-1")]);
  });

  testInBothReplays("is failing after a drill that failed, until one passes", async (app) => {
    const fault = { target: { itemId: "web-1" }, operation: "start-test-copy" as const, mode: "refuse" as const };
    await app.context.estate.addFault(app.worldId, fault);
    await concluded(app, await startDrill(app));
    expect(await readiness(app)).toEqual(["failing", expect.stringContaining("web-1")]);
    await app.context.estate.clearFaults(app.worldId);
    await concluded(app, await startDrill(app));
    expect((await readiness(app))[0]).toBe("ready");
  });

  testInBothReplays(
    "is overdue when the last drill is too long ago, and stale in a direction that none was in",
    async (app) => {
      await withPolicy(app, { overdueAfterDays: 10 });
      await concluded(app, await startDrill(app));
      await app.pass(11 * DAY);
      expect((await readiness(app))[0]).toBe("overdue");
      await withPolicy(app, { rehearse: ["primary-to-recovery", "recovery-to-primary"] });
      await concluded(app, await startDrill(app));
      expect(await readiness(app)).toEqual(["stale", "no drill has passed in the direction recovery-to-primary"]);
    },
  );

  testInBothReplays("is failing when an evaluation finds that the plan would not start", async (app) => {
    await concluded(app, await startDrill(app));
    await evaluatePlans(app.context);
    expect((await readiness(app))[0]).toBe("ready");
    await app.context.estate.addFault(app.worldId, { target: { siteId: "west-europe" }, mode: "fail-before" });
    expect((await evaluatePlans(app.context)).changed).toEqual([{ planId: "shop", from: "ready", to: "failing" }]);
    expect((await readiness(app))[0]).toBe("failing");
  });
});
