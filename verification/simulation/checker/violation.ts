/**
 * The invariants. The numbers are those of the reference on reliability; those of approvals and drills will follow with
 * these features.
 */
export const INVARIANTS = {
  I1: "single writer",
  I2: "fencing",
  I3: "no commit before validation",
  I4: "recovery points die only at commit",
  I5: "a planned failover loses nothing",
  I6: "loss is told truthfully",
  I7: "group order",
  I8: "one execution per plan and per item",
  I9: "effects at most once",
  I10: "cancel is true",
  I11: "terminal within bounded time",
  I15: "replay is deterministic",
  I16: "acknowledged is durable",
  I17: "no event lost or doubled",
  I18: "a test touches nothing",
  I19: "the way back is symmetric",
  I20: "an execution keeps its plan",
  I21: "limits hold",
  I25: "faults are transparent or declared",
  I26: "poison is contained",
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
