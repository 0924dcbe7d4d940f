import type { Story } from "./run.js";
import { tellAll } from "./stages.js";
import { removeLeftNetworks } from "./test-network.js";

/** Accepts a failover: the active copies stay, every recovery point is deleted (P6). */
export const commit: Story = function* (run) {
  yield* tellAll(run, "commit-item");
  yield* removeLeftNetworks(run);
};
