import { z } from "zod";
import { Id, Instant } from "../text.js";

/**
 * What a replication group starts from: `common` is one moment that all members have, `per-item` each member's own
 * newest. Missing means `per-item` for `latest` and `common` for the rest (F4).
 */
const groups = z.enum(["common", "per-item"]).optional();

/** How the point to start from is chosen (P4). `custom` names one, for a single item. */
export const RecoveryPointChoice = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("latest") }),
  z.strictObject({ kind: z.literal("latest-processed"), groups }),
  z.strictObject({ kind: z.literal("latest-app-consistent"), groups }),
  z.strictObject({ kind: z.literal("latest-crash-consistent"), groups }),
  z.strictObject({ kind: z.literal("custom"), pointId: Id }),
  z.strictObject({
    kind: z.literal("point-in-time"),
    /** The newest point that is not later than this is taken, for every item of the run. */
    notAfter: Instant,
    groups,
    /** Items that start from an app-consistent point, or all of them; the others take what is newest. */
    appConsistent: z.union([z.literal("all"), z.array(Id).max(2_000)]).default([]),
  }),
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

/** Which of a machine's disks its points hold: a disk added after protection is in none of them (A5). */
export const DiskCoverage = z.strictObject({ held: z.int().min(0), of: z.int().min(1), missing: z.array(z.string()) });
export type DiskCoverage = z.infer<typeof DiskCoverage>;

/** What a failover lost, measured at the source and not estimated. */
export const DataLoss = z.strictObject({
  /** Seconds between the source's last write and the recovery point; 0 when nothing was lost. */
  seconds: z.number().min(0),
  /** Writes of the source that the recovery point does not hold, over all disks. */
  writes: z.int().min(0),
  bytes: z.int().min(0),
});
export type DataLoss = z.infer<typeof DataLoss>;
