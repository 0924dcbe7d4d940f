import { describe, expect } from "vitest";
import { viewReadiness } from "../../src/commands/drills/readiness.js";
import type { FailureDrill } from "../../src/domain/drills/failure-drill.js";
import { testInBothReplays } from "../support/both-replays.js";
import { concluded, startDrill, withPolicy } from "../support/drills.js";
import type { VirtualApp } from "../support/virtual-app.js";

const broken: FailureDrill = {
  id: "web-1-does-not-boot",
  name: "A web server does not boot",
  faults: [{ target: { itemId: "web-1" }, operation: "start-test-copy", mode: "refuse" }],
  expect: [{ itemId: "web-1", outcome: "failed" }],
};
const failureDrillId = broken.id;
const faultsOf = (app: VirtualApp) => app.context.estate.listFaults(app.worldId);

describe("a failure drill", () => {
  testInBothReplays("passes when the declared outcome comes, leaves no fault, and is not only green", async (app) => {
    await withPolicy(app, { failureDrills: [broken] });
    const { verdict } = await concluded(app, await startDrill(app, { failureDrillId }));
    expect(verdict.because).toEqual([]);
    expect(verdict).toMatchObject({ result: "passed", onlyGreen: false, production: { untouched: true } });
    expect(verdict.items.find(({ itemId }) => itemId === "web-1")).toMatchObject({ drilled: false, outcome: "failed" });
    expect(await faultsOf(app)).toEqual([]);
    expect(await app.states()).toEqual(["protected"]);
  });

  testInBothReplays("fails when something else comes", async (app) => {
    const wrong = { ...broken, expect: [{ itemId: "web-1", outcome: "succeeded" as const }] };
    await withPolicy(app, { failureDrills: [wrong] });
    const { verdict } = await concluded(app, await startDrill(app, { failureDrillId }));
    expect(verdict.result).toBe("failed");
    expect(verdict.because.join()).toContain("web-1 was expected to be succeeded and is failed");
  });

  testInBothReplays("does not stand for a drill in which every machine came up", async (app) => {
    await withPolicy(app, { failureDrills: [broken] });
    await concluded(app, await startDrill(app, { failureDrillId }));
    expect((await viewReadiness(app.context, app.planId)).readiness).toBe("stale");
    await concluded(app, await startDrill(app));
    expect((await viewReadiness(app.context, app.planId)).readiness).toBe("ready");
  });

  testInBothReplays(
    "that the policy does not have is refused, and so is one of a machine that is not in the plan",
    async (app) => {
      await withPolicy(app, { failureDrills: [broken] });
      await expect(startDrill(app, { failureDrillId: "none" })).rejects.toThrow("no failure drill none");
      const strange = { ...broken, expect: [{ groupId: "nowhere", outcome: "failed" as const }] };
      await expect(withPolicy(app, { failureDrills: [strange] })).rejects.toThrow("names group nowhere");
    },
  );
});
