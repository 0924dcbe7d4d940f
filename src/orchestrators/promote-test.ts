import { findTestLeftovers } from "../activities/contracts/machines.js";
import { callActivity } from "../durable/call.js";
import type { Story } from "./run.js";
import { shutDownSources } from "./shut-down-sources.js";
import { itemsToDo, tellAll, undoByRestoring } from "./stages.js";
import { removeNetworks } from "./test-network.js";
import { awaitValidation } from "./validation.js";

const NETWORKS_STEP = "remove-test-network";

/** Makes a test failover the real one: its copies leave their isolated network and take the workload over. */
export const promoteTest: Story = function* (run) {
  const items = itemsToDo(run);
  const itemIds = items.map(({ id }) => id);
  const found = yield* callActivity(run.context, findTestLeftovers, { ...run.on, itemIds });
  run.undo.register(NETWORKS_STEP, function* () {
    if (run.touched) yield* removeNetworks(run, found.networks);
  });
  undoByRestoring(run, items);
  if (run.plan.attemptShutdown) yield* shutDownSources(run, { must: false });
  yield* tellAll(run, "promote-test-item", items);
  yield* run.step(NETWORKS_STEP, () => removeNetworks(run, found.networks));
  yield* awaitValidation(run);
};
