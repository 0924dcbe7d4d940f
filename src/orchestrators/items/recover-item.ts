import { itemWorkflow, required, step } from "../runtime/item-workflow.js";

/** Promotes the replica from the chosen point under a new epoch, starts it and verifies that it runs. */
const promoteAndStart = [
  step("promote-replica", {
    params: (item) => ({
      pointId: required(item.task.pointId, "the recovery point of a promotion"),
      epoch: item.raiseEpoch(1),
      planned: item.circumstances.planned,
    }),
    onResult: ({ findings }, { point, dataLoss }) => Object.assign(findings, { point, dataLoss }),
  }),
  step("start-replica", {
    params: ({ findings }) => ({ epoch: required(findings.epoch, "the epoch of the promotion") }),
    onResult: (item, { copy }) => item.running(copy.siteId),
  }),
  step("verify-replica", { params: () => ({ copy: "replica" }) }),
  step("await-probes", {
    when: ({ hasProbes }) => hasProbes,
    params: ({ task }) => ({ copy: "replica", probes: task.probes }),
  }),
];

const ends = { succeeded: "failed-over", failed: "failover-failed", marks: { failedOver: true } } as const;

/**
 * Removes the copy of an earlier test first, because nobody cleans it up after the failover. An unplanned failover goes
 * on when the copy cannot be removed: a test must never hold a real failover up.
 */
const removeOldTestCopy = step("remove-test-copy", {
  when: ({ hasTestCopy }) => hasTestCopy,
  params: ({ task }) => ({ testExecutionId: required(task.testExecutionId, "the execution of the test") }),
  mayFail: ({ circumstances }) => !circumstances.planned,
  onFailure: ({ findings, task }, { message }) => {
    findings.leftovers = [`the copy of test ${task.testExecutionId} (${message})`];
  },
});

/** Brings one item up at the other site, from the recovery point chosen for it. */
export const recoverItem = itemWorkflow(ends, [removeOldTestCopy, step("stop-replication"), ...promoteAndStart]);

/** Sets one failed-over item to another recovery point and starts it again. */
export const repointItem = itemWorkflow(ends, promoteAndStart);
