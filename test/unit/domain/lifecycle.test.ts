import { describe, expect, test } from "vitest";
import { cancellation, RESTING_STATES, transition } from "../../../src/domain/items/lifecycle.js";
import { Direction, ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

const LIFECYCLES = Scenario.options.flatMap((scenario) =>
  Direction.options.map((direction) => ({ scenario, direction })),
);
const PAIRS = ItemState.options.flatMap((state) => Verb.options.map((verb) => [state, verb] as const));

/** `docs/reference/transitions.md` pins every cell of the table. Here are the rules that its cells follow. */
describe.each(LIFECYCLES)("the lifecycle of $scenario, $direction", ({ scenario, direction }) => {
  const cells = PAIRS.map(([state, verb]) => ({ state, verb, cell: transition(scenario, state, verb, direction) }));

  test("an allowed verb starts in a resting state, passes through one that is not, and ends in a resting state", () => {
    for (const { state, cell } of cells) {
      if (!cell.allowed) continue;
      expect([state, cell.after, cell.failed].filter((rest) => !RESTING_STATES.has(rest))).toEqual([]);
      expect(RESTING_STATES.has(cell.during)).toBe(false);
    }
  });

  test("every refusal gives its reason", () => {
    expect(cells.filter(({ cell }) => !cell.allowed && cell.because.length <= 10)).toEqual([]);
  });

  test("a failover that fails can be repeated or cancelled, and a committed one cannot be undone", () => {
    const allowed = (state: ItemState) => cells.filter((one) => one.state === state && one.cell.allowed);
    expect(allowed("failover-failed").map(({ verb }) => verb)).toEqual(
      direction === "primary-to-recovery"
        ? ["planned-failover", "unplanned-failover", "cancel-failover"]
        : ["failback", "planned-failback", "cancel-failover"],
    );
    expect(transition(scenario, "committed", "cancel-failover", direction)).toMatchObject({ useInstead: "reprotect" });
  });
});

describe("cancelling the execution that holds an item", () => {
  const cancellable = ItemState.options.filter((state) => cancellation(state).allowed);

  test("is allowed where there is something to take back, and leads to a resting state", () => {
    expect(cancellable).toEqual(["testing-failover", "failing-over", "reprotecting"]);
    for (const state of cancellable) {
      const cell = cancellation(state);
      expect(cell.allowed && RESTING_STATES.has(cell.after) && RESTING_STATES.has(cell.failed)).toBe(true);
    }
  });
});

describe.each(Scenario.options)("an item of %s, to the recovery site and back", (scenario) => {
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

  test("every state can be reached, every resting state can be left, and the round trip can be repeated", () => {
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

  test("P13: a failover towards the primary site is called failback, and the refusal says so", () => {
    const instead = { "planned-failover": "planned-failback", "unplanned-failover": "failback" } as const;
    for (const [verb, useInstead] of Object.entries(instead)) {
      const cell = transition(scenario, "protected", Verb.parse(verb), "recovery-to-primary");
      expect(cell).toMatchObject({ allowed: false, useInstead });
    }
    expect(transition(scenario, "protected", "failback", "primary-to-recovery")).toMatchObject({ allowed: false });
  });
});
