import type { Machine } from "../../domain/worlds/world.js";
import type { EmulatedItem } from "./state.js";

type Disk = Machine["disks"][number];

/** The workload writes, and replication sends, blocks of this size. */
export const BLOCK_BYTES = 65_536;

export const bytesOfDisk = ({ sizeGb }: Pick<Disk, "sizeGb">): number => Math.floor(sizeGb * 1_000_000_000);

export const protectedDisks = ({ item, machine }: Pick<EmulatedItem, "item" | "machine">): Disk[] =>
  machine.disks.filter(({ name }) => item.protectedDisks?.includes(name) ?? true);

export const bytesOfDisks = (disks: readonly Disk[]): number => disks.reduce((sum, disk) => sum + bytesOfDisk(disk), 0);

/**
 * The bytes that differ after so many writes of random blocks: a block that is written again differs only once, so
 * the number approaches the size of the disk and never exceeds it. This is the expected number of distinct blocks.
 */
export function changedBytes(writes: number, diskBytes: number): number {
  const blocks = diskBytes / BLOCK_BYTES;
  const distinct = Math.round(-blocks * Math.expm1(-writes / blocks));
  return Math.min(diskBytes, Math.min(writes, distinct) * BLOCK_BYTES);
}
