import type { Plan } from "./plan.js";
import type { FailoverType, Verb } from "./vocabulary.js";

/** What decides which phases a run has. */
export interface Circumstances {
  plan: Pick<Plan, "shutdown" | "groups" | "validation">;
  /** Unplanned only: the source site is left alone. */
  skipSourceShutdown: boolean;
  /** Test only: a network that is there is used, so none is made. */
  ownTestNetwork: boolean;
  /** The failover that is committed came home. */
  cameHome: boolean;
}

/** Something that an execution does to the whole plan or to each of its items. */
export interface Phase {
  id: string;
  title: string;
  /** `item`: done for each item, and shown under it. */
  scope: "plan" | "item";
  when?: (circumstances: Circumstances) => boolean;
}

const phase = (id: string, title: string, when?: Phase["when"]): Phase => ({
  id,
  title,
  scope: "plan",
  ...(when && { when }),
});
const each = (id: string, title: string, when?: Phase["when"]): Phase => ({
  ...phase(id, title, when),
  scope: "item",
});

const needsValidation = ({ plan }: Circumstances): boolean => plan.validation.required;
const touchesSource = ({ skipSourceShutdown }: Circumstances): boolean => !skipSourceShutdown;
const leavesAMachine = ({ cameHome }: Circumstances): boolean => cameHome;
const makesNetwork = ({ ownTestNetwork }: Circumstances): boolean => !ownTestNetwork;

/**
 * What every verb does, in the order in which each phase is first come to; from `choose-recovery-point` on, each group
 * of the plan goes through it for itself. The stories in `orchestrators/` visit these phases and no others, and the
 * plan's actions between them.
 */
export const ITINERARIES = {
  "test-failover": [
    phase("prerequisites", "Check prerequisites"),
    phase("test-network", "Create the test network", makesNetwork),
    phase("choose-recovery-point", "Choose the recovery points"),
    phase("groups", "Start the groups"),
    each("create-test-copy", "Create the test copy"),
    each("start-test-copy", "Start the test copy"),
    each("verify", "Verify that it runs"),
  ],
  "test-clean-up": [
    each("remove-test-copy", "Remove the test copy"),
    phase("remove-test-network", "Remove the test network"),
    phase("prove-nothing-left", "Prove that nothing is left"),
  ],
  "planned-failover": [
    phase("prerequisites", "Check prerequisites"),
    phase("shutdown", "Shut the sources down"),
    each("shut-down-source", "Shut the source down"),
    each("final-synchronise", "Synchronise the last changes"),
    phase("choose-recovery-point", "Choose the recovery points"),
    phase("groups", "Start the groups"),
    each("stop-replication", "Stop replication"),
    each("promote-replica", "Promote the replica"),
    each("start-replica", "Start the replica"),
    each("verify", "Verify that it runs"),
    phase("validation", "Await validation", needsValidation),
  ],
  "unplanned-failover": [
    phase("prerequisites", "Check prerequisites"),
    phase("shutdown", "Try to shut the sources down", touchesSource),
    each("shut-down-source", "Try to shut the source down", touchesSource),
    each("final-synchronise", "Try to synchronise the last changes", touchesSource),
    phase("choose-recovery-point", "Choose the recovery points"),
    phase("groups", "Start the groups"),
    each("stop-replication", "Stop replication"),
    each("promote-replica", "Promote the replica"),
    each("start-replica", "Start the replica"),
    each("verify", "Verify that it runs"),
    phase("validation", "Await validation", needsValidation),
  ],
  "change-recovery-point": [
    phase("choose-recovery-point", "Choose the recovery points"),
    each("promote-replica", "Promote the replica from it"),
    each("start-replica", "Start the replica"),
    each("verify", "Verify that it runs"),
  ],
  commit: [
    each("delete-recovery-points", "Delete the recovery points"),
    each("remove-old-machine", "Remove the machine that is not needed any more", leavesAMachine),
  ],
  cancel: [
    each("demote-replica", "Demote the replica"),
    each("restore-replication", "Restore replication"),
    each("restart-source", "Start the source again"),
    each("prove-protected", "Prove that it is protected"),
  ],
  reprotect: [
    phase("prerequisites", "Check prerequisites"),
    each("await-agent", "Find the agent at the configuration server"),
    each("reverse-replication", "Reverse replication"),
    each("prove-replicating", "Prove that it replicates"),
  ],
  failback: [
    phase("prerequisites", "Check prerequisites"),
    phase("shutdown", "Try to shut the machines at the recovery site down", touchesSource),
    each("shut-down-source", "Try to shut the machine down", touchesSource),
    each("final-synchronise", "Try to synchronise the last changes", touchesSource),
    each("choose-recovery-point", "Choose the recovery point"),
    each("stop-replication", "Stop replication"),
    each("promote-replica", "Promote the copy at home"),
    phase("groups", "Start the groups"),
    each("start-replica", "Start the machine at home"),
    each("verify", "Verify that it runs"),
    phase("validation", "Await validation", needsValidation),
  ],
  "full-run": [
    phase("prerequisites", "Check prerequisites"),
    phase("shutdown", "Shut the sources down"),
    each("shut-down-source", "Shut the source down"),
    each("final-synchronise", "Synchronise the last changes"),
    each("choose-recovery-point", "Choose the recovery point"),
    each("stop-replication", "Stop replication"),
    each("promote-replica", "Promote the replica"),
    phase("groups", "Start the groups"),
    each("start-replica", "Start the replica"),
    each("verify", "Verify that it runs"),
    phase("validation", "Await validation", needsValidation),
    phase("commit", "Commit"),
    each("delete-recovery-points", "Delete the recovery points"),
    each("remove-old-machine", "Remove the machine that is not needed any more", leavesAMachine),
    phase("reprotect", "Reprotect"),
    each("await-agent", "Find the agent at the configuration server"),
    each("reverse-replication", "Reverse replication"),
    each("prove-replicating", "Prove that it replicates"),
  ],
  "promote-test": [
    phase("shutdown", "Try to shut the sources down", touchesSource),
    each("shut-down-source", "Try to shut the source down", touchesSource),
    each("stop-replication", "Stop replication"),
    each("promote-test-copy", "Promote the test copy"),
    each("verify", "Verify that it runs"),
    phase("remove-test-network", "Remove the test network"),
  ],
  "disable-replication": [each("end-replication", "Disable replication and clean up")],
  "enable-replication": [
    each("begin-replication", "Replicate for the first time"),
    each("prove-replicating", "Prove that it replicates"),
  ],
  resynchronise: [
    each("compare-copies", "Compare both copies and send what differs"),
    each("prove-replicating", "Prove that it replicates"),
  ],
} as const satisfies Record<Verb, readonly Phase[]>;

/** The phases that a run of the verb would visit, in order. */
export function itineraryOf(verb: Verb, circumstances: Circumstances): Phase[] {
  const phases: readonly Phase[] = ITINERARIES[verb];
  return phases.filter(({ when }) => when?.(circumstances) ?? true);
}

/** Which of a plan's actions a verb concerns; verbs that are not failovers run none. */
export function failoverTypeOf(verb: Verb): FailoverType | null {
  if (verb === "test-failover") return "test";
  if (verb === "planned-failover" || verb === "full-run") return "planned";
  return verb === "unplanned-failover" || verb === "failback" ? "unplanned" : null;
}
