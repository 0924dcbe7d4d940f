import type { Story } from "./run.js";
import { tellAll } from "./stages.js";

/** Ends the protection of items that run at home. */
export const disableReplication: Story = function* (run) {
  yield* tellAll(run, "disable-item");
};

/** Protects items anew, by a full copy to the recovery site. */
export const enableReplication: Story = function* (run) {
  yield* tellAll(run, "enable-item");
};

/** Compares both copies of each item and sends what differs. */
export const resynchronise: Story = function* (run) {
  yield* tellAll(run, "resynchronise-item");
};
