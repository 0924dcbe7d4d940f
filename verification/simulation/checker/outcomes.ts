import type { Execution, ItemOutcome } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { isOutcomeUnknown } from "../../../src/domain/items/post-execution-conditions.js";
import type { ItemState } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { Evidence } from "../evidence.js";
import { discrepancies } from "./estate-truth.js";
import {
  currentItems,
  type Ended,
  type Facts,
  hasEnded,
  isResetting,
  itemBefore,
  releaseBy,
  stateBefore,
} from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** The state of an item after each verb succeeds. */
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

/** A clean-up of what a test left, where no test awaits its clean-up, brings an item back to where it was. */
function bringsTo(execution: Execution, before: ItemState | undefined): ItemState | undefined {
  const isCleanUp = execution.verb === "test-clean-up" && before !== undefined && before !== "test-failed-over";
  return isCleanUp ? before : BRINGS_TO[execution.verb];
}

function wrongState(execution: Execution, { outcome, state }: ItemOutcome, before: ItemState | undefined): string[] {
  const { verb } = execution;
  const brings = bringsTo(execution, before);
  // A full run that stops early says so, and its items stay in the state they reached.
  if (verb === "full-run" && "failure" in execution) return [];
  return outcome === "succeeded" && state !== brings ? [`a successful ${verb} leads to ${brings}`] : [];
}

/** When an ended execution releases an item as done, the estate matches the state in its outcome. */
function falseOutcomes(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record }) => {
    if (!hasEnded(record)) return [];
    return record.outcomes.flatMap((outcome) => {
      const released = releaseBy(facts, outcome.itemId, record.executionId);
      if (released === undefined || isResetting(facts, outcome.itemId, released)) return [];
      const state = itemBefore(facts, outcome.itemId, released);
      if (state === undefined) return [];
      const wrong = [
        ...wrongState(record, outcome, stateBefore(facts, outcome.itemId, record.executionId)),
        ...discrepancies({ ...released.record, state: outcome.state }, state),
      ];
      if (wrong.length === 0) return [];
      const what = `${record.verb} ${record.executionId} released ${outcome.itemId} at ${moment(released.atMs)} as ${outcome.outcome}, ${outcome.state}, but ${wrong.join(", ")}`;
      return [violation("I25", what, outcome, released.record, state)];
    });
  });
}

/** At rest every record matches the estate, or says that something failed and why. */
function falseRecords(facts: Facts): Violation[] {
  const records = new Map(facts.evidence.store.items.map((record) => [record.itemId, record]));
  return currentItems(facts).flatMap(({ item }) => {
    const record = records.get(item.itemId);
    const state = item.states.at(-1)?.state;
    if (record === undefined || state === undefined || record.heldBy !== null) return [];
    const wrong = discrepancies(record, state);
    if (wrong.length === 0) return [];
    return [violation("I25", `${item.itemId} is reported as ${record.state}, but ${wrong.join(", ")}`, record, state)];
  });
}

/** Only an item whose row was corrupted, or whose orchestration was lost, may have an unknown outcome. */
function unknownWithoutCause(facts: Facts): Violation[] {
  const { injectedFaults, hub, store } = facts.evidence;
  const itemsOf = (id: string): string[] => facts.executions.get(id)?.record.itemIds ?? [];
  const unread = new Set(
    injectedFaults.flatMap((one) => (one.kind === "row-corruption" ? [one.ownerId, ...itemsOf(one.ownerId)] : [])),
  );
  const lost = new Set(
    hub.instances.flatMap(({ instance }) => (LOST.has(instance.runtimeStatus) ? itemsOf(instance.instanceId) : [])),
  );
  return store.items.flatMap((record) => {
    if (!isOutcomeUnknown(record) || unread.has(record.itemId) || lost.has(record.itemId)) return [];
    return [violation("I25", `the outcome of ${record.itemId} is reported as unknown without a cause`, record)];
  });
}

const LOST: ReadonlySet<string> = new Set(["Failed", "Terminated"]);

/** Outcomes of an item that allow its execution to succeed. */
const SUCCESSFUL: ReadonlySet<string> = new Set(["succeeded", "already-done", "not-applicable", "excluded"]);

/** Items whose outcome says that the request left them out, although it did not. */
function wronglyExcluded({ outcomes, options: { only, without = [] } }: Ended): string[] {
  return outcomes.flatMap(({ itemId, outcome }) =>
    outcome === "excluded" && only?.includes(itemId) !== false && !without.includes(itemId) ? [itemId] : [],
  );
}

/** The status of an execution follows from its outcomes: `succeeded` needs all of them, and a failure has a reason. */
function falseStatuses({ executions }: Facts): Violation[] {
  return [...executions.values()].flatMap(({ record }) => {
    if (!hasEnded(record)) return [];
    const named = new Set(record.outcomes.map(({ itemId }) => itemId));
    const missing = record.itemIds.filter((itemId) => !named.has(itemId));
    if (missing.length > 0) {
      return [
        violation(
          "I25",
          `${record.verb} ${record.executionId} ended without an outcome of ${missing.join(", ")}`,
          record,
        ),
      ];
    }
    const taken = wronglyExcluded(record);
    if (taken.length > 0) {
      const what = `${record.verb} ${record.executionId} says that ${taken.join(", ")} was left out, which nobody asked`;
      return [violation("I25", what, record)];
    }
    const undone = record.outcomes.filter(({ outcome }) => !SUCCESSFUL.has(outcome));
    if (record.status === "succeeded" && undone.length > 0) {
      return [
        violation(
          "I25",
          `${record.verb} ${record.executionId} succeeded, but not for ${undone.map(({ itemId }) => itemId).join(", ")}`,
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
            `${record.verb} ${record.executionId} gives no reason for the failure of ${silent.map(({ itemId }) => itemId).join(", ")}`,
            record,
          ),
        ];
  });
}

/**
 * What must be equal with and without faults when everything succeeded. An unplanned failover succeeds although it could
 * not remove the copy of a test, and its item says so.
 */
function finalState(record: ItemRecord | undefined, state: EmulatedItem | undefined) {
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
    testCopies: record.conditions.some(({ type }) => type === "leftovers") ? 0 : testCopies.length,
  };
}

/** The final state of each item, in its record and in the estate. */
export function finalStates({ estate, store }: Evidence): Map<string, ReturnType<typeof finalState>> {
  const records = new Map(store.items.map((record) => [record.itemId, record]));
  return new Map(
    estate.items
      .filter(({ truth }) => truth !== null)
      .map(({ itemId, states }) => [itemId, finalState(records.get(itemId), states.at(-1)?.state)]),
  );
}

/**
 * What clients requested and the results, in order. Runs with the same requests are comparable. Of a request that was
 * repeated because its answer was lost, the last answer counts.
 */
const requestsOf = ({ client, store }: Evidence): string =>
  JSON.stringify([
    client.flatMap(({ n, request, repeats }) => {
      if (repeats !== null || FAULT_REQUESTS.has(request.kind)) return [];
      const last = client.findLast((entry) => entry.n === n || entry.repeats === n);
      return [[request, last?.outcome, last?.code]];
    }),
    store.executions.map(({ executionId }) => executionId).sort(),
  ]);

const FAULT_REQUESTS: ReadonlySet<string> = new Set(["add-fault", "clear-fault"]);

/** Whether the run had executions and all of them succeeded. */
export const allSucceeded = ({ store: { executions } }: Evidence): boolean =>
  executions.length > 0 && executions.every(({ status }) => status === "succeeded");

/** Whether two runs have the same requests and all succeeded in both: then both must end in the same state. */
export const areComparable = (one: Evidence, other: Evidence): boolean =>
  allSucceeded(one) && allSucceeded(other) && requestsOf(one) === requestsOf(other);

/** The same requests, all successful, end in the same state with and without faults. */
function differsFromFaultFree({ evidence }: Facts, faultFree: Evidence): Violation[] {
  if (!areComparable(evidence, faultFree)) return [];
  const expected = finalStates(faultFree);
  const isHostile = evidence.estate.events.some(({ kind }) => kind === "fault-raised");
  return [...finalStates(evidence)].flatMap(([itemId, final]) => {
    const wanted = expected.get(itemId);
    // An unplanned failover succeeds although its source could not be shut down, and the item shows split-brain.
    const isSplit = isHostile && final?.source.power === "on" && final.replica.power === "on";
    const compared = isSplit && wanted ? { ...final, source: wanted.source } : final;
    if (JSON.stringify(wanted) === JSON.stringify(compared)) return [];
    return [
      violation("I25", `everything succeeded, but ${itemId} ended in another state than without faults`, final, wanted),
    ];
  });
}

/** I25: faults do not change the final state, or the product declares the change, item by item. */
export const faultsAreTransparent = (facts: Facts, faultFree: Evidence | undefined): Violation[] => [
  ...falseOutcomes(facts),
  ...falseRecords(facts),
  ...unknownWithoutCause(facts),
  ...falseStatuses(facts),
  ...(faultFree === undefined ? [] : differsFromFaultFree(facts, faultFree)),
];
