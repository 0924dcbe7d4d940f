import { itemWorkflow, step } from "../runtime/item-workflow.js";
import { removeTestCopy } from "./test-item.js";

/**
 * Undoes a failover of one item. A step that fails ends the workflow, because the source must not start while the
 * replica may still take writes. The source comes before its replication: what ran, runs again first. Undoing a step that was never done has no effect. A test copy whose promotion was
 * undone is removed last, because protection does not depend on it.
 */
export const restoreItem = itemWorkflow(
  { succeeded: "protected", failed: "failover-failed", marks: { restored: true }, undoes: true },
  [
    step("demote-replica", {
      params: (item) => ({ epoch: item.raiseEpoch(2) }),
      onFailure: (item, { code }) => {
        if (code !== "verb-not-allowed") return;
        // The hypervisor says that it is committed, and a commit is final.
        item.reached = "committed";
        delete item.findings.epoch;
      },
    }),
    step("restart-source", {
      onResult: ({ findings }, { copy }) => Object.assign(findings, { activeSiteId: copy.siteId }),
    }),
    step("restore-replication"),
    step("verify-protected"),
    removeTestCopy,
  ],
);
