import { taskKey } from "../domain/identity.js";
import { pollingActivity, progressOf } from "./activity.js";
import { createTestNetwork as createContract, removeTestNetwork as removeContract } from "./contracts/machines.js";

/** Makes the isolated network of a test at a site. */
export const createTestNetwork = pollingActivity(createContract, "forward", async (ports, input, ask) => {
  const { worldId, executionId, siteId } = input;
  const key = taskKey(executionId, createContract.name, siteId);
  const task = { worldId, executionId, key, siteId, operation: "create-test-network", params: {} } as const;
  return progressOf(ports, await ports.hypervisor.runOnSite(task), ask, ({ networkId }) => ({ networkId }));
});

/** Removes the network that a test made at a site. */
export const removeTestNetwork = pollingActivity(removeContract, "back", async (ports, input, ask) => {
  const { worldId, executionId, siteId, testExecutionId } = input;
  const key = taskKey(executionId, removeContract.name, `${siteId}/${testExecutionId}`);
  const task = {
    worldId,
    executionId: testExecutionId,
    key,
    siteId,
    operation: "remove-test-network",
    params: {},
  } as const;
  return progressOf(ports, await ports.hypervisor.runOnSite(task), ask, () => ({}));
});
