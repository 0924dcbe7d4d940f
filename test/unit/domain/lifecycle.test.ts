import { describe, expect, test } from "vitest";
import {
  allowedActions,
  type LifecycleItem,
  mayDo,
  RESTING_STATES,
  transition,
} from "../../../src/domain/items/lifecycle.js";
import { type Direction, ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

type Leads = [during: string, after: string, failed: string];

/** Every pair that is allowed whichever way an item replicates, with what it leads to. */
const BOTH_WAYS: Record<string, Leads> = {
  "protected × full-run": ["failing-over", "protected", "failover-failed"],
  "protected × resynchronise": ["resynchronising", "protected", "protected"],
  "testing-failover × cancel-failover": ["cancelling", "protected", "test-failed-over"],
  "test-failed-over × test-clean-up": ["cleaning-up", "protected", "test-failed-over"],
  "test-failed-over × promote-test": ["failing-over", "failed-over", "failover-failed"],
  "failing-over × cancel-failover": ["cancelling", "protected", "failover-failed"],
  "failover-failed × cancel-failover": ["cancelling", "protected", "failover-failed"],
  "failed-over × change-recovery-point": ["changing-recovery-point", "failed-over", "failover-failed"],
  "failed-over × commit": ["committing", "committed", "failed-over"],
  "failed-over × cancel-failover": ["cancelling", "protected", "failover-failed"],
  "committed × reprotect": ["reprotecting", "protected", "committed"],
  "reprotecting × cancel-failover": ["cancelling", "committed", "committed"],
  "unprotected × enable-replication": ["enabling-replication", "protected", "unprotected"],
};

const TESTED: Record<string, Leads> = {
  "protected × test-failover": ["testing-failover", "test-failed-over", "test-failed-over"],
};

const THERE: Record<string, Leads> = {
  ...BOTH_WAYS,
  ...TESTED,
  "protected × planned-failover": ["failing-over", "failed-over", "failover-failed"],
  "protected × unplanned-failover": ["failing-over", "failed-over", "failover-failed"],
  "protected × disable-replication": ["disabling-replication", "unprotected", "protected"],
  "failover-failed × planned-failover": ["failing-over", "failed-over", "failover-failed"],
  "failover-failed × unplanned-failover": ["failing-over", "failed-over", "failover-failed"],
};

const HOME: Record<string, Leads> = {
  ...BOTH_WAYS,
  "protected × failback": ["failing-over", "failed-over", "failover-failed"],
  "failover-failed × failback": ["failing-over", "failed-over", "failover-failed"],
  "protected × planned-failback": ["failing-over", "failed-over", "failover-failed"],
  "failover-failed × planned-failback": ["failing-over", "failed-over", "failover-failed"],
  "committed × disable-replication": ["disabling-replication", "unprotected", "committed"],
};

const WAYS = Scenario.options.flatMap((scenario) => [
  { scenario, direction: "primary-to-recovery" as const, allowed: THERE },
  {
    scenario,
    direction: "recovery-to-primary" as const,
    // Machines that come home through a master target are not tested on the way.
    allowed: scenario === "hyperv-to-hyperv" || scenario === "azure-to-azure" ? { ...HOME, ...TESTED } : HOME,
  },
]);
const pairs = ItemState.options.flatMap((state) => Verb.options.map((verb) => [state, verb] as const));

describe.each(WAYS)("an item of $scenario, $direction", ({ scenario, direction, allowed }) => {
  test.each(pairs)("%s × %s", (state, verb) => {
    const cell = transition(scenario, state, verb, direction);
    const expected = allowed[`${state} × ${verb}`];
    if (!cell.allowed) {
      expect(expected).toBeUndefined();
      expect(cell.because.length).toBeGreaterThan(10);
      return;
    }
    expect([cell.during, cell.after, cell.failed]).toEqual(expected);
    expect(RESTING_STATES.has(cell.during)).toBe(false);
    expect([cell.after, cell.failed].every((rest) => RESTING_STATES.has(rest))).toBe(true);
  });
});

describe.each(Scenario.options)("an item of %s, there and back", (scenario) => {
  /** Where a verb may leave an item; a reprotect that succeeds turns it round, and a full run does both. */
  function nextOf(state: ItemState, direction: Direction): string[] {
    return Verb.options.flatMap((verb) => {
      const cell = transition(scenario, state, verb, direction);
      if (!cell.allowed) return [];
      const turned = direction === "primary-to-recovery" ? "recovery-to-primary" : "primary-to-recovery";
      const turns = verb === "reprotect" || verb === "full-run";
      return [
        `${cell.during} ${direction}`,
        `${cell.after} ${turns ? turned : direction}`,
        `${cell.failed} ${direction}`,
      ];
    });
  }

  test("every state can be reached, every resting state can be left, and the way leads round and round", () => {
    const reached = new Set(["protected primary-to-recovery"]);
    const left = new Map<string, string[]>();
    for (const place of reached) {
      const [state, direction] = place.split(" ") as [ItemState, Direction];
      const next = nextOf(state, direction);
      left.set(place, next);
      for (const found of next) reached.add(found);
    }
    const states = new Set([...reached].map((place) => place.split(" ")[0]));
    expect([...states].sort()).toEqual([...ItemState.options].sort());
    const stuck = [...reached].filter(
      (place) => RESTING_STATES.has(place.split(" ")[0] as ItemState) && left.get(place)?.length === 0,
    );
    expect(stuck).toEqual([]);
    expect(left.get("committed recovery-to-primary")).toContain("protected primary-to-recovery");
  });

  test("P13: on the way home a failover is called failback, and the refusal says so", () => {
    const remedies = { "planned-failover": "planned-failback", "unplanned-failover": "failback" } as const;
    for (const [verb, remedy] of Object.entries(remedies)) {
      const cell = transition(scenario, "protected", Verb.parse(verb), "recovery-to-primary");
      expect(cell).toMatchObject({ allowed: false, remedy });
    }
    expect(transition(scenario, "protected", "failback", "primary-to-recovery")).toMatchObject({ allowed: false });
  });
});

const item = (changes: Partial<LifecycleItem> = {}): LifecycleItem => ({
  scenario: "vmware-to-azure",
  state: "protected",
  direction: "primary-to-recovery",
  replicationGroupId: null,
  heldBy: null,
  ...changes,
});

describe("what may be done to an item", () => {
  test("while a test awaits clean-up, nothing but to clean it up or to make it real", () => {
    const allowed = allowedActions(item({ state: "test-failed-over" })).filter((action) => action.allowed);
    expect(allowed.map(({ verb }) => verb)).toEqual(["test-clean-up", "promote-test"]);
  });

  test("an item that is held can only be cancelled, and the holder is named", () => {
    const heldBy = { executionId: "the-holder", verb: "planned-failover" } as const;
    expect(mayDo(item({ heldBy }), "unplanned-failover", { alone: true })).toMatchObject({
      allowed: false,
      because: expect.stringContaining("the-holder"),
    });
    expect(mayDo(item({ heldBy, state: "failing-over" }), "cancel-failover", { alone: true }).allowed).toBe(true);
  });

  test("an item of a replication group fails over with its group, and is tested alone", () => {
    const member = item({ replicationGroupId: "orders" });
    for (const [state, verb] of [
      ["protected", "planned-failover"],
      ["committed", "reprotect"],
    ] as const) {
      expect(mayDo({ ...member, state }, verb, { alone: true })).toMatchObject({
        allowed: false,
        remedy: expect.stringContaining("plan"),
      });
    }
    expect(mayDo(member, "planned-failover", { alone: false }).allowed).toBe(true);
    expect(mayDo(member, "test-failover", { alone: true }).allowed).toBe(true);
  });

  test("every action says whether it is allowed, or else why not", () => {
    const actions = allowedActions(item());
    expect(actions.map(({ verb }) => verb)).toEqual(Verb.options);
    expect(actions.every(({ allowed, because }) => allowed === (because === null))).toBe(true);
    expect(actions.find(({ verb }) => verb === "commit")).toMatchObject({
      because: "the item has not failed over",
      remedy: "planned-failover or unplanned-failover",
    });
  });
});
