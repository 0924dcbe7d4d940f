import type { ItemCondition, ItemRecord } from "../../../src/domain/item-record.js";
import type { ItemState } from "../../../src/domain/vocabulary.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";

const runs = ({ power, writable }: EmulatedItem["source"]): boolean => power === "on" && writable;

/** What an estate has to be like for an item to be said to be in a state at rest; each text is what is not so. */
const MUST_BE: Partial<Record<ItemState, (state: EmulatedItem) => string[]>> = {
  protected: (state) => [...atSource(state), ...without(state.testCopies.length > 0, "it has a test copy")],
  "test-failed-over": atSource,
  "failed-over": (state) => [...away(state), ...without(state.pointsDeleted, "its recovery points are deleted")],
  committed: (state) => [...away(state), ...without(!state.pointsDeleted, "its recovery points are not deleted")],
  unprotected: (state) => [
    ...without(state.replication.stoppedAtMs === null, "it replicates"),
    ...without(!state.pointsDeleted, "its recovery points are not deleted"),
  ],
};

const NOT_REPLICATING = "it does not replicate";

const without = (wrong: boolean, text: string): string[] => (wrong ? [text] : []);

function atSource({ source, replica, promotedFrom, replication }: EmulatedItem): string[] {
  return [
    ...without(promotedFrom !== null, "its replica is promoted"),
    ...without(!runs(source), "its source does not run"),
    ...without(replica.power === "on", "its replica is on"),
    ...without(replication.stoppedAtMs !== null, NOT_REPLICATING),
  ];
}

function away({ source, replica, promotedFrom }: EmulatedItem): string[] {
  return [
    ...without(promotedFrom === null, "its replica is not promoted"),
    ...without(!runs(replica), "its promoted copy does not run"),
    ...without(source.writable, "its source takes writes"),
  ];
}

const activeSite = ({ source, replica, promotedFrom }: EmulatedItem): string =>
  promotedFrom === null ? source.siteId : replica.siteId;

/** What is said of an item. */
type Said = Pick<ItemRecord, "state" | "activeSiteId" | "direction" | "epoch" | "conditions">;

/** What a record may own up to beside its state. */
const ownsUpTo = ({ conditions }: Said, owned: ItemCondition["type"]): boolean =>
  conditions.some(({ type }) => type === owned);

/** Where a record at rest does not say what the estate is; empty when it does, or says that something failed. */
export function untruths(record: Said, state: EmulatedItem): string[] {
  const look = MUST_BE[record.state];
  if (look === undefined) return [];
  const told =
    record.state === "unprotected"
      ? []
      : [
          ...without(
            record.activeSiteId !== activeSite(state),
            `it runs at ${activeSite(state)}, not at ${record.activeSiteId}`,
          ),
          ...without(record.direction !== state.direction, `it replicates ${state.direction}, not ${record.direction}`),
        ];
  const epoch = without(record.epoch > state.epoch, `its epoch is ${state.epoch}, not ${record.epoch}`);
  if (ownsUpTo(record, "outcome-unknown")) return [];
  const wrong = look(state).filter((what) => what !== NOT_REPLICATING || !ownsUpTo(record, "not-replicating"));
  return [...wrong, ...told, ...epoch];
}
