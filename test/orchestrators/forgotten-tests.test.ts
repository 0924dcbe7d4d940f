import { describe, expect } from "vitest";
import { cleanUpForgottenTests } from "../../src/commands/drills/forgotten-tests.js";
import { DrillPolicy } from "../../src/domain/drills/policy.js";
import { testInBothReplays } from "../support/both-replays.js";
import { executionsOf } from "../support/drills.js";
import type { VirtualApp } from "../support/virtual-app.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Lets the timer run, and what it starts come to its end. */
async function runTimer(app: VirtualApp): Promise<string[]> {
  const { started, errors } = await cleanUpForgottenTests(app.context);
  expect(errors).toEqual([]);
  for (const executionId of started) await app.ended(executionId);
  return started;
}

describe("a test that nobody cleans up", () => {
  testInBothReplays("is cleaned up when its time is over, and not before", async (app) => {
    await app.run("test-failover");
    await app.pass(13 * DAY);
    expect(await runTimer(app)).toEqual([]);
    await app.pass(DAY);
    expect(await runTimer(app)).toHaveLength(1);
    expect(await app.states()).toEqual(["protected"]);
    const [cleanUp] = await executionsOf(app);
    expect(cleanUp).toMatchObject({ verb: "test-clean-up", requestedBy: "clean-up of forgotten tests", options: {} });
    await app.pass(DAY);
    expect(await runTimer(app)).toEqual([]);
  });

  testInBothReplays("by its plan's own limit, once, also when the timer runs twice at a time", async (app) => {
    await app.changePlan((plan) => ({ ...plan, drill: DrillPolicy.parse({ timeToLiveMinutes: 60 }) }));
    await app.run("test-failover");
    await app.pass(61 * MINUTE);
    await Promise.all([1, 2, 3].map(() => cleanUpForgottenTests(app.context)));
    expect((await executionsOf(app)).map(({ verb }) => verb)).toEqual(["test-clean-up", "test-failover"]);
  });

  testInBothReplays("is given up with the reason when it cannot be removed", async (app) => {
    await app.run("test-failover");
    const target = { itemId: "web-1" };
    await app.context.estate.addFault(app.worldId, { target, operation: "remove-test-copy", mode: "fail-before" });
    await app.pass(15 * DAY);
    await runTimer(app);
    expect(await app.states()).toEqual(["protected", "test-failed-over"]);
    await app.pass(11 * MINUTE);
    await runTimer(app);
    expect(await app.states()).toEqual(["protected"]);
    const [forced] = await executionsOf(app);
    expect(forced?.options.force?.reason).toContain("nobody cleaned the test up");
    expect((await app.item("web-1")).conditions.map(({ type }) => type)).toContain("leftovers");
    await app.pass(DAY);
    expect(await runTimer(app)).toEqual([]);
  });

  testInBothReplays("of a single item is cleaned up too, and one that was promoted is left alone", async (app) => {
    await app.attemptOn("jump", "test-failover");
    await app.pass(15 * DAY);
    expect(await runTimer(app)).toHaveLength(1);
    expect(await app.states()).toEqual(["protected"]);
    await app.run("test-failover");
    await app.attempt("promote-test");
    await app.pass(15 * DAY);
    expect(await runTimer(app)).toEqual([]);
  });
});
