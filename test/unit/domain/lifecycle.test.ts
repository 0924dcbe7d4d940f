import { describe, expect, test } from "vitest";
import {
  allowedActions,
  type LifecycleItem,
  mayDo,
  RESTING_STATES,
  transition,
} from "../../../src/domain/lifecycle.js";
import { ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

/** Every pair that is allowed, with what it leads to; all others are refused. */
const ALLOWED: Record<string, [during: string, after: string, failed: string]> = {
  "protected × test-failover": ["testing-failover", "test-failed-over", "test-failed-over"],
  "protected × planned-failover": ["failing-over", "failed-over", "failover-failed"],
  "protected × unplanned-failover": ["failing-over", "failed-over", "failover-failed"],
  "testing-failover × cancel": ["cancelling", "protected", "test-failed-over"],
  "test-failed-over × test-clean-up": ["cleaning-up", "protected", "test-failed-over"],
  "failing-over × cancel": ["cancelling", "protected", "failover-failed"],
  "failover-failed × planned-failover": ["failing-over", "failed-over", "failover-failed"],
  "failover-failed × unplanned-failover": ["failing-over", "failed-over", "failover-failed"],
  "failover-failed × cancel": ["cancelling", "protected", "failover-failed"],
  "failed-over × change-recovery-point": ["changing-recovery-point", "failed-over", "failover-failed"],
  "failed-over × commit": ["committing", "committed", "failed-over"],
  "failed-over × cancel": ["cancelling", "protected", "failover-failed"],
};

const SERVED = ["vmware-to-azure", "physical-to-azure"] as const;
const pairs = ItemState.options.flatMap((state) => Verb.options.map((verb) => [state, verb] as const));

describe.each(SERVED)("an item of %s", (scenario) => {
  test.each(pairs)("%s × %s", (state, verb) => {
    const cell = transition(scenario, state, verb);
    const expected = ALLOWED[`${state} × ${verb}`];
    if (!cell.allowed) {
      expect(expected).toBeUndefined();
      expect(cell.because.length).toBeGreaterThan(10);
      return;
    }
    expect([cell.during, cell.after, cell.failed]).toEqual(expected);
    expect(RESTING_STATES.has(cell.during)).toBe(false);
    expect([cell.after, cell.failed].every((rest) => RESTING_STATES.has(rest))).toBe(true);
  });

  test("every state can be reached from protected, and every resting state but committed can be left", () => {
    const reached = new Set<ItemState>(["protected"]);
    for (const state of reached) {
      for (const verb of Verb.options) {
        const cell = transition(scenario, state, verb);
        if (cell.allowed) for (const next of [cell.during, cell.after, cell.failed]) reached.add(next);
      }
    }
    expect([...reached].sort()).toEqual([...ItemState.options].sort());
    const stuck = [...RESTING_STATES].filter((state) =>
      Verb.options.every((verb) => !transition(scenario, state, verb).allowed),
    );
    expect(stuck).toEqual(["committed"]);
  });
});

test("scenarios that are known but not served refuse every verb and say so", () => {
  const others = Scenario.options.filter((scenario) => !SERVED.some((served) => served === scenario));
  for (const scenario of others) {
    for (const verb of Verb.options) {
      expect(transition(scenario, "protected", verb)).toMatchObject({ allowed: false, code: "scenario-not-served" });
    }
  }
  expect(others).toHaveLength(2);
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
  test("while a test awaits clean-up, nothing but clean-up", () => {
    const allowed = allowedActions(item({ state: "test-failed-over" })).filter((action) => action.allowed);
    expect(allowed.map(({ verb }) => verb)).toEqual(["test-clean-up"]);
  });

  test("an item that is held can only be cancelled, and the holder is named", () => {
    const heldBy = { executionId: "the-holder", verb: "planned-failover" } as const;
    expect(mayDo(item({ heldBy }), "unplanned-failover", { alone: true })).toMatchObject({
      allowed: false,
      because: expect.stringContaining("the-holder"),
    });
    expect(mayDo(item({ heldBy, state: "failing-over" }), "cancel", { alone: true }).allowed).toBe(true);
  });

  test("an item of a replication group fails over with its group, and is tested alone", () => {
    const member = item({ replicationGroupId: "orders" });
    expect(mayDo(member, "planned-failover", { alone: true })).toMatchObject({
      allowed: false,
      remedy: expect.stringContaining("plan"),
    });
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
