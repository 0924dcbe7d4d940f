import type { FailoverType, Verb } from "../vocabulary.js";

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
