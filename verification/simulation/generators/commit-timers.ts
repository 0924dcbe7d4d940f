import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { Random } from "../random.js";

type TimerInput = NonNullable<PlanInput["commitTimer"]>;

/** A plan whose failovers are sometimes committed, rolled back or judged by probes when nobody decides. */
export function withCommitTimer(plan: PlanInput, random: Random): PlanInput {
  if (random.chance(0.3)) return plan;
  const onExpiry = random.pick<TimerInput["onExpiry"]>(["commit", "roll-back", "probes", "probes"]);
  const afterMinutes = random.pick([1, 20, 120, 600]);
  return {
    ...plan,
    commitTimer: {
      ...{ afterMinutes, onExpiry },
      ...(onExpiry === "probes"
        ? { probes: [{ kind: "tcp", port: random.pick([SERVED_PORT, SERVED_PORT, 81]) }] }
        : {}),
      warnMinutesBefore: random.chance(0.4) ? [afterMinutes / 2] : [],
    },
  };
}

/** The port that every machine of a generated world serves. On any other nobody answers. */
const SERVED_PORT = 443;
