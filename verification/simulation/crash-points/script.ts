import type { PlanInput } from "../../../src/domain/plan.js";
import type { WorldInput } from "../../../src/domain/world.js";
import type { Town } from "../client/town.js";
import type { Gate } from "../machine/gate.js";
import type { Mishap } from "../scene/faults.js";

/** A run that is written down instead of drawn from a seed: its world, what its only user does, and what goes wrong. */
export interface Script {
  world: WorldInput;
  plan: PlanInput;
  mishaps: readonly Mishap[];
  act(town: Town, gate: Gate): Promise<void>;
}
