import { checkPrerequisites } from "./check-prerequisites.js";
import type { Story } from "./run.js";
import { shutDownSources } from "./shut-down-sources.js";
import { itemsToDo, undoByRestoring } from "./stages.js";
import { startGroups } from "./start-groups.js";
import { removeLeftNetworks } from "./test-network.js";
import { awaitValidation } from "./validation.js";

/** Brings the plan's items up whatever became of the sources, and says what was lost. */
export const unplannedFailover: Story = function* (run) {
  yield* checkPrerequisites(run);
  undoByRestoring(run, itemsToDo(run));
  if (run.plan.attemptShutdown) yield* shutDownSources(run, { must: false });
  yield* startGroups(run, "recover-item", run.plan.recoveryPoint);
  yield* removeLeftNetworks(run);
  yield* awaitValidation(run);
};
