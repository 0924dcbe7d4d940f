import { SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Direction, ItemState, Scenario, Verb } from "../vocabulary.js";
import { Verb as Verbs } from "../vocabulary.js";

/** What a verb does to an item's state: under way, when it succeeded, when it failed. */
export interface Transition {
  allowed: true;
  during: ItemState;
  after: ItemState;
  failed: ItemState;
}

/** Why a verb is not allowed, and what would make it so; `remedy` is null when nothing but waiting does. */
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
/** A row in which every verb is refused with the same words, but for the cells given. */
const row = (refusal: NotAllowed, cells: Partial<Row> = {}): Row => {
  const all = Object.fromEntries(Verbs.options.map((verb) => [verb, refusal])) as Row;
  return { ...all, ...cells };
};

const underWay = (what: string): NotAllowed => not(`${what} is under way`, null);
const noCancel = (what: string): NotAllowed => not(`${what} cannot be cancelled half way; it ends in a moment`, null);
const busy = (what: string): Row => row(underWay(what), { "cancel-failover": noCancel(what) });

const noTestToCleanUp = not("there is no test failover to clean up", "test-failover");
const nothingUnderWay = not("nothing is under way", null);
const failOver = to("failing-over", "failed-over", "failover-failed");
const runThrough = to("failing-over", "protected", "failover-failed");
const undo = to("cancelling", "protected", "failover-failed");
const test = to("testing-failover", "test-failed-over", "test-failed-over");

/** What the two directions do not share: how a protected item moves, and how it is let go. */
interface Way {
  moves: Partial<Row>;
  movers: string;
  protected: Partial<Row>;
  committed: Partial<Row>;
}

const disable = (from: ItemState): Transition => to("disabling-replication", "unprotected", from);
const goHome = (verb: Verb): NotAllowed => not("it replicates towards the primary site", verb);

const THERE: Way = {
  moves: {
    "planned-failover": failOver,
    "unplanned-failover": failOver,
    "full-run": runThrough,
    failback: not("the workload is at the primary site already", "planned-failover or unplanned-failover"),
    "planned-failback": not("the workload is at the primary site already", "planned-failover or unplanned-failover"),
  },
  movers: "planned-failover or unplanned-failover",
  protected: { "test-failover": test, "disable-replication": disable("protected") },
  committed: {
    "disable-replication": not("the workload runs at the recovery site", "reprotect, then failback and commit"),
  },
};

const HOME: Way = {
  moves: {
    failback: failOver,
    "planned-failback": failOver,
    "full-run": runThrough,
    "planned-failover": goHome("planned-failback"),
    "unplanned-failover": goHome("failback"),
  },
  movers: "planned-failback or failback",
  protected: {
    "test-failover": not("a failback of this scenario is not tested beforehand", "failback"),
    "disable-replication": not("the workload runs at the recovery site", "failback and commit"),
  },
  committed: { "disable-replication": disable("committed") },
};

/** An item's states and verbs while it replicates one way. A reprotect turns the way round. */
const lifecycleOn = (way: Way): Lifecycle => ({
  protected: row(not("the item has not failed over", way.movers), {
    ...way.moves,
    "test-clean-up": noTestToCleanUp,
    "promote-test": noTestToCleanUp,
    resynchronise: to("resynchronising", "protected", "protected"),
    reprotect: not("the item is protected already", way.movers),
    "enable-replication": not("the item replicates already", null),
    "cancel-failover": nothingUnderWay,
    ...way.protected,
  }),
  "testing-failover": row(underWay("a test failover"), {
    "cancel-failover": to("cancelling", "protected", "test-failed-over"),
  }),
  "test-failed-over": row(not("a test failover awaits its clean-up", "test-clean-up"), {
    "test-clean-up": to("cleaning-up", "protected", "test-failed-over"),
    "promote-test": failOver,
  }),
  "cleaning-up": busy("a test clean-up"),
  "failing-over": row(underWay("a failover"), { "cancel-failover": undo }),
  "failover-failed": row(not("the last failover failed", `${way.movers.replace(" or", ",")} or cancel-failover`), {
    ...way.moves,
    "full-run": not("the last failover failed", `${way.movers.replace(" or", ",")} or cancel-failover`),
    "test-clean-up": noTestToCleanUp,
    "cancel-failover": undo,
  }),
  "failed-over": row(not("the item has failed over and awaits its commit", "commit or cancel-failover"), {
    "change-recovery-point": to("changing-recovery-point", "failed-over", "failover-failed"),
    commit: to("committing", "committed", "failed-over"),
    "test-clean-up": noTestToCleanUp,
    "cancel-failover": undo,
  }),
  "changing-recovery-point": busy("a change of recovery point"),
  committing: busy("a commit"),
  committed: row(not("the failover is committed and its recovery points are gone", "reprotect"), {
    reprotect: to("reprotecting", "protected", "committed"),
    "test-clean-up": noTestToCleanUp,
    "cancel-failover": not("a committed failover cannot be undone", "reprotect"),
    ...way.committed,
  }),
  reprotecting: row(underWay("a reprotect"), { "cancel-failover": to("cancelling", "committed", "committed") }),
  "disabling-replication": busy("disabling replication"),
  unprotected: row(not("the item is not protected", "enable-replication"), {
    "enable-replication": to("enabling-replication", "protected", "unprotected"),
  }),
  "enabling-replication": busy("enabling replication"),
  resynchronising: busy("a resynchronisation"),
  cancelling: row(underWay("a cancel"), { "cancel-failover": not("it is being cancelled already", null) }),
});

const there = lifecycleOn(THERE);
const home = lifecycleOn(HOME);
const testedHome = lifecycleOn({ ...HOME, protected: { ...HOME.protected, "test-failover": test } });

function lifecycleOf(scenario: Scenario, direction: Direction): Lifecycle {
  if (direction === "primary-to-recovery") return there;
  return SCENARIO_TRAITS[scenario].testsTheWayHome ? testedHome : home;
}

/** The one answer to "may this verb be done to an item of this scenario in this state, replicating this way". */
export function transition(
  scenario: Scenario,
  state: ItemState,
  verb: Verb,
  direction: Direction = "primary-to-recovery",
): Cell {
  return lifecycleOf(scenario, direction)[state][verb];
}

/** What the table needs to know of an item. */
export interface LifecycleItem {
  scenario: Scenario;
  state: ItemState;
  direction: Direction;
  replicationGroupId: string | null;
  heldBy: { executionId: string; verb: Verb } | null;
}

export interface ActionAnswer {
  verb: Verb;
  allowed: boolean;
  /** Why not, and what would make it so; null when allowed. */
  because: string | null;
  remedy: string | null;
}

/** What a replication group does as a whole. */
const TOGETHER: ReadonlySet<Verb> = new Set([
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
  "promote-test",
  "reprotect",
]);

/**
 * Whether a verb may be done to an item as it stands: the table, then who holds it, then its replication group.
 * `alone` is false when a plan does it, since a plan takes all members of a group.
 */
export function mayDo(item: LifecycleItem, verb: Verb, { alone }: { alone: boolean }): Cell {
  const cell = transition(item.scenario, item.state, verb, item.direction);
  if (!cell.allowed) return cell;
  if (item.heldBy !== null && verb !== "cancel-failover") {
    return not(
      `execution ${item.heldBy.executionId} (${item.heldBy.verb}) holds the item`,
      "wait for its end, or cancel",
    );
  }
  if (alone && item.replicationGroupId !== null && TOGETHER.has(verb)) {
    return not(
      `the item belongs to replication group ${item.replicationGroupId}, whose items go together`,
      "a plan that has the whole group",
    );
  }
  return cell;
}

/** Every verb with whether it is allowed on the item alone, and why not. */
export function allowedActions(item: LifecycleItem): ActionAnswer[] {
  return Verbs.options.map((verb) => {
    const cell = mayDo(item, verb, { alone: true });
    return cell.allowed
      ? { verb, allowed: true, because: null, remedy: null }
      : { verb, allowed: false, because: cell.because, remedy: cell.remedy };
  });
}

/** States at rest: nothing is under way in them. */
export const RESTING_STATES: ReadonlySet<ItemState> = new Set([
  "protected",
  "test-failed-over",
  "failover-failed",
  "failed-over",
  "committed",
  "unprotected",
]);
