import { itemWorkflow, required, step } from "../runtime/item-workflow.js";
import { removeTestCopy } from "./test-item.js";

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
 * Brings one item up at the other site, from the recovery point chosen for it. The copy of an earlier test is removed
 * first, because nobody cleans it up after the failover.
 */
export const recoverItem = itemWorkflow(ends, [removeTestCopy, step("stop-replication"), ...promoteAndStart]);

/** Sets one failed-over item to another recovery point and starts it again. */
export const repointItem = itemWorkflow(ends, promoteAndStart);
