import type { z } from "zod";
import { createTestNetwork, findTestLeftovers, removeTestNetwork } from "../activities/contracts/machines.js";
import { callActivity, type Durable } from "../durable/call.js";
import { untilDone } from "../durable/until-done.js";
import { waysAlone } from "../durable/wait.js";
import type { Run } from "./run.js";
import { itemsToDo } from "./stages.js";

const STEP = "test-network";

/** The isolated network at each target site: the one that was named, or one made for the test and removed by an undo. */
export function* prepareTestNetworks(run: Run): Durable<ReadonlyMap<string, string>> {
  const { testNetworkId, targetSiteIds, executionId, stepLimitMs } = run.plan;
  if (testNetworkId !== null) return new Map(targetSiteIds.map((siteId) => [siteId, testNetworkId]));
  const networks = new Map<string, string>();
  yield* run.step(STEP, function* () {
    for (const siteId of targetSiteIds) {
      run.undo.register(STEP, () => removeNetwork(run, siteId, executionId));
      const { networkId } = yield* untilDone(
        waysAlone(run.context),
        createTestNetwork,
        { ...run.on, siteId },
        stepLimitMs,
      );
      networks.set(siteId, networkId);
    }
  });
  return networks;
}

/** What tests of the run's items left behind. */
export function* findLeftovers(run: Run): Durable<z.output<typeof findTestLeftovers.output>> {
  const itemIds = itemsToDo(run).map(({ id }) => id);
  return yield* callActivity(run.context, findTestLeftovers, { ...run.on, itemIds });
}

/** Removes the networks that tests of the run's items made, but for those that copies of other items are on. */
export function* removeTestNetworks(run: Run): Durable<void> {
  const { networks } = yield* findLeftovers(run);
  for (const { siteId, testExecutionId } of networks) yield* removeNetwork(run, siteId, testExecutionId);
}

/** Removes the network that a test made at a site. */
function* removeNetwork(run: Run, siteId: string, testExecutionId: string): Durable<void> {
  const input = { ...run.on, siteId, testExecutionId };
  yield* untilDone(waysAlone(run.context), removeTestNetwork, input, run.plan.stepLimitMs);
}
