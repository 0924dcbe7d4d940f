import { afterEach, expect, test } from "vitest";
import { savePlan } from "../../src/commands/plans.js";
import { peakConcurrency, readLedgers } from "../support/ledgers.js";
import { VirtualApp } from "../support/virtual-app.js";
import { smallPlan, smallWorld } from "../support/worlds.js";

const MAX_CONCURRENT_OPERATIONS = 5;
const LARGE = Array.from({ length: 20 }, (_, index) => `item-${index + 1}`);
const SMALL = ["item-21", "item-22"];

let app: VirtualApp;
afterEach(() => app.close());

/** The time at which the last operation of an execution at a site ended, according to the ledgers. */
async function lastAt(executionId: string, itemIds: readonly string[]): Promise<string> {
  const ledgers = await readLedgers(app.context.estate, "small", itemIds);
  const own = ledgers.flat().filter((entry) => entry.executionId === executionId);
  return (
    own
      .map(({ at }) => at)
      .toSorted()
      .at(-1) ?? ""
  );
}

test("I21: two executions share the hypervisors fairly, so the large one does not starve the small one", async () => {
  app = await VirtualApp.open({ maxConcurrentOperations: MAX_CONCURRENT_OPERATIONS });
  const world = smallWorld(LARGE.length + SMALL.length);
  const relaxed = { validation: { required: false } };
  await app.load({ world, plan: smallPlan(LARGE, { id: "large", ...relaxed }) });
  await savePlan(app.context, smallPlan(SMALL, { id: "small", ...relaxed }), null, "planner");

  const large = await app.start("planned-failover");
  const small = await app.start("planned-failover", {}, { kind: "plan", planId: "small" });
  expect((await app.ended(small)).execution.status).toBe("succeeded");
  expect((await app.ended(large)).execution.status).toBe("succeeded");

  const ledgers = await readLedgers(app.context.estate, "small", [...LARGE, ...SMALL]);
  // One of five places is reserved for undo operations.
  expect(peakConcurrency(ledgers, "home")).toBe(MAX_CONCURRENT_OPERATIONS - 1);
  expect(peakConcurrency(ledgers, "away")).toBe(MAX_CONCURRENT_OPERATIONS - 1);
  expect((await lastAt(small, SMALL)) < (await lastAt(large, LARGE))).toBe(true);
  const [first] = ledgers[0] ?? [];
  const lastedMs = (end: string) => Date.parse(end) - Date.parse(first?.beganAt ?? "");
  // It has a tenth of the machines and takes less than half of the time, so it got its turns.
  expect(lastedMs(await lastAt(small, SMALL))).toBeLessThan(lastedMs(await lastAt(large, LARGE)) / 2);
});
