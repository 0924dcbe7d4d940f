import { z } from "zod";
import { Id, Instant } from "../text.js";

/**
 * How a replication group chooses: `common` is one recovery point that all members share, `per-item` the newest of each
 * member. The default is `per-item` for `latest` and `common` for the other kinds (F4).
 */
const groups = z.enum(["common", "per-item"]).optional();

/** How a recovery point is chosen (P4). `custom` names one for a single item. */
export const RecoveryPointChoice = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("latest"), groups }),
  z.strictObject({ kind: z.literal("latest-processed"), groups }),
  z.strictObject({ kind: z.literal("latest-app-consistent"), groups }),
  z.strictObject({ kind: z.literal("latest-crash-consistent"), groups }),
  z.strictObject({ kind: z.literal("custom"), pointId: Id }),
  z.strictObject({
    kind: z.literal("point-in-time"),
    /** Every item starts from its newest recovery point that is not later. */
    emulatedNotAfter: Instant.describe("in the time of the estate, as the `emulatedTime` of recovery points"),
    groups,
    /** The items that need an app-consistent recovery point, or `all`. */
    appConsistent: z.union([z.literal("all"), z.array(Id).max(2_000)]).default([]),
  }),
]);
export type RecoveryPointChoice = z.infer<typeof RecoveryPointChoice>;

/** A point that the replica can start from. Ids are unique within an item; members of a group share the ids of common points. */
export const RecoveryPoint = z.strictObject({
  id: Id,
  /** The time of the data, in emulated time. */
  time: z.iso.datetime(),
  consistency: z.enum(["crash-consistent", "app-consistent"]),
  /** The replication group that shares it, or null if it belongs to this item only. */
  replicationGroupId: Id.nullable(),
});
export type RecoveryPoint = z.infer<typeof RecoveryPoint>;

/** The disks in the recovery points of a machine. They lack disks that were added after protection (A5). */
export const DiskCoverage = z.strictObject({ held: z.int().min(0), of: z.int().min(1), missing: z.array(z.string()) });
export type DiskCoverage = z.infer<typeof DiskCoverage>;

/** The data that a failover lost, measured at the source and not estimated. */
export const DataLoss = z.strictObject({
  /** Seconds between the last write of the source and the recovery point; 0 if nothing was lost. */
  seconds: z.number().min(0),
  /** Writes of the source, on all disks, that the recovery point lacks. */
  writes: z.int().min(0),
  bytes: z.int().min(0),
});
export type DataLoss = z.infer<typeof DataLoss>;
