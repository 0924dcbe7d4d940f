import { z } from "zod";
import { Id } from "./text.js";

/** How the point to start from is chosen (P4). `custom` names one, for a single item. */
export const RecoveryPointChoice = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("latest") }),
  z.strictObject({ kind: z.literal("latest-processed") }),
  z.strictObject({ kind: z.literal("latest-app-consistent") }),
  z.strictObject({ kind: z.literal("latest-crash-consistent") }),
  z.strictObject({ kind: z.literal("custom"), pointId: Id }),
]);
export type RecoveryPointChoice = z.infer<typeof RecoveryPointChoice>;

/** A point the replica can start from. Ids are unique within an item; group members share ids of common points. */
export const RecoveryPoint = z.strictObject({
  id: Id,
  /** The moment of the source that the point holds, in emulated time. */
  time: z.iso.datetime(),
  consistency: z.enum(["crash-consistent", "app-consistent"]),
  /** The replication group it is common to, or null for a point of this item only. */
  replicationGroupId: Id.nullable(),
});
export type RecoveryPoint = z.infer<typeof RecoveryPoint>;

/** What a failover lost, measured at the source and not estimated. */
export const DataLoss = z.strictObject({
  /** Seconds between the source's last write and the recovery point; 0 when nothing was lost. */
  seconds: z.number().min(0),
  /** Writes of the source that the recovery point does not hold, over all disks. */
  writes: z.int().min(0),
  bytes: z.int().min(0),
});
export type DataLoss = z.infer<typeof DataLoss>;
