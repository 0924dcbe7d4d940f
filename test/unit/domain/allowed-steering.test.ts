import { expect, test } from "vitest";
import type { Execution } from "../../../src/domain/execution.js";
import { allowedActionsOf, type SteeringFacts } from "../../../src/domain/steering/allowed-steering.js";

const AT = "2026-01-01T00:00:00.000Z";
const running = (more: Partial<Execution> = {}) =>
  ({
    executionId: "e",
    verb: "planned-failover",
    status: "running",
    subject: { kind: "plan", planId: "p", planVersion: 3 },
    ...more,
  }) as Execution;
const facts = (more: Partial<SteeringFacts> = {}): SteeringFacts => ({
  execution: running(),
  isUndoing: false,
  groupsAhead: ["two"],
  isPastGroups: false,
  openAsk: null,
  failedItemIds: [],
  skippable: [],
  extendable: [],
  stuckItemIds: [],
  ...more,
});
const allowed = (some: SteeringFacts): string[] =>
  allowedActionsOf(some).flatMap(({ action, allowed: may }) => (may ? [action] : []));

const PAUSED = running({ steering: [{ action: "pause", person: "ann", reason: "", at: AT }] });
const CANCELLED = running({
  cancelRequest: { behaviour: "restore-protection", requestedBy: "ann", requestedAt: AT },
});

test.each<[string, SteeringFacts, string[]]>([
  ["runs", facts(), ["pause", "edit", "switch-to-unplanned", "cancel"]],
  ["is paused", facts({ execution: PAUSED }), ["resume", "edit", "switch-to-unplanned", "cancel"]],
  ["was cancelled", facts({ execution: CANCELLED }), []],
  ["has ended", facts({ execution: running({ status: "succeeded" }) }), []],
  ["undoes", facts({ isUndoing: true, failedItemIds: ["a"], skippable: ["s"] }), ["cancel"]],
  ["is past its groups", facts({ isPastGroups: true, groupsAhead: [], failedItemIds: ["a"] }), ["pause", "cancel"]],
  ["asks", facts({ openAsk: 1 }), ["pause", "retry", "edit", "switch-to-unplanned", "cancel"]],
  [
    "hangs",
    facts({ stuckItemIds: ["a"], skippable: ["s"], extendable: [{ stepId: "s", until: AT, minutes: 60 }] }),
    ["pause", "skip", "edit", "switch-to-unplanned", "extend", "continue-without", "cancel"],
  ],
  [
    "is of one item",
    facts({ execution: running({ subject: { kind: "item", itemId: "a" } }) }),
    ["pause", "switch-to-unplanned", "cancel"],
  ],
  ["is unplanned", facts({ execution: running({ verb: "unplanned-failover" }) }), ["pause", "edit", "cancel"]],
  ["cancels a failover", facts({ execution: running({ verb: "cancel-failover" }), groupsAhead: [] }), []],
  ["cleans a test up", facts({ execution: running({ verb: "test-clean-up" }), groupsAhead: [] }), []],
])("an execution that %s allows what leads on", (_, some, expected) => {
  expect(allowed(some)).toEqual(expected);
});

test("every action is there: with its call, or with why not and what would make it so", () => {
  for (const some of [
    facts(),
    facts({ execution: PAUSED }),
    facts({ execution: CANCELLED }),
    facts({ isUndoing: true }),
  ]) {
    const actions = allowedActionsOf(some);
    expect(new Set(actions.map(({ action }) => action)).size).toBe(9);
    for (const { allowed: may, because, whatWouldMakeItSo, call } of actions) {
      expect(may ? call?.path : because && whatWouldMakeItSo).toBeTruthy();
    }
  }
});
