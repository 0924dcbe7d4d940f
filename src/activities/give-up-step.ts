import { activity, keyOnItem } from "./activity.js";
import { giveUpStep as contract } from "./contracts/machines.js";

/** Gives up a step on an item, so that it can't take effect after it was told to have failed. */
export const giveUpStep = activity(contract, async ({ hypervisor }, input) => {
  const { worldId, itemId, step } = input;
  await hypervisor.abandonTask(worldId, itemId, keyOnItem({ name: step }, input));
  return {};
});
