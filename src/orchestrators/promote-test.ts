import type { Durable } from "../durable/call.js";
import type { Story } from "./run.js";
import { shutDownSources } from "./shut-down-sources.js";
import { itemsToDo, tellAll, undoByRestoring } from "./stages.js";
import { NETWORKS_STEP } from "./step-ids.js";
import { leaveNoNetworks, removeTestNetworks } from "./test-network.js";
import { awaitValidation } from "./validation.js";

/** Makes a test failover the real one: its copies leave their isolated network and take the workload over. */
export const promoteTest: Story = function* (run) {
  const items = itemsToDo(run);
  const removeNetworks = function* (): Durable<void> {
    if (run.touched) yield* removeTestNetworks(run);
  };
  run.undo.register(NETWORKS_STEP, removeNetworks, { evenWhenKept: true }); // nobody cleans up after a promotion
  undoByRestoring(run, items);
  if (run.plan.attemptShutdown) yield* shutDownSources(run, { must: false });
  yield* tellAll(run, "promote-test-item", items);
  yield* leaveNoNetworks(run);
  yield* awaitValidation(run);
};
