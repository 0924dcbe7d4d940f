import { taskKey } from "../domain/identity.js";
import { levelActivity, progressOf } from "./activity.js";
import { removeTestCopy as contract } from "./contracts/machines.js";

/** Removes the copy that a test made of an item. */
export const removeTestCopy = levelActivity(contract, async (ports, input, ask) => {
  const { worldId, executionId, itemId, testExecutionId } = input;
  const key = taskKey(executionId, contract.name, itemId);
  const task = {
    worldId,
    executionId: testExecutionId,
    key,
    itemId,
    operation: "remove-test-copy",
    params: {},
  } as const;
  return progressOf(ports, await ports.hypervisor.runOnItem(task), ask, () => ({}));
});
