import { z } from "zod";

/** The kind of protection: which kinds of sites it connects. */
export const Scenario = z.enum(["vmware-to-azure", "physical-to-azure", "hyperv-to-hyperv", "azure-to-azure"]);
export type Scenario = z.infer<typeof Scenario>;

/** Where machines run. Physical servers belong to a vCenter site's configuration server. */
export const SiteKind = z.enum(["vcenter", "vmm-cloud", "azure-region"]);
export type SiteKind = z.infer<typeof SiteKind>;

/** What an execution does to an item or a plan. */
export const Verb = z.enum([
  "test-failover",
  "test-clean-up",
  "planned-failover",
  "unplanned-failover",
  "change-recovery-point",
  "commit",
  "reprotect",
  "failback",
  "planned-failback",
  "cancel-failover",
  "full-run",
  "promote-test",
  "disable-replication",
  "enable-replication",
  "resynchronise",
]);
export type Verb = z.infer<typeof Verb>;

/** Verbs that start copies of the workload at the other site. */
export const MOVES: readonly Verb[] = [
  "test-failover",
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
];

/** Where the workload of an item is. A transient state is a gerund, a resting state a participle. */
export const ItemState = z.enum([
  "protected",
  "testing-failover",
  "test-failed-over",
  "cleaning-up",
  "failing-over",
  "failover-failed",
  "failed-over",
  "changing-recovery-point",
  "committing",
  "committed",
  "reprotecting",
  "disabling-replication",
  "unprotected",
  "enabling-replication",
  "resynchronising",
  "cancelling",
]);
export type ItemState = z.infer<typeof ItemState>;

export const ExecutionStatus = z.enum([
  "running",
  "awaiting-approval",
  "awaiting-input",
  "paused",
  "succeeded",
  "succeeded-with-failures",
  "failed",
  "cancelled",
]);
export type ExecutionStatus = z.infer<typeof ExecutionStatus>;

export const StepStatus = z.enum([
  "waiting",
  "running",
  "awaiting-input",
  "succeeded",
  "succeeded-with-failures",
  "failed",
  "skipped",
  "already-done",
  "cancelled",
]);
export type StepStatus = z.infer<typeof StepStatus>;

export const FailoverType = z.enum(["test", "planned", "unplanned"]);
export type FailoverType = z.infer<typeof FailoverType>;

export const Direction = z.enum(["primary-to-recovery", "recovery-to-primary"]);
export type Direction = z.infer<typeof Direction>;

/** The direction of a whole execution. A plan may move its items in different directions. */
export const ExecutionDirection = z.enum([...Direction.options, "mixed"]);
export type ExecutionDirection = z.infer<typeof ExecutionDirection>;

export const Criticality = z.enum(["critical", "optional"]);
export type Criticality = z.infer<typeof Criticality>;

/**
 * What an execution does after a failure: continue, ask a person, stop and leave the items where they are, or undo
 * everything.
 */
export const OnFailure = z.enum(["continue", "ask", "stop", "undo"]);
export type OnFailure = z.infer<typeof OnFailure>;

/** The possible answers when an execution asks a person about a failure. */
export const FailureAnswer = z.enum(["retry", "skip", "stop", "undo"]);
export type FailureAnswer = z.infer<typeof FailureAnswer>;
