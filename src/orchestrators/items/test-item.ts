import { itemWorkflow, required, step } from "../runtime/item-workflow.js";

/** Removes the copy of a test, if there is one. */
export const removeTestCopy = step("remove-test-copy", {
  when: ({ hasTestCopy }) => hasTestCopy,
  params: ({ task }) => ({ testExecutionId: required(task.testExecutionId, "the execution of the test") }),
});

/** Starts a copy of one item on an isolated network; source and replication are not touched. */
export const testItem = itemWorkflow(
  { succeeded: "test-failed-over", failed: "test-failed-over", marks: { tested: true } },
  [
    step("remove-test-copy", {
      when: ({ attempt }) => attempt > 1,
      params: ({ ids }) => ({ testExecutionId: ids.executionId }),
    }),
    step("create-test-copy", {
      params: ({ task }) => ({
        pointId: required(task.pointId, "the recovery point of a test"),
        networkId: required(task.networkId, "the network of a test"),
      }),
      onResult: ({ findings }, { point }) => Object.assign(findings, { point }),
    }),
    step("start-test-copy", { onResult: (item) => item.started() }),
    step("verify-replica", { params: () => ({ copy: "test-copy" }) }),
    step("await-probes", {
      when: ({ hasProbes }) => hasProbes,
      params: ({ task }) => ({ copy: "test-copy", probes: task.probes }),
    }),
  ],
);

/** Removes the test copy of one item. The item is protected again only when nothing at all is left. */
export const cleanUpItem = itemWorkflow({}, [removeTestCopy]);

/** Undoes the test of one item that was cancelled. */
export const revertTestItem = itemWorkflow({ succeeded: "protected", failed: "test-failed-over" }, [removeTestCopy]);

/** Makes the test copy of one item its workload's copy. */
export const promoteTestItem = itemWorkflow(
  { succeeded: "failed-over", failed: "failover-failed", marks: { failedOver: true } },
  [
    step("stop-replication"),
    step("promote-test-copy", {
      params: (item) => ({ epoch: item.raiseEpoch(1) }),
      onResult: (item, { point, dataLoss, copy }) => {
        Object.assign(item.findings, { point, dataLoss });
        item.running(copy.siteId);
      },
    }),
    step("verify-replica", { params: () => ({ copy: "replica" }) }),
  ],
);
