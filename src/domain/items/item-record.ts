import { z } from "zod";
import { DataLoss, RecoveryPoint } from "../recovery-points/recovery-point-choice.js";
import { Guid, Id, Instant, Name, Text } from "../text.js";
import { Direction, ItemState, Scenario, Verb } from "../vocabulary.js";

/** A hazard besides the state: its type, since when, and what to do. */
export const ItemCondition = z.strictObject({
  type: z.enum([
    "split-brain",
    "address-is-dhcp",
    "network-manager-lost",
    "read-only-account",
    "free-licence",
    "not-replicating",
    "outcome-unknown",
    "leftovers",
  ]),
  since: Instant.nullable().describe("real time; null if it has no beginning"),
  whatToDo: Text,
});
export type ItemCondition = z.infer<typeof ItemCondition>;

/** The record of one protected item. `heldBy` is its lock. */
export const ItemRecord = z.strictObject({
  worldId: Id,
  itemId: Id,
  name: Name,
  scenario: Scenario,
  /** The policy by which it replicates to the recovery site. */
  policyId: Id,
  replicationGroupId: Id.nullable(),
  state: ItemState,
  /** Why it is in that state, if that is not obvious. */
  reason: Text.nullable(),
  direction: Direction,
  /** Where the workload runs. */
  activeSiteId: Id,
  epoch: z.int().min(0),
  heldBy: z.strictObject({ executionId: Guid, verb: Verb, from: ItemState }).nullable(),
  recoveryPoint: RecoveryPoint.nullable(),
  dataLoss: DataLoss.nullable(),
  /** The last test of the way out. */
  lastTestFailoverAt: Instant.nullable(),
  /** The last test of the way home, where the scenario can test it (A3). */
  lastTestFailbackAt: Instant.nullable(),
  lastFailoverAt: Instant.nullable(),
  conditions: z.array(ItemCondition).max(10),
});
export type ItemRecord = z.infer<typeof ItemRecord>;
