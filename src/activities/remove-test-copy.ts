import { keyOnItem, pollingActivity, progressOf } from "./activity.js";
import { removeTestCopy as contract } from "./contracts/machines.js";

/** Removes the copy that a test made of an item. */
export const removeTestCopy = pollingActivity(contract, "back", async (ports, input, ask) => {
  const { worldId, itemId, testExecutionId } = input;
  const task = {
    worldId,
    executionId: testExecutionId,
    key: keyOnItem(contract, input),
    itemId,
    operation: "remove-test-copy",
    params: {},
  } as const;
  return progressOf(ports, await ports.hypervisor.runOnItem(task), ask, () => ({}));
});
