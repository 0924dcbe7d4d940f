import type { ReprotectOptions } from "../../domain/failback/reprotect-options.js";
import { opposite, SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { bytesText } from "../../domain/wording.js";
import { itemWorkflow, required, step } from "../runtime/item-workflow.js";

const optionsOf = ({ task }: { task: { reprotect?: ReprotectOptions | undefined } }): ReprotectOptions =>
  required(task.reprotect, "the options of a reprotect");

/** Reverses the replication of one committed item, so that it is protected the other way. */
export const reprotectItem = itemWorkflow({ succeeded: "protected", failed: "committed", marks: { restored: true } }, [
  step("await-agent", {
    when: ({ scenario }) => SCENARIO_TRAITS[scenario].agentRegisters,
    params: (item) => ({ wait: optionsOf(item).waitForAgent }),
  }),
  step("reverse-replication", {
    params: (item) => ({ options: optionsOf(item) }),
    isDone: ({ direction, promoted, replicating }, item) =>
      direction !== item.circumstances.direction && !promoted && replicating,
    onResult: ({ findings, progress }, { caughtUpBy, bytes, created, removed }) => {
      findings.replicated = { caughtUpBy, bytes, created, removed };
      progress.note("reverse-replication", `${caughtUpBy}: ${bytesText(bytes)} travelled`);
    },
    onDone: ({ findings, circumstances }) => Object.assign(findings, { direction: opposite(circumstances.direction) }),
  }),
  step("verify-replicating"),
]);
