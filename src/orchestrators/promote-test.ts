import { findTestLeftovers } from "../activities/contracts/machines.js";
import { callActivity } from "../durable/call.js";
import type { Story } from "./run.js";
import { shutDownSources } from "./shut-down-sources.js";
import { itemsToDo, tellAll, undoByRestoring } from "./stages.js";
import { removeNetwork } from "./test-network.js";
import { awaitValidation } from "./validation.js";

/** Makes a test failover the real one: its copies leave their isolated network and take the workload over. */
export const promoteTest: Story = function* (run) {
  const items = itemsToDo(run);
  const itemIds = items.map(({ id }) => id);
  const found = yield* callActivity(run.context, findTestLeftovers, { ...run.on, itemIds });
  undoByRestoring(run, items);
  if (run.plan.attemptShutdown) yield* shutDownSources(run, { must: false });
  yield* tellAll(run, "promote-test-item", items);
  yield* run.step("remove-test-network", function* () {
    for (const { siteId, testExecutionId } of found.networks) yield* removeNetwork(run, siteId, testExecutionId);
  });
  yield* awaitValidation(run);
};
