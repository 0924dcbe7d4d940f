import { opposite, SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Direction, ItemState, Scenario, Verb } from "../vocabulary.js";
import { Verb as Verbs } from "../vocabulary.js";
import { hasLeftovers, type ItemCondition } from "./item-record.js";

/** The states that a verb takes an item to: while it runs, when it succeeds, when it fails. */
export interface Transition {
  allowed: true;
  during: ItemState;
  after: ItemState;
  failed: ItemState;
}

/** Why a verb is refused. `advice.ts` says what would make it allowed. */
export interface NotAllowed {
  allowed: false;
  code: "verb-not-allowed";
  because: string;
  /**
   * Why a plan passes over the item: `already-done` when it is where the verb would bring it, `not-applicable` when the
   * verb has nothing to do for it; null when the verb should do something and cannot.
   */
  nothingToDo: "already-done" | "not-applicable" | null;
  /** The verb that does here what the caller wants. */
  useInstead: Verb | null;
}

export type Cell = Transition | NotAllowed;
type Row = Record<Verb, Cell>;
export type Lifecycle = Record<ItemState, Row>;

const to = (during: ItemState, after: ItemState, failed: ItemState): Transition => ({
  allowed: true,
  during,
  after,
  failed,
});
const refused = (
  because: string,
  { nothingToDo = null, useInstead = null }: Partial<Pick<NotAllowed, "nothingToDo" | "useInstead">> = {},
): NotAllowed => ({ allowed: false, code: "verb-not-allowed", because, nothingToDo, useInstead });
const alreadyDone = (because: string, useInstead: Verb | null = null): NotAllowed =>
  refused(because, { nothingToDo: "already-done", useInstead });
const notApplicable = (because: string, useInstead: Verb | null = null): NotAllowed =>
  refused(because, { nothingToDo: "not-applicable", useInstead });

/** A row that refuses every verb with the same reason, except in the cells given. */
const row = (refusal: NotAllowed, cells: Partial<Row> = {}): Row => {
  const all = Object.fromEntries(Verbs.options.map((verb) => [verb, refusal])) as Row;
  return { ...all, ...cells };
};

const undo = to("cancelling", "protected", "failover-failed");
const failOver = to("failing-over", "failed-over", "failover-failed");
const fullRun = to("failing-over", "protected", "failover-failed");
const testFailover = to("testing-failover", "test-failed-over", "test-failed-over");
const disableReplication = (from: ItemState): Transition => to("disabling-replication", "unprotected", from);

/** What cancelling an execution leads to, by the state in which it holds an item. Other states last only a moment. */
const CANCELLATIONS: Partial<Record<ItemState, Transition>> = {
  "testing-failover": to("cancelling", "protected", "test-failed-over"),
  "failing-over": undo,
  reprotecting: to("cancelling", "committed", "committed"),
};

/** Every verb is refused while an execution is under way. */
const underWay = (what: string): Row => row(refused(`${what} is under way`));

/** The states in which something is under way. */
const UNDER_WAY = {
  "testing-failover": underWay("a test failover"),
  "cleaning-up": underWay("a test clean-up"),
  "failing-over": underWay("a failover"),
  "changing-recovery-point": underWay("a change of recovery point"),
  committing: underWay("a commit"),
  reprotecting: underWay("a reprotect"),
  "disabling-replication": underWay("disabling replication"),
  "enabling-replication": underWay("enabling replication"),
  resynchronising: underWay("a resynchronisation"),
  cancelling: underWay("a cancellation"),
} satisfies Partial<Lifecycle>;

const NO_TEST: Partial<Row> = {
  "test-clean-up": notApplicable("there is no test failover of it"),
  "promote-test": refused("there is no test failover of it"),
};
const NO_FAILOVER: Partial<Row> = {
  commit: notApplicable("the item has not failed over"),
  "cancel-failover": notApplicable("there is no failover to cancel"),
  "change-recovery-point": notApplicable("the item has not failed over"),
};

/** The cells that depend on the direction in which an item replicates. */
interface DirectionRules {
  /** The verbs that move the workload the way it replicates; the last one does not wait for anything. */
  forwards: readonly [planned: Verb, unplanned: Verb];
  /** The verbs that would bring the workload to where it runs while it is protected, and the refusal of each. */
  backwards: Partial<Row>;
  protected: Partial<Row>;
  committed: Partial<Row>;
}

const atPrimary = (useInstead: Verb): NotAllowed =>
  notApplicable("the workload is at the primary site already", useInstead);
const atRecovery = (useInstead: Verb): NotAllowed =>
  notApplicable("the workload is at the recovery site already", useInstead);

const TO_RECOVERY: DirectionRules = {
  forwards: ["planned-failover", "unplanned-failover"],
  backwards: { failback: atPrimary("unplanned-failover"), "planned-failback": atPrimary("planned-failover") },
  protected: { "test-failover": testFailover, "disable-replication": disableReplication("protected") },
  committed: {},
};

const TO_PRIMARY: DirectionRules = {
  forwards: ["planned-failback", "failback"],
  backwards: {
    "planned-failover": atRecovery("planned-failback"),
    "unplanned-failover": atRecovery("failback"),
  },
  protected: { "test-failover": refused("a failback of this scenario cannot be tested") },
  committed: { "disable-replication": disableReplication("committed") },
};

const cellsOf = (verbs: readonly Verb[], cell: Cell): Partial<Row> =>
  Object.fromEntries(verbs.map((verb) => [verb, cell]));

/** The table of an item while it replicates in one direction. A reprotect reverses the direction. */
function lifecycleIn({ forwards, backwards, ...rules }: DirectionRules): Lifecycle {
  const [, unplanned] = forwards;
  const awayFromHome = refused("the workload runs at the recovery site");
  const arrived = { ...cellsOf(forwards, alreadyDone("the workload is at the other site already")), ...NO_TEST };
  return {
    ...UNDER_WAY,
    protected: row(refused("the item is protected"), {
      ...NO_TEST,
      ...NO_FAILOVER,
      ...cellsOf(forwards, failOver),
      ...backwards,
      "full-run": fullRun,
      resynchronise: to("resynchronising", "protected", "protected"),
      reprotect: notApplicable("it has no failover to reverse"),
      "enable-replication": alreadyDone("the item replicates already"),
      "disable-replication": awayFromHome,
      ...rules.protected,
    }),
    "test-failed-over": row(refused("a test failover awaits its clean-up"), {
      ...NO_FAILOVER,
      ...backwards,
      reprotect: notApplicable("it has no failover to reverse"),
      "enable-replication": alreadyDone("the item replicates already"),
      [unplanned]: failOver, // a test never holds a real failover up
      "test-failover": alreadyDone("a test failover of it awaits its clean-up"),
      "test-clean-up": to("cleaning-up", "protected", "test-failed-over"),
      "promote-test": failOver,
    }),
    "failover-failed": row(refused("the last failover failed"), {
      ...NO_TEST,
      "test-clean-up": notApplicable("cancel-failover removes what is left of its test", "cancel-failover"),
      ...cellsOf(forwards, failOver),
      "enable-replication": notApplicable("its protection is enabled; cancel-failover restores it", "cancel-failover"),
      "cancel-failover": undo,
    }),
    "failed-over": row(refused("the item has failed over and awaits its commit"), {
      ...arrived,
      "enable-replication": notApplicable("its protection is enabled; it replicates again after commit and reprotect"),
      "promote-test": alreadyDone("the workload is at the other site already"),
      "change-recovery-point": to("changing-recovery-point", "failed-over", "failover-failed"),
      commit: to("committing", "committed", "failed-over"),
      "cancel-failover": undo,
    }),
    committed: row(refused("the failover is committed and its recovery points are gone"), {
      ...arrived,
      "enable-replication": notApplicable("its protection is enabled; reprotect makes it replicate again", "reprotect"),
      commit: alreadyDone("the failover is committed already"),
      "change-recovery-point": notApplicable("the failover is committed and its recovery points are gone"),
      reprotect: to("reprotecting", "protected", "committed"),
      "cancel-failover": notApplicable("a committed failover cannot be undone", "reprotect"),
      "disable-replication": awayFromHome,
      ...rules.committed,
    }),
    unprotected: row(refused("the item is not protected"), {
      ...NO_TEST,
      ...NO_FAILOVER,
      ...backwards,
      reprotect: notApplicable("it has no failover to reverse"),
      "disable-replication": alreadyDone("the item is not protected"),
      "enable-replication": to("enabling-replication", "protected", "unprotected"),
    }),
  };
}

const toRecovery = lifecycleIn(TO_RECOVERY);
const toPrimary = lifecycleIn(TO_PRIMARY);
const toPrimaryTested = lifecycleIn({
  ...TO_PRIMARY,
  protected: { ...TO_PRIMARY.protected, "test-failover": testFailover },
});

function lifecycleOf(scenario: Scenario, direction: Direction): Lifecycle {
  if (direction === "primary-to-recovery") return toRecovery;
  return SCENARIO_TRAITS[scenario].testsFailback ? toPrimaryTested : toPrimary;
}

/** Whether a verb is allowed in a state, by scenario and direction of replication, and what it leads to. */
export function transition(
  scenario: Scenario,
  state: ItemState,
  verb: Verb,
  direction: Direction = "primary-to-recovery",
): Cell {
  return lifecycleOf(scenario, direction)[state][verb];
}

/**
 * The same for an item. What a forced clean-up left of it may be cleaned up in any resting state, which stays as it is.
 */
export function transitionOf(
  item: Pick<Place, "scenario" | "direction"> & { conditions?: readonly ItemCondition[] | undefined },
  from: ItemState,
  verb: Verb,
): Cell {
  const cell = transition(item.scenario, from, verb, item.direction);
  if (cell.allowed || verb !== "test-clean-up" || !hasLeftovers(item) || !RESTING_STATES.has(from)) return cell;
  return to("cleaning-up", from, from);
}

/** Whether an execution that holds an item in `state` may be cancelled, and what that leads to. */
export const cancellation = (state: ItemState): Cell =>
  CANCELLATIONS[state] ?? refused(`an item cannot be left half way while it is ${state}`);

/** The states in which nothing is under way. */
export const RESTING_STATES: ReadonlySet<ItemState> = new Set([
  "protected",
  "test-failed-over",
  "failover-failed",
  "failed-over",
  "committed",
  "unprotected",
]);

/** The states in which a copy at the other site may run, or should. */
export const MOVED_STATES: ReadonlySet<ItemState> = new Set([
  "failed-over",
  "failover-failed",
  "committed",
  "test-failed-over",
]);

/** Verbs that turn the direction of replication round when they succeed. */
export const REVERSES: ReadonlySet<Verb> = new Set(["reprotect", "full-run"]);

/** What the table knows of an item: where it stands. */
export interface Place {
  scenario: Scenario;
  state: ItemState;
  direction: Direction;
}

/** Where an item stands after a verb that succeeds or fails there; null when the verb is not allowed. */
export function placeAfter({ scenario, state, direction }: Place, verb: Verb, succeeds: boolean): Place | null {
  const cell = transition(scenario, state, verb, direction);
  if (!cell.allowed) return null;
  if (!succeeds) return { scenario, state: cell.failed, direction };
  const turned = verb === "disable-replication" ? "primary-to-recovery" : direction;
  return { scenario, state: cell.after, direction: REVERSES.has(verb) ? opposite(direction) : turned };
}
