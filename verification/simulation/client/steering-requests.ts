/** What people ask of an execution that runs, beside its answers and its cancel. */
export type SteeringAct =
  | { action: "pause" | "resume" | "switch-to-unplanned" }
  /** Without `itemIds`: all that failed. */
  | { action: "retry"; itemIds: string[] | undefined }
  | { action: "skip"; stepIds: string[] }
  | { action: "edit"; planVersion: number }
  /** `until` is the end that the person saw. */
  | { action: "extend"; stepId: string; until: string; minutes: number };

/** What people ask of the commit timer of a failover that ended. */
type TimerChange = { action: "cancel" } | { action: "extend"; until: string };

/** How people steer executions. */
export type SteeringRequest =
  | { kind: "steer"; executionId: string; person: string; act: SteeringAct }
  | { kind: "change-timer"; executionId: string; person: string; act: TimerChange };
