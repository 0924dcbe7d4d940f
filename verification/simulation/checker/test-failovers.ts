import { isDeepStrictEqual } from "node:util";
import type { ItemOutcome } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import { currentItems, type Effect, type Facts, hasEnded, itemAt } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

const ON_COPIES: ReadonlySet<OperationName> = new Set(["create-test-copy", "start-test-copy", "remove-test-copy"]);

/** Operations that a test may use on an item. It may turn pending data into a recovery point. */
const OF_TESTS: ReadonlySet<OperationName> = new Set([...ON_COPIES, "process-pending-data"]);
const TEST_VERBS: ReadonlySet<string> = new Set(["test-failover", "test-clean-up"]);

/** The part of an item's state that is production. A test must not change it. */
const productionOf = ({
  revision,
  ledger,
  tasks,
  entries,
  faultHits,
  testCopies,
  ...production
}: EmulatedItem): unknown => production;

function touched(effect: Effect): string | undefined {
  if (!ON_COPIES.has(effect.entry.operation)) return undefined;
  const isAlone = effect.after.entries - effect.before.entries === 1;
  if (!isAlone) return undefined;
  const isUntouched = isDeepStrictEqual(productionOf(effect.before), productionOf(effect.after));
  return isUntouched ? undefined : "it changed more than the test copy";
}

/** A test or a clean-up used an operation that neither may use. */
function beyondTest(facts: Facts, { entry, key }: Effect): string | undefined {
  const verb = facts.executions.get(key.executionId)?.record.verb;
  if (verb === undefined || !TEST_VERBS.has(verb) || OF_TESTS.has(entry.operation)) return undefined;
  return `a ${verb} ran it`;
}

function touching(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) =>
    effects.flatMap((effect) => {
      const why = touched(effect) ?? beyondTest(facts, effect);
      if (why === undefined) return [];
      const { operation } = effect.entry;
      const what = `${operation} of ${item.itemId} at ${moment(effect.effectMs)} by ${effect.key.executionId}: ${why}`;
      return [violation("I18", what, effect.entry)];
    }),
  );
}

/** The promotion of its test failed. Its outcome says that the undo of that removes the copy. */
const isForUndo = ({ outcome, state, note = "" }: ItemOutcome): boolean =>
  outcome === "not-applicable" && state === "failover-failed" && note.includes("cancel-failover");

/** The first write with which an execution took one of the items. */
const takenBy = ({ records }: Facts, executionId: string, itemIds: readonly string[]): number =>
  Math.min(
    ...itemIds.flatMap((itemId) => {
      return records.get(itemId)?.find(({ record }) => record.heldBy?.executionId === executionId)?.n ?? [];
    }),
  );

/**
 * After a successful clean-up nothing of tests before it is left, except of items that await the undo of their failover.
 */
function leftAfterCleanUp(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record, endedMs }) => {
    if (record.verb !== "test-clean-up" || record.status !== "succeeded" || endedMs === null) return [];
    const undone = new Set(record.outcomes.flatMap((one) => (isForUndo(one) ? [one.itemId] : [])));
    return record.itemIds.flatMap((itemId) => {
      if (undone.has(itemId)) return [];
      const copies = (itemAt(facts, itemId, endedMs)?.testCopies ?? []).filter(
        (copy) => takenBy(facts, copy.executionId, [itemId]) <= takenBy(facts, record.executionId, record.itemIds),
      );
      if (copies.length === 0) return [];
      const what = `clean-up ${record.executionId} succeeded at ${moment(endedMs)}, but left a test copy of ${itemId}`;
      return [violation("I18", what, ...copies)];
    });
  });
}

/**
 * Whether the item says that the copy is left: a forced clean-up and an unplanned failover go on without its removal.
 */
const isToldOf = (
  { conditions }: Pick<ItemRecord, "conditions">,
  { name, executionId }: EmulatedItem["testCopies"][number],
): boolean =>
  conditions.some(
    ({ type, whatToDo }) => type === "leftovers" && (whatToDo.includes(name) || whatToDo.includes(executionId)),
  );

/** At rest a test copy exists only if the item's state says that a test awaits its clean-up, or a condition names it. */
function leftAtRest(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  return currentItems(facts).flatMap(({ item }) => {
    const record = records.get(item.itemId);
    if (record === undefined || record.heldBy !== null) return [];
    const copies = (item.states.at(-1)?.state.testCopies ?? []).filter((copy) => !isToldOf(record, copy));
    if (copies.length === 0) return [];
    if (record.state === "test-failed-over" || record.state === "failover-failed") return [];
    return [
      violation("I18", `a test copy of ${item.itemId} is left, but the item is ${record.state}`, record, ...copies),
    ];
  });
}

/** Verbs that remove the test networks of their items, or report that they could not. */
const REMOVES: ReadonlySet<Verb> = new Set<Verb>(["test-clean-up", "promote-test", "cancel-failover", "commit"]);

/**
 * Whether the newest report on a network says that it is left. A later execution that should have removed it overrides
 * that.
 */
function isSaidToBeLeft(facts: Facts, siteId: string, testExecutionId: string, itemIds: readonly string[]): boolean {
  const names = (text: string | undefined) => text?.includes(`the network of test ${testExecutionId} at ${siteId} `);
  const word = [...facts.executions.values()]
    .sort((a, b) => (b.endedMs ?? 0) - (a.endedMs ?? 0))
    .flatMap(({ record }) => {
      if (!hasEnded(record)) return [];
      const notes = record.outcomes.map(({ note }) => note);
      if ([...notes, "failure" in record ? record.failure.message : undefined].some(names)) return ["left"];
      const done = record.outcomes.some(({ itemId, outcome }) => itemIds.includes(itemId) && outcome === "succeeded");
      return REMOVES.has(record.verb) && done ? ["removed"] : [];
    })[0];
  return word === "left";
}

/** Whether a condition of an item names the network. */
const isNamedBy = ({ conditions }: Pick<ItemRecord, "conditions">, networkId: string, siteId: string): boolean =>
  conditions.some(
    ({ type, whatToDo }) => type === "leftovers" && whatToDo.includes(`network ${networkId} at ${siteId}`),
  );

/**
 * A network goes with its test. It may stay for copies on it, for items that await their clean-up, or when a report
 * names it.
 */
function networksLeft(facts: Facts): Violation[] {
  const stateOf = new Map(facts.evidence.store.items.map(({ itemId, state }) => [itemId, state]));
  return facts.sites.flatMap(({ site: { siteId, truth } }) =>
    (truth?.testNetworks ?? []).flatMap(({ id, executionId }) => {
      const record = facts.executions.get(executionId)?.record;
      if (record === undefined) return [];
      const there = currentItems(facts).flatMap(({ item }) => {
        const state = item.states.at(-1)?.state;
        const isThere = state?.source.siteId === siteId || state?.replica.siteId === siteId;
        return state !== undefined && isThere && record.itemIds.includes(item.itemId) ? [state] : [];
      });
      const itemIds = there.map((state) => state.id);
      const awaited = itemIds.some((itemId) => stateOf.get(itemId) === "test-failed-over");
      const used = there.some(({ testCopies }) => testCopies.some((copy) => copy.executionId === executionId));
      const told = facts.evidence.store.items.some(
        (item) => itemIds.includes(item.itemId) && isNamedBy(item, id, siteId),
      );
      if (awaited || used || told || isSaidToBeLeft(facts, siteId, executionId, itemIds)) return [];
      const what = `the network ${id} is left at ${siteId}, no item of its test awaits a clean-up, and no report names it`;
      return [violation("I18", what, record)];
    }),
  );
}

/** I18: a test changes nothing in production, and nothing is left after its clean-up. */
export const testsAreIsolated = (facts: Facts): Violation[] => [
  ...touching(facts),
  ...leftAfterCleanUp(facts),
  ...leftAtRest(facts),
  ...networksLeft(facts),
];
