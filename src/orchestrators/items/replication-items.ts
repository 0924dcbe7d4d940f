import { itemWorkflow, step } from "../runtime/item-workflow.js";

/** Ends the protection of one item at home; what a failback left at the recovery site goes with it (A10). */
export const disableItem = itemWorkflow({ succeeded: "unprotected", marks: { restored: true } }, [
  step("disable-replication", {
    isDone: ({ direction, promoted, replicating, hasPoints }) =>
      direction === "primary-to-recovery" && !promoted && !replicating && !hasPoints,
    onResult: ({ progress }, { removed }) => {
      if (removed.length > 0) progress.note("disable-replication", `removed ${removed.join(", ")}`);
    },
    onDone: ({ findings }) => Object.assign(findings, { direction: "primary-to-recovery" }),
  }),
]);

/** Protects one unprotected item. */
export const enableItem = itemWorkflow({ succeeded: "protected", failed: "unprotected" }, [
  step("enable-replication", {
    isDone: ({ direction, promoted, replicating }) => direction === "primary-to-recovery" && !promoted && replicating,
  }),
  step("verify-replicating"),
]);

/** Compares both copies of one item and sends what differs. */
export const resynchroniseItem = itemWorkflow({ succeeded: "protected", failed: "protected" }, [
  step("resynchronise"),
  step("verify-replicating"),
]);
