import type { Execution } from "../domain/execution.js";
import type { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import {
  isReplicating,
  mayBeStranded,
  type Replication,
  withLeftovers,
  withOutcome,
  withReplication,
} from "../domain/items/post-execution-conditions.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import { toInstant } from "../domain/text.js";
import type { ExecutionStatus, ItemState } from "../domain/vocabulary.js";
import type { Ports } from "../ports.js";
import type { ItemReport } from "./contracts.js";
import { readEach } from "./read-each.js";

/** An item that an execution releases: its resting state and its report, if there is one. */
interface ReleasedItem {
  item: ItemRecord;
  state: ItemState;
  report: ItemReport | undefined;
}

/**
 * The conditions of items that an execution touched and now releases. The hypervisor is asked whether they replicate
 * only when that is in doubt.
 */
export async function conditionsAfterExecution(
  { hypervisor, clock }: Ports,
  execution: Pick<Execution, "worldId" | "verb" | "options" | "requestedBy">,
  items: readonly ReleasedItem[],
  status: ExecutionStatus,
): Promise<ReadonlyMap<string, ItemCondition[]>> {
  const { worldId } = execution;
  const givenUp = whyGivenUp(execution);
  const doubted = items.filter(({ state, report }) => mayBeStranded(status, { state, outcome: report?.outcome }));
  const doubtedIds = doubted.map(({ item }) => item.itemId);
  const { found: snapshots, unreadable } = await readEach(doubtedIds, (ids) => hypervisor.describeItems(worldId, ids));
  const stranded = new Set(snapshots.filter((snapshot) => !isReplicating(snapshot)).map(({ item }) => item.id));
  const at = toInstant(clock.now());
  const replicationOf = (itemId: string): Replication => {
    if (unreadable.has(itemId)) return "unknown";
    return stranded.has(itemId) ? "stranded" : "replicating";
  };
  return new Map(
    items.map(({ item: { itemId, conditions }, state, report }) => {
      const known = withReplication(conditions, { replication: replicationOf(itemId), state, at });
      const left = withLeftovers(known, { left: report?.leftovers, givenUp, at });
      return [itemId, withOutcome(left, { isKnown: isKnown(state, report), at })];
    }),
  );
}

/** Why an execution goes on although something of a test is still there; undefined when it does not. */
function whyGivenUp({ verb, options, requestedBy }: Pick<Execution, "verb" | "options" | "requestedBy">) {
  if (options.force !== undefined) return `${requestedBy} forced the clean-up: ${options.force.reason}`;
  return failoverTypeOf(verb) === "unplanned" ? `the ${verb} went on without that` : undefined;
}

/** A failed failover claims nothing. A missing report means that the orchestration was lost before it could report. */
const isKnown = (state: ItemState, report: ItemReport | undefined): boolean =>
  state === "failover-failed" || (report !== undefined && report.failure?.code !== "row-unreadable");
