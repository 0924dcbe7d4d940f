import { RecoveryError } from "../domain/errors.js";
import { activity } from "./activity.js";
import { findTestLeftovers as findContract, proveNothingLeft as proveContract } from "./contracts/machines.js";

/** What tests of the items left behind, whichever execution made it. */
export const findTestLeftovers = activity(findContract, async ({ hypervisor }, { worldId, itemIds }) => {
  const { testCopies, testNetworks } = await hypervisor.leftovers(worldId, itemIds, null);
  return {
    copies: testCopies.map(({ itemId, executionId }) => ({ itemId, testExecutionId: executionId })),
    networks: testNetworks.map(({ siteId, executionId }) => ({ siteId, testExecutionId: executionId })),
  };
});

/** Looks once more, and refuses with `leftovers` when something is still there. */
export const proveNothingLeft = activity(proveContract, async ({ hypervisor }, { worldId, itemIds }) => {
  const { testCopies, testNetworks } = await hypervisor.leftovers(worldId, itemIds, null);
  const left = [...testCopies.map(({ name }) => name), ...testNetworks.map(({ networkId }) => networkId)];
  if (left.length > 0) throw new RecoveryError("leftovers", `still there: ${left.slice(0, 20).join(", ")}`);
  return {};
});
