import type { PlanInput } from "../../../src/domain/plan.js";
import type { WorldInput } from "../../../src/domain/world.js";
import type { Town } from "../client/environment.js";
import type { Gate } from "../runtime/fault-proxy.js";
import type { Mishap } from "../generators/faults.js";

/** A run that is written down instead of drawn from a seed: its world, what its only user does, and what goes wrong. */
export interface Script {
  world: WorldInput;
  plan: PlanInput;
  mishaps: readonly Mishap[];
  act(town: Town, gate: Gate): Promise<void>;
}
