import type { Story } from "./run.js";
import { tellAll } from "./stages.js";
import { removeLeftNetworks } from "./test-network.js";

/** Takes a failover that awaits its commit, or that failed, back to protection (P7). */
export const cancelFailover: Story = function* (run) {
  yield* tellAll(run, "restore-item");
  yield* removeLeftNetworks(run);
};
