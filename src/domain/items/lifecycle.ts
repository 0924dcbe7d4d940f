import { SCENARIO_TRAITS } from "../scenario-traits.js";
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

/** Why a verb is refused, and what would make it allowed; `remedy` is null when only waiting helps. */
export interface NotAllowed {
  allowed: false;
  code: "verb-not-allowed";
  because: string;
  remedy: string | null;
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
const not = (because: string, remedy: string | null): NotAllowed => ({
  allowed: false,
  code: "verb-not-allowed",
  because,
  remedy,
});
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
const underWay = (state: ItemState, what: string): Row =>
  row(not(`${what} is under way`, CANCELLATIONS[state] === undefined ? null : "cancel the execution"));

/** An item that was not tested. `test` is the cell of `test-failover`, which decides whether a test is a remedy. */
function untested(test: Cell): Partial<Row> {
  const noTest = not("there is no test failover of it", test.allowed ? "test-failover" : null);
  return { "test-failover": test, "test-clean-up": noTest, "promote-test": noTest };
}

const replicatesHome = (verb: Verb): NotAllowed => not("it replicates towards the primary site", verb);
const isAtPrimarySite = not("the workload is at the primary site already", "planned-failover or unplanned-failover");

/** The cells that depend on the direction in which an item replicates. */
interface DirectionRules {
  /** The verbs that move the workload, and the refusals of those that would move it the other way. */
  moves: Partial<Row>;
  /** The verbs of `moves` that are allowed, as a remedy. */
  movers: string;
  protected: Partial<Row>;
  committed: Partial<Row>;
}

const TO_RECOVERY: DirectionRules = {
  moves: {
    "planned-failover": failOver,
    "unplanned-failover": failOver,
    "full-run": fullRun,
    failback: isAtPrimarySite,
    "planned-failback": isAtPrimarySite,
  },
  movers: "planned-failover or unplanned-failover",
  protected: { ...untested(testFailover), "disable-replication": disableReplication("protected") },
  committed: {
    "disable-replication": not("the workload runs at the recovery site", "reprotect, then failback and commit"),
  },
};

const TO_PRIMARY: DirectionRules = {
  moves: {
    failback: failOver,
    "planned-failback": failOver,
    "full-run": fullRun,
    "planned-failover": replicatesHome("planned-failback"),
    "unplanned-failover": replicatesHome("failback"),
  },
  movers: "planned-failback or failback",
  protected: {
    ...untested(not("a failback of this scenario cannot be tested", "failback")),
    "disable-replication": not("the workload runs at the recovery site", "failback and commit"),
  },
  committed: { "disable-replication": disableReplication("committed") },
};

/** The table of an item while it replicates in one direction. A reprotect reverses the direction. */
function lifecycleIn(direction: DirectionRules): Lifecycle {
  const afterFailure = not("the last failover failed", `${direction.movers.replace(" or", ",")} or cancel-failover`);
  return {
    protected: row(not("the item has not failed over", direction.movers), {
      ...direction.moves,
      resynchronise: to("resynchronising", "protected", "protected"),
      reprotect: not("the item is protected already", direction.movers),
      "enable-replication": not("the item replicates already", null),
      "cancel-failover": not("there is no failover to cancel", null),
      ...direction.protected,
    }),
    "testing-failover": underWay("testing-failover", "a test failover"),
    "test-failed-over": row(not("a test failover awaits its clean-up", "test-clean-up"), {
      "test-clean-up": to("cleaning-up", "protected", "test-failed-over"),
      "promote-test": failOver,
    }),
    "cleaning-up": underWay("cleaning-up", "a test clean-up"),
    "failing-over": underWay("failing-over", "a failover"),
    "failover-failed": row(afterFailure, {
      ...direction.moves,
      "full-run": afterFailure,
      "cancel-failover": undo,
    }),
    "failed-over": row(not("the item has failed over and awaits its commit", "commit or cancel-failover"), {
      "change-recovery-point": to("changing-recovery-point", "failed-over", "failover-failed"),
      commit: to("committing", "committed", "failed-over"),
      "cancel-failover": undo,
    }),
    "changing-recovery-point": underWay("changing-recovery-point", "a change of recovery point"),
    committing: underWay("committing", "a commit"),
    committed: row(not("the failover is committed and its recovery points are gone", "reprotect"), {
      reprotect: to("reprotecting", "protected", "committed"),
      "cancel-failover": not("a committed failover cannot be undone", "reprotect"),
      ...direction.committed,
    }),
    reprotecting: underWay("reprotecting", "a reprotect"),
    "disabling-replication": underWay("disabling-replication", "disabling replication"),
    unprotected: row(not("the item is not protected", "enable-replication"), {
      "enable-replication": to("enabling-replication", "protected", "unprotected"),
    }),
    "enabling-replication": underWay("enabling-replication", "enabling replication"),
    resynchronising: underWay("resynchronising", "a resynchronisation"),
    cancelling: underWay("cancelling", "a cancellation"),
  };
}

const toRecovery = lifecycleIn(TO_RECOVERY);
const toPrimary = lifecycleIn(TO_PRIMARY);
const toPrimaryTested = lifecycleIn({
  ...TO_PRIMARY,
  protected: { ...TO_PRIMARY.protected, ...untested(testFailover) },
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
  item: Pick<LifecycleItem, "scenario" | "direction" | "conditions">,
  from: ItemState,
  verb: Verb,
): Cell {
  const cell = transition(item.scenario, from, verb, item.direction);
  if (cell.allowed || verb !== "test-clean-up" || !hasLeftovers(item) || !RESTING_STATES.has(from)) return cell;
  return to("cleaning-up", from, from);
}

/** Whether an execution that holds an item in `state` may be cancelled, and what that leads to. */
export const cancellation = (state: ItemState): Cell =>
  CANCELLATIONS[state] ?? not(`an item cannot be left half way while it is ${state}`, null);

/** What the table needs to know of an item. */
export interface LifecycleItem {
  scenario: Scenario;
  state: ItemState;
  direction: Direction;
  replicationGroupId: string | null;
  heldBy: { executionId: string; verb: Verb } | null;
  conditions?: readonly ItemCondition[] | undefined;
}

export interface AllowedAction {
  verb: Verb;
  allowed: boolean;
  /** Why it is refused; null when it is allowed. `remedy` says what would make it allowed. */
  because: string | null;
  remedy: string | null;
}

/** Verbs that a replication group runs as a whole. */
const GROUP_VERBS: ReadonlySet<Verb> = new Set([
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
  "promote-test",
  "reprotect",
]);

/**
 * Whether a verb may start on an item now: the table, then the execution that holds it, then its replication group.
 * `alone` is false for a plan, because a plan takes all members of a group.
 */
export function mayDo(item: LifecycleItem, verb: Verb, { alone }: { alone: boolean }): Cell {
  const cell = transitionOf(item, item.state, verb);
  if (!cell.allowed) return cell;
  if (item.heldBy !== null) {
    return not(
      `execution ${item.heldBy.executionId} (${item.heldBy.verb}) holds the item`,
      "wait until it ends, or cancel the execution",
    );
  }
  if (alone && item.replicationGroupId !== null && GROUP_VERBS.has(verb)) {
    return not(
      `the item belongs to replication group ${item.replicationGroupId}, whose items move together`,
      "use a plan that contains the whole group",
    );
  }
  return cell;
}

/** For every verb, whether it may start on this item alone, and why not. */
export function allowedActions(item: LifecycleItem): AllowedAction[] {
  return Verbs.options.map((verb) => {
    const cell = mayDo(item, verb, { alone: true });
    return cell.allowed
      ? { verb, allowed: true, because: null, remedy: null }
      : { verb, allowed: false, because: cell.because, remedy: cell.remedy };
  });
}

/** The states in which nothing is under way. */
export const RESTING_STATES: ReadonlySet<ItemState> = new Set([
  "protected",
  "test-failed-over",
  "failover-failed",
  "failed-over",
  "committed",
  "unprotected",
]);
