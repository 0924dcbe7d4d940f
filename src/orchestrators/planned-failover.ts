import { checkPrerequisites } from "./check-prerequisites.js";
import type { Story } from "./run.js";
import { shutDownSources } from "./shut-down-sources.js";
import { itemsToDo, undoByRestoring } from "./stages.js";
import { startGroups } from "./start-groups.js";
import { removeLeftNetworks } from "./test-network.js";
import { awaitValidation } from "./validation.js";

/** Moves the plan's items without losing anything: sources off and synchronised first, or it does not run. */
export const plannedFailover: Story = function* (run) {
  yield* checkPrerequisites(run);
  undoByRestoring(run, itemsToDo(run));
  yield* shutDownSources(run, { must: true });
  yield* startGroups(run, "recover-item", { kind: "latest" }); // after the last synchronisation: nothing is lost
  yield* removeLeftNetworks(run);
  yield* awaitValidation(run);
};
