/**
 * The invariants. The numbers are those of the reference on reliability; those of drills will follow with this
 * feature.
 */
export const INVARIANTS = {
  I1: "single writer",
  I2: "fencing",
  I3: "no commit before validation",
  I4: "recovery points are deleted only by a commit",
  I5: "a planned failover loses no data",
  I6: "data loss is reported truthfully",
  I7: "group order",
  I8: "one execution per plan and item",
  I9: "effects at most once",
  I10: "cancel is honoured",
  I11: "termination within bounded time",
  I12: "an approval is used once, for what different people approved",
  I13: "nothing happens before its approval",
  I15: "replay is deterministic",
  I16: "acknowledged is durable",
  I17: "events are delivered exactly once",
  I18: "test failovers are isolated",
  I19: "rollback is symmetric",
  I20: "an execution keeps its plan version",
  I21: "limits are respected",
  I23: "a refused request changes nothing",
  I24: "nothing takes effect after its deadline, and no timer early",
  I25: "faults are transparent or declared",
  I26: "corruption is contained",
  I27: "machines share a site",
  I28: "nothing is worse than before",
  I29: "a start does what its prerequisites say",
  I30: "a step that hangs is named",
  I31: "a pause holds",
  I32: "a skipped step does not begin",
  I33: "steering is recorded once and kept",
  I34: "a commit timer decides once, in time, and never against a person",
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** One violation: the invariant, what happened with ids and virtual times, and the entries that show it. */
export interface Violation {
  invariant: Invariant;
  what: string;
  evidence: unknown[];
}

export const violation = (invariant: Invariant, what: string, ...evidence: unknown[]): Violation => ({
  invariant,
  what,
  evidence,
});

/** A virtual time as text. */
export const moment = (ms: number): string => new Date(ms).toISOString();
