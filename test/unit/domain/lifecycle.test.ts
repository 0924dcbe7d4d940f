import { describe, expect, test } from "vitest";
import {
  allowedActions,
  cancellation,
  type LifecycleItem,
  mayDo,
  RESTING_STATES,
  transition,
} from "../../../src/domain/items/lifecycle.js";
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
    expect(transition(scenario, "committed", "cancel-failover", direction)).toMatchObject({ remedy: "reprotect" });
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

  test("is the remedy that the table gives there, and nowhere else", () => {
    const advised = ItemState.options.filter((state) => {
      const cell = transition("vmware-to-azure", state, "commit");
      return !cell.allowed && cell.remedy === "cancel the execution";
    });
    expect(advised).toEqual(cancellable);
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
  test("while a test awaits its clean-up, only its clean-up or its promotion", () => {
    const allowed = allowedActions(item({ state: "test-failed-over" })).filter((action) => action.allowed);
    expect(allowed.map(({ verb }) => verb)).toEqual(["test-clean-up", "promote-test"]);
  });

  test("every verb is refused on an item that an execution holds, and the execution is named", () => {
    const heldBy = { executionId: "the-holder", verb: "planned-failover" } as const;
    for (const verb of ["unplanned-failover", "full-run"] as const) {
      const because = expect.stringContaining("the-holder");
      expect(mayDo(item({ heldBy }), verb, { alone: true })).toMatchObject({ allowed: false, because });
    }
    const failedOver = item({ heldBy, state: "failed-over" });
    expect(mayDo(failedOver, "cancel-failover", { alone: true }).allowed).toBe(false);
  });

  test("an item of a replication group fails over only with its group, and can be tested alone", () => {
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

  test("every action says whether it is allowed and, if it is not, why", () => {
    const actions = allowedActions(item());
    expect(actions.map(({ verb }) => verb)).toEqual(Verb.options);
    expect(actions.map(({ because }) => because === null)).toEqual(actions.map(({ allowed }) => allowed));
    expect(actions.find(({ verb }) => verb === "commit")).toMatchObject({
      because: "the item has not failed over",
      remedy: "planned-failover or unplanned-failover",
    });
  });
});
