import { itemWorkflow, step } from "../runtime/item-workflow.js";
import { removeTestCopy } from "./test-item.js";

/**
 * Undoes a failover of one item. A step that fails ends it: the source must not start while the replica may still take
 * writes. Steps that were never done are found undone already. A test copy that was to be promoted and is still there
 * goes last, since protection does not wait for it.
 */
export const restoreItem = itemWorkflow(
  { succeeded: "protected", failed: "failover-failed", marks: { restored: true } },
  [
    step("demote-replica", {
      params: (item) => ({ epoch: item.raiseEpoch(2) }),
      onFailure: (item, { code }) => {
        if (code !== "verb-not-allowed") return;
        // It turned out to be committed: that stays so, and is recorded so.
        item.reached = "committed";
        delete item.findings.epoch;
      },
    }),
    step("restore-replication"),
    step("restart-source", {
      onResult: ({ findings }, { copy }) => Object.assign(findings, { activeSiteId: copy.siteId }),
    }),
    step("verify-protected"),
    removeTestCopy,
  ],
);
