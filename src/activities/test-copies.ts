import { taskKey } from "../domain/identity.js";
import { siteStepContract, stepContract } from "../steps/contracts.js";
import { keyOnItem, pollingActivity, pollResultOf } from "./activity.js";

/** Makes the isolated network of a test at a site. */
export const createTestNetwork = pollingActivity(
  siteStepContract("create-test-network"),
  "forward",
  async (ports, { worldId, executionId, siteId, params }, request) => {
    const key = taskKey(executionId, "create-test-network", siteId);
    const task = { worldId, executionId, key, siteId, operation: "create-test-network", params } as const;
    return pollResultOf(ports, await ports.hypervisor.runOnSite(task), request, (result) => result);
  },
);

/** Removes the network that a test made at a site. At the hypervisor it is the test that does so. */
export const removeTestNetwork = pollingActivity(
  siteStepContract("remove-test-network"),
  "undo",
  async (ports, { worldId, executionId, siteId, params: { testExecutionId } }, request) => {
    const key = taskKey(executionId, "remove-test-network", `${siteId}/${testExecutionId}`);
    const operation = "remove-test-network";
    const task = { worldId, executionId: testExecutionId, key, siteId, operation, params: {} } as const;
    return pollResultOf(ports, await ports.hypervisor.runOnSite(task), request, (result) => result);
  },
);

/** Removes the copy that a test made of an item. At the hypervisor it is the test that does so. */
export const removeTestCopy = pollingActivity(
  stepContract("remove-test-copy"),
  "undo",
  async (ports, input, request) => {
    const { worldId, itemId, params } = input;
    const key = keyOnItem("remove-test-copy", input);
    const operation = "remove-test-copy";
    const task = { worldId, executionId: params.testExecutionId, key, itemId, operation, params: {} } as const;
    return pollResultOf(ports, await ports.hypervisor.runOnItem(task), request, (result) => result);
  },
);
