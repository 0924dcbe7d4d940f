import { expect, test } from "vitest";
import type { ItemOutcome } from "../../../src/domain/execution.js";
import { measuresOf, worstOf } from "../../../src/domain/plans/measures.js";
import { smallPlan } from "../../support/worlds.js";

const outcome = (itemId: string, changes: Partial<ItemOutcome> = {}): ItemOutcome => ({
  itemId,
  outcome: "succeeded",
  state: "failed-over",
  recoveryPoint: null,
  dataLoss: { seconds: 10, writes: 10, bytes: 10 },
  recoverySeconds: 100,
  failure: null,
  ...changes,
});

const groups = [
  { id: "first", name: "First", items: [{ id: "a" }] },
  { id: "second", name: "Second", items: [{ id: "b" }, { id: "c" }] },
];
const plan = smallPlan([], { groups, objectives: { "unplanned-failover": { rpoSeconds: 20, rtoSeconds: 300 } } });

test("the measure of a group or plan is that of its worst item, compared with the objectives of the verb", () => {
  const slow = outcome("b", { recoverySeconds: 301, dataLoss: { seconds: 20, writes: 1, bytes: 1 } });
  const measures = measuresOf(plan, "unplanned-failover", [outcome("a"), slow, outcome("c")]);
  expect(measures?.groups).toEqual([
    { groupId: "first", dataLossSeconds: 10, recoverySeconds: 100, rpoMet: true, rtoMet: true },
    { groupId: "second", dataLossSeconds: 20, recoverySeconds: 301, rpoMet: true, rtoMet: false },
  ]);
  expect(measures?.plan).toEqual({ dataLossSeconds: 20, recoverySeconds: 301, rpoMet: true, rtoMet: false });
  expect(measures?.items.map(({ rtoMet }) => rtoMet)).toEqual([true, false, true]);
});

test("an item that does not run misses the recovery time; an item that another execution moved does not count", () => {
  const failed = outcome("b", { outcome: "failed", recoverySeconds: null, dataLoss: null });
  const earlier = outcome("c", { outcome: "already-done", recoverySeconds: null, dataLoss: null });
  const measures = measuresOf(plan, "unplanned-failover", [outcome("a"), failed, earlier]);
  expect(measures?.plan).toMatchObject({ recoverySeconds: null, rtoMet: false });
  const alone = measuresOf(plan, "unplanned-failover", [outcome("a"), earlier]);
  expect(alone?.plan).toMatchObject({ recoverySeconds: 100, rtoMet: true });
});

test("without objectives nothing is met or missed, and verbs that move nothing have no measures", () => {
  expect(measuresOf(plan, "failback", [outcome("a")])?.plan).toEqual({
    dataLossSeconds: 10,
    recoverySeconds: 100,
    rpoMet: null,
    rtoMet: null,
  });
  expect(measuresOf(plan, "commit", [outcome("a")])).toBeNull();
});

test("the worst loss is unknown when the loss of one item is, and is never told from the others alone", () => {
  const unknown = outcome("b", { outcome: "failed", dataLoss: null });
  const some = measuresOf(plan, "unplanned-failover", [outcome("a"), unknown]);
  expect(some?.plan).toMatchObject({ dataLossSeconds: null, rpoMet: null });
  expect(some?.groups[0]).toMatchObject({ dataLossSeconds: 10, rpoMet: true });
  expect(some?.groups[1]).toMatchObject({ dataLossSeconds: null, rpoMet: null });
  const late = outcome("c", { dataLoss: { seconds: 21, writes: 1, bytes: 1 } });
  const missed = measuresOf(plan, "unplanned-failover", [outcome("a"), unknown, late]);
  expect(missed?.plan).toMatchObject({ dataLossSeconds: null, rpoMet: false });
});

test("the worst of some values is unknown when one of them is, and when there are none", () => {
  expect(worstOf([3, 149, 0])).toBe(149);
  expect(worstOf([0])).toBe(0);
  expect(worstOf([3, null, 149])).toBeNull();
  expect(worstOf([])).toBeNull();
});
