import { plannedFailover } from "./planned-failover.js";
import type { Story } from "./run.js";

/** Brings the plan's items home without losing anything: what a planned failover is, the other way. */
export const plannedFailback: Story = (run) => plannedFailover(run);
