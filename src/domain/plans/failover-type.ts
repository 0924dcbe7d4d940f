import type { FailoverType, Verb } from "../vocabulary.js";
import type { Plan } from "./plan.js";

const FAILOVER_TYPES: Partial<Record<Verb, FailoverType>> = {
  "test-failover": "test",
  "planned-failover": "planned",
  "planned-failback": "planned",
  "full-run": "planned",
  "unplanned-failover": "unplanned",
  failback: "unplanned",
};

/** The kind of failover that a verb is, which decides which actions of a plan it runs; null when it is none. */
export const failoverTypeOf = (verb: Verb): FailoverType | null => FAILOVER_TYPES[verb] ?? null;

/** Whether the sources are shut down group by group, each group as a stage of its own, and not all in one stage. */
export const shutsDownByGroup = ({ verb, shutdown }: { verb: Verb; shutdown: Plan["shutdown"] }): boolean =>
  shutdown.order === "reverse-group-order" || failoverTypeOf(verb) === "unplanned";
