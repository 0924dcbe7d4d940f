import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { itemWorkflow, step } from "../runtime/item-workflow.js";

/**
 * Accepts one item's failover: its copy stays, every recovery point is deleted (P6), and after a failback the old
 * machine is removed where the scenario says so (P13). The item is committed as soon as its points are gone, even while
 * the old machine is still there.
 */
export const commitItem = itemWorkflow({ succeeded: "committed", failed: "failed-over" }, [
  step("delete-recovery-points", {
    isDone: ({ promoted, hasPoints }) => promoted && !hasPoints,
    onDone: (item) => {
      item.reached = "committed";
    },
  }),
  step("remove-old-machine", {
    when: ({ scenario, direction }) =>
      direction === "recovery-to-primary" && SCENARIO_TRAITS[scenario].removesOldMachine === "at-commit",
    onResult: ({ progress }, { removed }) => {
      if (removed.length > 0) progress.note("remove-old-machine", `removed ${removed.join(", ")}`);
    },
  }),
]);
