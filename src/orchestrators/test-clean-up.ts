import type { ItemReport } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import type { Durable } from "../durable/call.js";
import type { Run, Story } from "./run.js";
import { itemsToDo, tellItems } from "./stages.js";
import { ITEMS_STEP, NETWORKS_STEP, TEST_COPIES_STEP } from "./step-ids.js";
import { findLeftovers, removeTestNetworks } from "./test-network.js";

/** Removes what tests of the plan's items left, and proves that nothing is there any more. */
export const testCleanUp: Story = function* (run) {
  const reports = yield* run.step(TEST_COPIES_STEP, () => removeCopies(run));
  try {
    yield* run.step(NETWORKS_STEP, () => removeTestNetworks(run));
  } catch {
    // What is still there then, the proof says.
  }
  yield* run.step("prove-nothing-left", () => proveNothingLeft(run, reports));
};

const removeCopies = (run: Run): Durable<ItemReport[]> =>
  tellItems(run, ITEMS_STEP, "clean-up-item", itemsToDo(run), ({ testExecutionId = run.plan.executionId }) => ({
    testExecutionId,
  }));

/** An item is clean when nothing of a test of it is left, however its steps came out; the others await another clean-up. */
function* proveNothingLeft(run: Run, reports: readonly ItemReport[]): Durable<void> {
  const { copies, networks } = yield* findLeftovers(run);
  const left = [
    ...copies.map(({ itemId, name }) => ({ what: name, itemIds: [itemId] })),
    ...networks.map(({ networkId, itemIds }) => ({ what: networkId, itemIds })),
  ];
  for (const report of reports) {
    const still = left.filter(({ itemIds }) => itemIds.includes(report.itemId)).map(({ what }) => what);
    const failure = report.failure ?? { code: "leftovers" as const, message: stillThere(still) };
    const proven =
      still.length === 0 ? { outcome: "succeeded" as const, failure: null } : { outcome: "failed" as const, failure };
    run.reports.set(report.itemId, { ...report, ...proven });
  }
  if (left.length > 0) throw new RecoveryError("leftovers", stillThere(left.map(({ what }) => what)));
}

const stillThere = (what: readonly string[]): string => `still there: ${what.slice(0, 20).join(", ")}`;
