import type { Plan } from "./plans/plan.js";
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

/** What a verb that moves workloads calls the copies that it moves between. */
interface Move {
  /** The copy that runs before, and all of them. */
  from: { one: string; all: string };
  /** The copy that runs afterwards. */
  to: string;
  /** `must`: without it the verb goes no further; `try`: it goes on. */
  release: "must" | "try";
}

const THERE = { from: { one: "the source", all: "the sources" }, to: "the replica" };
const HOME = {
  from: { one: "the machine at the recovery site", all: "the machines at the recovery site" },
  to: "the copy at home",
};

/** What is let go, before anything is brought up. Only a verb that tries can be told to leave it alone. */
function releasePhases({ from, release }: Move): Phase[] {
  if (release === "must") {
    return [
      phase("shutdown", `Shut ${from.all} down`),
      each("shut-down-source", `Shut ${from.one} down`),
      each("final-synchronise", "Synchronise the last changes"),
    ];
  }
  return [
    phase("shutdown", `Try to shut ${from.all} down`, touchesSource),
    each("shut-down-source", `Try to shut ${from.one} down`, touchesSource),
    each("final-synchronise", "Try to synchronise the last changes", touchesSource),
  ];
}

/** The one order of every failover, whichever way it goes. */
const failoverPhases = (move: Move): Phase[] => [
  phase("prerequisites", "Check prerequisites"),
  ...releasePhases(move),
  phase("choose-recovery-point", "Choose the recovery points"),
  phase("groups", "Start the groups"),
  each("stop-replication", "Stop replication"),
  each("promote-replica", `Promote ${move.to}`),
  each("start-replica", `Start ${move.to}`),
  each("verify", "Verify that it runs"),
  phase("validation", "Await validation", needsValidation),
];

const COMMIT_PHASES: readonly Phase[] = [
  each("delete-recovery-points", "Delete the recovery points"),
  each("remove-old-machine", "Remove the machine that is not needed any more", leavesAMachine),
];

const REPROTECT_PHASES: readonly Phase[] = [
  each("await-agent", "Find the agent at the configuration server"),
  each("reverse-replication", "Reverse replication"),
  each("prove-replicating", "Prove that it replicates"),
];

/**
 * What every verb does, in the order in which each phase is first come to; from `choose-recovery-point` on, each group
 * of the plan goes through it for itself. The stories in `orchestrators/` visit these phases and no others, and the
 * plan's actions between them.
 */
export const ITINERARIES: Readonly<Record<Verb, readonly Phase[]>> = {
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
  "planned-failover": failoverPhases({ ...THERE, release: "must" }),
  "unplanned-failover": failoverPhases({ ...THERE, release: "try" }),
  "change-recovery-point": [
    phase("choose-recovery-point", "Choose the recovery points"),
    each("promote-replica", "Promote the replica from it"),
    each("start-replica", "Start the replica"),
    each("verify", "Verify that it runs"),
  ],
  commit: COMMIT_PHASES,
  "cancel-failover": [
    each("demote-replica", "Demote the replica"),
    each("restore-replication", "Restore replication"),
    each("restart-source", "Start the source again"),
    each("prove-protected", "Prove that it is protected"),
  ],
  reprotect: [phase("prerequisites", "Check prerequisites"), ...REPROTECT_PHASES],
  failback: failoverPhases({ ...HOME, release: "try" }),
  "planned-failback": failoverPhases({ ...HOME, release: "must" }),
  "full-run": [
    ...failoverPhases({ ...THERE, release: "must" }),
    phase("commit", "Commit"),
    ...COMMIT_PHASES,
    phase("reprotect", "Reprotect"),
    ...REPROTECT_PHASES,
  ],
  "promote-test": [
    ...releasePhases({ ...THERE, release: "try" }),
    each("stop-replication", "Stop replication"),
    each("promote-test-copy", "Promote the test copy"),
    each("verify", "Verify that it runs"),
    phase("remove-test-network", "Remove the test network"),
    phase("validation", "Await validation", needsValidation),
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
};

/** The phases that a run of the verb would visit, in order. */
export function itineraryOf(verb: Verb, circumstances: Circumstances): Phase[] {
  return ITINERARIES[verb].filter(({ when }) => when?.(circumstances) ?? true);
}

const FAILOVER_TYPES: Partial<Record<Verb, FailoverType>> = {
  "test-failover": "test",
  "planned-failover": "planned",
  "planned-failback": "planned",
  "full-run": "planned",
  "unplanned-failover": "unplanned",
  failback: "unplanned",
};

/** The kind of failover that a verb is, which decides what actions of a plan it runs; null when it is none. */
export const failoverTypeOf = (verb: Verb): FailoverType | null => FAILOVER_TYPES[verb] ?? null;
