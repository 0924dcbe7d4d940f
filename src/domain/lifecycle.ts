import type { Direction, ItemState, Scenario, Verb } from "./vocabulary.js";
import { Verb as Verbs } from "./vocabulary.js";

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
  code: "verb-not-allowed" | "verb-not-served" | "scenario-not-served";
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
const notServed = (verb: Verb): NotAllowed => ({
  allowed: false,
  code: "verb-not-served",
  because: `${verb} is not served yet`,
  remedy: null,
});

/** A row in which every verb is refused with the same words, but for the cells given. */
const row = (refusal: NotAllowed, cells: Partial<Row> = {}): Row => ({
  "test-failover": refusal,
  "test-clean-up": refusal,
  "planned-failover": refusal,
  "unplanned-failover": refusal,
  "change-recovery-point": refusal,
  commit: refusal,
  cancel: refusal,
  reprotect: notServed("reprotect"),
  failback: notServed("failback"),
  "full-run": notServed("full-run"),
  ...cells,
});

const underWay = (what: string): NotAllowed => not(`${what} is under way`, null);
const noCancel = (what: string): NotAllowed => not(`${what} cannot be cancelled half way; it ends in a moment`, null);

const noTestToCleanUp = not("there is no test failover to clean up", "test-failover");
const notFailedOver = not("the item has not failed over", "planned-failover or unplanned-failover");
const undo = to("cancelling", "protected", "failover-failed");

/** Primary to recovery over a hypervisor: the same for VMware VMs and physical servers. */
const TO_AZURE: Lifecycle = {
  protected: row(notFailedOver, {
    "test-failover": to("testing-failover", "test-failed-over", "test-failed-over"),
    "planned-failover": to("failing-over", "failed-over", "failover-failed"),
    "unplanned-failover": to("failing-over", "failed-over", "failover-failed"),
    "test-clean-up": noTestToCleanUp,
    cancel: not("nothing is under way", null),
  }),
  "testing-failover": row(underWay("a test failover"), {
    cancel: to("cancelling", "protected", "test-failed-over"),
  }),
  "test-failed-over": row(not("a test failover awaits its clean-up", "test-clean-up"), {
    "test-clean-up": to("cleaning-up", "protected", "test-failed-over"),
  }),
  "cleaning-up": row(underWay("a test clean-up"), { cancel: noCancel("a clean-up") }),
  "failing-over": row(underWay("a failover"), { cancel: undo }),
  "failover-failed": row(not("the last failover failed", "planned-failover, unplanned-failover or cancel"), {
    "planned-failover": to("failing-over", "failed-over", "failover-failed"),
    "unplanned-failover": to("failing-over", "failed-over", "failover-failed"),
    "test-clean-up": noTestToCleanUp,
    cancel: undo,
  }),
  "failed-over": row(not("the item has failed over and awaits its commit", "commit or cancel"), {
    "change-recovery-point": to("changing-recovery-point", "failed-over", "failover-failed"),
    commit: to("committing", "committed", "failed-over"),
    "test-clean-up": noTestToCleanUp,
    cancel: undo,
  }),
  "changing-recovery-point": row(underWay("a change of recovery point"), {
    cancel: noCancel("a change of recovery point"),
  }),
  committing: row(underWay("a commit"), { cancel: noCancel("a commit") }),
  committed: row(not("the failover is committed and its recovery points are gone", "reprotect"), {
    "test-clean-up": noTestToCleanUp,
    cancel: not("a committed failover cannot be undone", "reprotect"),
  }),
  cancelling: row(underWay("a cancel"), { cancel: not("it is being cancelled already", null) }),
};

/** Null: the scenario is known, but its recovery is not served yet. */
const LIFECYCLES: Record<Scenario, Lifecycle | null> = {
  "vmware-to-azure": TO_AZURE,
  "physical-to-azure": TO_AZURE,
  "hyperv-to-hyperv": null,
  "azure-to-azure": null,
};

/** The one answer to "may this verb be done to an item of this scenario in this state". */
export function transition(scenario: Scenario, state: ItemState, verb: Verb): Cell {
  const lifecycle = LIFECYCLES[scenario];
  if (lifecycle !== null) return lifecycle[state][verb];
  return { allowed: false, code: "scenario-not-served", because: `${scenario} is not served yet`, remedy: null };
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

const FAILOVERS: ReadonlySet<Verb> = new Set(["planned-failover", "unplanned-failover"]);

/**
 * Whether a verb may be done to an item as it stands: the table, then who holds it, then its replication group.
 * `alone` is false when a plan does it, since a plan takes all members of a group.
 */
export function mayDo(item: LifecycleItem, verb: Verb, { alone }: { alone: boolean }): Cell {
  const cell = transition(item.scenario, item.state, verb);
  if (!cell.allowed) return cell;
  if (item.heldBy !== null && verb !== "cancel") {
    return not(
      `execution ${item.heldBy.executionId} (${item.heldBy.verb}) holds the item`,
      "wait for its end, or cancel",
    );
  }
  if (alone && item.replicationGroupId !== null && FAILOVERS.has(verb)) {
    return not(
      `the item belongs to replication group ${item.replicationGroupId}, whose items fail over together`,
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
]);
