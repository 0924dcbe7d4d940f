import { checkPrerequisites } from "./check-prerequisites.js";
import type { Story } from "./run.js";
import { itemsToDo, tellAll } from "./stages.js";

/** Replicates the other way round, from where the workloads run now, until they are protected again. */
export const reprotect: Story = function* (run) {
  yield* checkPrerequisites(run);
  const options = run.plan.reprotect;
  yield* tellAll(run, "reprotect-item", itemsToDo(run), () => ({ reprotect: options }));
};
