import type { ItemCondition, ItemRecord } from "../../../src/domain/items/item-record.js";
import type { ItemState } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";

const runs = ({ power, writable }: EmulatedItem["source"]): boolean => power === "on" && writable;

/** For each state at rest, what the estate must look like. Each text names a difference. */
const EXPECTED: Partial<Record<ItemState, (state: EmulatedItem) => string[]>> = {
  protected: (state) => [...atSource(state), ...textIf(state.testCopies.length > 0, HAS_TEST_COPY)],
  "test-failed-over": atSource,
  "failed-over": (state) => [...away(state), ...textIf(state.pointsDeleted, "its recovery points are deleted")],
  committed: (state) => [...away(state), ...textIf(!state.pointsDeleted, "its recovery points are not deleted")],
  unprotected: (state) => [
    ...textIf(state.replication.stoppedAtMs === null, "it replicates"),
    ...textIf(!state.pointsDeleted, "its recovery points are not deleted"),
  ],
};

const NOT_REPLICATING = "it does not replicate";
const HAS_TEST_COPY = "it has a test copy";

/** Differences that a record admits in a condition. */
const ADMITTED_BY: ReadonlyMap<string, ItemCondition["type"]> = new Map([
  [NOT_REPLICATING, "not-replicating"],
  [HAS_TEST_COPY, "leftovers"],
]);

const textIf = (wrong: boolean, text: string): string[] => (wrong ? [text] : []);

function atSource({ source, replica, promotedFrom, replication }: EmulatedItem): string[] {
  return [
    ...textIf(promotedFrom !== null, "its replica is promoted"),
    ...textIf(!runs(source), "its source does not run"),
    ...textIf(replica.power === "on", "its replica is on"),
    ...textIf(replication.stoppedAtMs !== null, NOT_REPLICATING),
  ];
}

function away({ source, replica, promotedFrom }: EmulatedItem): string[] {
  return [
    ...textIf(promotedFrom === null, "its replica is not promoted"),
    ...textIf(!runs(replica), "its promoted copy does not run"),
    ...textIf(source.writable, "its source takes writes"),
  ];
}

const activeSite = ({ source, replica, promotedFrom }: EmulatedItem): string =>
  promotedFrom === null ? source.siteId : replica.siteId;

/** The state that a record or an outcome reports of an item. */
type ReportedState = Pick<ItemRecord, "state" | "activeSiteId" | "direction" | "epoch" | "conditions">;

/** Whether a record admits a problem in a condition. */
const reports = ({ conditions }: ReportedState, owned: ItemCondition["type"]): boolean =>
  conditions.some(({ type }) => type === owned);

/**
 * Differences between a record at rest and the estate; empty when there are none or when the record says that something
 * failed.
 */
export function discrepancies(record: ReportedState, state: EmulatedItem): string[] {
  const expected = EXPECTED[record.state];
  if (expected === undefined) return [];
  const placement =
    record.state === "unprotected"
      ? []
      : [
          ...textIf(
            record.activeSiteId !== activeSite(state),
            `it runs at ${activeSite(state)}, not at ${record.activeSiteId}`,
          ),
          ...textIf(record.direction !== state.direction, `it replicates ${state.direction}, not ${record.direction}`),
        ];
  const epoch = textIf(record.epoch > state.epoch, `its epoch is ${state.epoch}, not ${record.epoch}`);
  if (reports(record, "outcome-unknown")) return [];
  const wrong = expected(state).filter((what) => {
    const admitted = ADMITTED_BY.get(what);
    return admitted === undefined || !reports(record, admitted);
  });
  return [...wrong, ...placement, ...epoch];
}
