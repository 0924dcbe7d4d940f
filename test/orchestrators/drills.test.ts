import { describe, expect } from "vitest";
import { ADVANCE_DRILL } from "../../src/commands/drills/advance.js";
import { viewCoverage } from "../../src/commands/drills/coverage.js";
import { viewPrediction } from "../../src/commands/drills/prediction.js";
import { startDueDrills } from "../../src/commands/drills/start-due.js";
import { testInBothReplays } from "../support/both-replays.js";
import { concluded, drillsOf, executionsOf, startDrill, withPolicy } from "../support/drills.js";
import type { VirtualApp } from "../support/virtual-app.js";

const MINUTE = 60_000;

describe("a drill", () => {
  testInBothReplays(
    "tests every machine, cleans up, and passes when nothing is left and nothing was touched",
    async (app) => {
      const { verdict, ...drill } = await concluded(app, await startDrill(app));
      expect(verdict.because).toEqual([]);
      expect(verdict).toMatchObject({
        result: "passed",
        leftovers: [],
        production: { untouched: true, changes: [], byOthers: [] },
        onlyGreen: true,
      });
      expect(verdict.items.filter(({ drilled }) => !drilled)).toEqual([]);
      expect(verdict.items).toHaveLength(11);
      expect(verdict.steps.notExecuted).toEqual([]);
      expect(await app.states()).toEqual(["protected"]);
      const [cleanUp, test] = await executionsOf(app);
      expect(test).toMatchObject({
        verb: "test-failover",
        requestedBy: `drill ${drill.drillId}`,
        onBehalfOf: "tester",
      });
      expect(cleanUp).toMatchObject({ verb: "test-clean-up", status: "succeeded" });
      expect(await executionsOf(app)).toHaveLength(2);
    },
  );

  testInBothReplays("is one drill, one test and one clean-up, however often its parts are called", async (app) => {
    const drillId = await startDrill(app);
    const again = () => Promise.all([1, 2, 3].map(() => ADVANCE_DRILL.handle(app.context, { drillId })));
    for (let times = 0; times < 40; times += 1) {
      await again();
      await startDueDrills(app.context);
      await app.pass(MINUTE);
    }
    await concluded(app, drillId);
    await again();
    expect(await executionsOf(app)).toHaveLength(2);
    expect(await drillsOf(app)).toHaveLength(1);
  });

  testInBothReplays("lets the copies run, and asks them what the policy says before it removes them", async (app) => {
    const probes = [{ kind: "heartbeat" as const, timeLimitSeconds: 60, everySeconds: 15 }];
    const [item] = await app.items();
    await withPolicy(app, { holdMinutes: 30, checks: [{ itemId: item?.itemId ?? "", probes }] });
    const drill = await concluded(app, await startDrill(app));
    expect(drill.verdict).toMatchObject({ result: "passed", checks: [{ passed: true }] });
    const [cleanUp, test] = await executionsOf(app);
    const endedAt = test !== undefined && "endedAt" in test ? test.endedAt : "";
    expect(Date.parse(cleanUp?.requestedAt ?? "") - Date.parse(endedAt)).toBeGreaterThanOrEqual(30 * MINUTE);
  });

  testInBothReplays("fails when a copy does not answer, and is cleaned up all the same", async (app) => {
    const [item] = await app.items();
    const probes = [{ kind: "tcp" as const, port: 4_444, timeLimitSeconds: 60, everySeconds: 15 }];
    await withPolicy(app, { checks: [{ itemId: item?.itemId ?? "", probes }] });
    const { verdict } = await concluded(app, await startDrill(app));
    expect(verdict.result).toBe("failed");
    expect(verdict.because.join()).toContain("port 4444 does not answer");
    expect(verdict.leftovers).toEqual([]);
    expect(await app.states()).toEqual(["protected"]);
  });
});

describe("what is left of an earlier test", () => {
  testInBothReplays("keeps a drill from beginning, until somebody removes it or gives a reason", async (app) => {
    await app.run("test-failover");
    const blocked = await concluded(app, await startDrill(app));
    expect(blocked.verdict.result).toBe("not-run");
    expect(blocked.verdict.because.join()).toMatch(/something is left of an earlier test: test copy .*force/);
    expect(blocked.test).toBeUndefined();
    await app.run("test-clean-up");
    expect((await concluded(app, await startDrill(app))).verdict.result).toBe("passed");
  });

  testInBothReplays(
    "of the drill itself makes it fail, and blocks the next one until a forced clean-up",
    async (app) => {
      const [item] = await app.items();
      const itemId = item?.itemId ?? "";
      await app.context.estate.addFault(app.worldId, {
        target: { itemId },
        operation: "remove-test-copy",
        mode: "fail-before",
      });
      const { verdict } = await concluded(app, await startDrill(app));
      expect(verdict.result).toBe("failed");
      expect(verdict.leftovers.join()).toContain("test copy");
      expect((await concluded(app, await startDrill(app))).verdict.result).toBe("not-run");
      await app.attempt("test-clean-up", { force: { reason: "the datastore is being replaced" } });
      await app.context.estate.clearFaults(app.worldId);
      const next = await concluded(app, await startDrill(app));
      expect(next.before?.leftovers.join()).toContain("test copy");
      expect(next.test).toMatchObject({ kind: "started" });
    },
  );
});

describe("what people do during a drill", () => {
  testInBothReplays("its actions await them as ever, and the verdict names those that ran", async (app) => {
    const look = {
      id: "look",
      name: "Look",
      kind: "manual" as const,
      instructions: "Look at it",
      timeLimitMinutes: 60,
    };
    const action = { ...look, failoverTypes: ["test" as const], directions: ["primary-to-recovery" as const] };
    await app.changePlan((plan) => ({
      ...plan,
      groups: plan.groups.map((group, index) => (index === 0 ? { ...group, after: [action] } : group)),
    }));
    const drillId = await startDrill(app);
    await app.pass(MINUTE);
    const executionId = await testOf(app, drillId);
    await app.awaiting(executionId, "confirm");
    await app.decide(executionId, { kind: "confirm", actionId: "look", ask: 1, done: true });
    const { verdict } = await concluded(app, drillId);
    expect(verdict).toMatchObject({ result: "passed", actions: ["look"] });
    const { entries } = await viewCoverage(app.context, app.planId);
    expect(entries.find(({ id }) => id === "look")).toMatchObject({ state: "exercised", closedBy: null });
  });

  testInBothReplays("who promotes the test turns it into the real thing, which is no drill any more", async (app) => {
    await withPolicy(app, { holdMinutes: 60 });
    const drillId = await startDrill(app);
    await app.pass(MINUTE);
    await app.ended(await testOf(app, drillId));
    await app.attempt("promote-test");
    const { verdict } = await concluded(app, drillId);
    expect(verdict.result).not.toBe("passed");
    expect(verdict.tookOver).toContain("people promoted the test");
    expect(verdict.production.byOthers.join()).toContain("promote-test-copy");
    expect(await app.states()).toContain("failed-over");
  });
});

async function testOf(app: VirtualApp, drillId: string): Promise<string> {
  const found = await app.context.store.getDrill(drillId);
  if (found?.value.test?.kind !== "started") throw new Error("it has no test");
  return found.value.test.executionId;
}

testInBothReplays("drills predict how long the next one takes, and it is compared with that", async (app) => {
  expect((await viewPrediction(app.context, app.planId)).medianSeconds).toBeNull();
  const first = await concluded(app, await startDrill(app));
  expect(first.verdict).toMatchObject({ predictedSeconds: null, regressions: [] });
  const { medianSeconds, criticalPath, unknown } = await viewPrediction(app.context, app.planId);
  expect(unknown).toEqual([]);
  expect(criticalPath.map(({ step }) => step)).toContain("start-test-copy");
  const second = await concluded(app, await startDrill(app));
  expect(second.verdict.predictedSeconds).toBe(medianSeconds);
  await app.context.estate.addFault(app.worldId, {
    target: { itemId: "web-1" },
    operation: "start-test-copy",
    mode: "slow",
    factor: 50,
  });
  const slow = await concluded(app, await startDrill(app));
  expect(slow.verdict.measures?.recoverySeconds).toBeGreaterThan(medianSeconds ?? 0);
});
