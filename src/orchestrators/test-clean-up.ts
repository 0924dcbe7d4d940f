import { findTestLeftovers, proveNothingLeft } from "../activities/contracts/machines.js";
import { callActivity, type Durable } from "../durable/call.js";
import type { Run, Story } from "./run.js";
import { itemsToDo, tellItems } from "./stages.js";
import { ITEMS_STEP, TEST_COPIES_STEP } from "./step-ids.js";
import { removeNetworks } from "./test-network.js";

/** Removes what tests of the plan's items left, and proves that nothing is there any more. */
export const testCleanUp: Story = function* (run) {
  const items = itemsToDo(run);
  const itemIds = items.map(({ id }) => id);
  const found = yield* callActivity(run.context, findTestLeftovers, { ...run.on, itemIds });
  const testOf = new Map(found.copies.map(({ itemId, testExecutionId }) => [itemId, testExecutionId]));
  yield* run.step(TEST_COPIES_STEP, () => removeCopies(run, testOf));
  yield* run.step("remove-test-network", () => removeNetworks(run, found.networks));
  yield* run.step("prove-nothing-left", () => callActivity(run.context, proveNothingLeft, { ...run.on, itemIds }));
};

function* removeCopies(run: Run, testOf: ReadonlyMap<string, string>): Durable<void> {
  const reports = yield* tellItems(run, ITEMS_STEP, "clean-up-item", itemsToDo(run), ({ id }) => ({
    testExecutionId: testOf.get(id) ?? run.plan.executionId,
  }));
  for (const report of reports) run.reports.set(report.itemId, report);
}
