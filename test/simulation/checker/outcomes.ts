import type { Execution, ItemOutcome } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { isOutcomeUnknown } from "../../../src/domain/items/post-execution-conditions.js";
import type { ItemState } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { Evidence } from "../evidence.js";
import { untruths } from "./estate-truth.js";
import { type Facts, isOver, itemAt, present, type RecordWrite } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/**
 * When an execution gave an item up, and the record that it left; undefined when it never held it. What it left of
 * unknown outcome is set right later, which its own word does not tell of.
 */
function givenUp({ records }: Facts, itemId: string, executionId: string): RecordWrite | undefined {
  const writes = records.get(itemId) ?? [];
  const isHeld = (write: RecordWrite | undefined): boolean => write?.record.heldBy?.executionId === executionId;
  const releases = writes.filter((write, at) => !isHeld(write) && isHeld(writes[at - 1]));
  return releases.find(({ record }) => isOutcomeUnknown(record)) ?? releases.at(-1);
}

/** Where each verb brings an item when it succeeds. */
const BRINGS_TO: Readonly<Record<string, ItemState>> = {
  "test-failover": "test-failed-over",
  "test-clean-up": "protected",
  "planned-failover": "failed-over",
  "unplanned-failover": "failed-over",
  "change-recovery-point": "failed-over",
  commit: "committed",
  reprotect: "protected",
  failback: "failed-over",
  "planned-failback": "failed-over",
  "cancel-failover": "protected",
  "full-run": "protected",
  "promote-test": "failed-over",
  "disable-replication": "unprotected",
  "enable-replication": "protected",
  resynchronise: "protected",
};

function misnamed(execution: Execution, { outcome, state }: ItemOutcome): string[] {
  const { verb } = execution;
  const brings = BRINGS_TO[verb];
  // A full run that ends before its end says so, and its items are where they came to.
  if (verb === "full-run" && "failure" in execution) return [];
  return outcome === "succeeded" && state !== brings ? [`a ${verb} that succeeds brings it to ${brings}`] : [];
}

/** An item that an ended execution calls done is in the estate as its state says, when the execution gives it up. */
function claimsUntrue(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record }) => {
    if (!isOver(record)) return [];
    return record.outcomes.flatMap((outcome) => {
      const told = givenUp(facts, outcome.itemId, record.executionId);
      if (told === undefined) return [];
      const state = itemAt(facts, outcome.itemId, told.atMs);
      if (state === undefined) return [];
      const wrong = [...misnamed(record, outcome), ...untruths({ ...told.record, state: outcome.state }, state)];
      if (wrong.length === 0) return [];
      const what = `${record.verb} ${record.executionId} gave ${outcome.itemId} up at ${moment(told.atMs)} as ${outcome.outcome}, ${outcome.state}, but ${wrong.join(", ")}`;
      return [violation("I25", what, outcome, told.record, state)];
    });
  });
}

/** At rest every record says what the estate is, or that something failed, and why. */
function recordsUntrue(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  return present(facts).flatMap(({ item }) => {
    const record = records.get(item.itemId);
    const state = item.states.at(-1)?.state;
    if (record === undefined || state === undefined || record.heldBy !== null) return [];
    const wrong = untruths(record, state);
    if (wrong.length === 0) return [];
    return [violation("I25", `${item.itemId} is said to be ${record.state}, but ${wrong.join(", ")}`, record, state)];
  });
}

/** Only what could not be read, or lost its orchestration, may be of unknown outcome. */
function unknownWithoutCause(facts: Facts): Violation[] {
  const { disturbances, hub, store } = facts.evidence;
  const itemsOf = (id: string): string[] => facts.executions.get(id)?.record.itemIds ?? [];
  const unread = new Set(disturbances.flatMap((one) => (one.kind === "poison" ? [one.of, ...itemsOf(one.of)] : [])));
  const lost = new Set(
    hub.instances.flatMap(({ instance }) => (LOST.has(instance.runtimeStatus) ? itemsOf(instance.instanceId) : [])),
  );
  return store.items.flatMap((record) => {
    if (!isOutcomeUnknown(record) || unread.has(record.itemId) || lost.has(record.itemId)) return [];
    return [violation("I25", `the outcome of ${record.itemId} is said to be unknown, and nothing hid it`, record)];
  });
}

const LOST: ReadonlySet<string> = new Set(["Failed", "Terminated"]);

/** How an item comes out of an execution that succeeds. */
const WELL: ReadonlySet<string> = new Set(["succeeded", "already-done", "not-applicable"]);

/** A status sums up its outcomes: succeeded is all of them, failed or cancelled says why. */
function statusUntrue({ executions }: Facts): Violation[] {
  return [...executions.values()].flatMap(({ record }) => {
    if (!isOver(record)) return [];
    const named = new Set(record.outcomes.map(({ itemId }) => itemId));
    const missing = record.itemIds.filter((itemId) => !named.has(itemId));
    if (missing.length > 0) {
      return [
        violation("I25", `${record.verb} ${record.executionId} ended without a word on ${missing.join(", ")}`, record),
      ];
    }
    const undone = record.outcomes.filter(({ outcome }) => !WELL.has(outcome));
    if (record.status === "succeeded" && undone.length > 0) {
      return [
        violation(
          "I25",
          `${record.verb} ${record.executionId} succeeded, without ${undone.map(({ itemId }) => itemId).join(", ")}`,
          record,
        ),
      ];
    }
    const silent = undone.filter(({ outcome, failure }) => outcome === "failed" && failure === null);
    return silent.length === 0
      ? []
      : [
          violation(
            "I25",
            `${record.verb} ${record.executionId} does not say why ${silent.map(({ itemId }) => itemId).join(", ")} failed`,
            record,
          ),
        ];
  });
}

/** What of an item must be the same with and without faults, when everything went well. */
function finalOf(record: ItemRecord | undefined, state: EmulatedItem | undefined): unknown {
  if (record === undefined || state === undefined) return null;
  const { source, replica, promotedFrom, pointsDeleted, testCopies, replication, direction } = state;
  const copy = ({ siteId, power, writable }: EmulatedItem["source"]) => ({ siteId, power, writable });
  return {
    said: { state: record.state, direction: record.direction, activeSiteId: record.activeSiteId },
    source: copy(source),
    replica: copy(replica),
    direction,
    promoted: promotedFrom !== null,
    pointsDeleted,
    replicates: replication.stoppedAtMs === null,
    testCopies: testCopies.length,
  };
}

/** How each item ends: what its record says and what the estate is. */
export function finalsOf({ estate, store }: Evidence): Map<string, unknown> {
  const records = new Map(store.items.map((record) => [record.itemId, record]));
  return new Map(
    estate.items
      .filter(({ truth }) => truth !== null)
      .map(({ itemId, states }) => [itemId, finalOf(records.get(itemId), states.at(-1)?.state)]),
  );
}

/** What clients asked and what came of it, in order: runs of the same can be compared. */
const askedOf = ({ client, store }: Evidence): string =>
  JSON.stringify([
    client.flatMap(({ asked, outcome, code, repeats }) =>
      repeats === null && !OF_FAULTS.has(asked.kind) ? [[asked, outcome, code]] : [],
    ),
    store.executions.map(({ executionId }) => executionId).sort(),
  ]);

const OF_FAULTS: ReadonlySet<string> = new Set(["add-fault", "clear-fault"]);

/** Whether there was something to do in a run, and all of it succeeded. */
export const allWentWell = ({ store: { executions } }: Evidence): boolean =>
  executions.length > 0 && executions.every(({ status }) => status === "succeeded");

/** Whether two runs are of the same requests, and all went well in both: then they have to end alike. */
export const areComparable = (one: Evidence, other: Evidence): boolean =>
  allWentWell(one) && allWentWell(other) && askedOf(one) === askedOf(other);

/** The same requests that all went well end in the same, faults or not. */
function differsFromUndisturbed({ evidence }: Facts, undisturbed: Evidence): Violation[] {
  if (!areComparable(evidence, undisturbed)) return [];
  const expected = finalsOf(undisturbed);
  return [...finalsOf(evidence)].flatMap(([itemId, final]) => {
    const wanted = expected.get(itemId);
    if (JSON.stringify(wanted) === JSON.stringify(final)) return [];
    return [violation("I25", `everything succeeded, and ${itemId} ended otherwise than without faults`, final, wanted)];
  });
}

/** I25: faults change nothing in the end, or what they changed is declared, item by item. */
export const faultsTransparent = (facts: Facts, undisturbed: Evidence | undefined): Violation[] => [
  ...claimsUntrue(facts),
  ...recordsUntrue(facts),
  ...unknownWithoutCause(facts),
  ...statusUntrue(facts),
  ...(undisturbed === undefined ? [] : differsFromUndisturbed(facts, undisturbed)),
];
