import type { Machine } from "../worlds/world.js";
import type { ItemSnapshot } from "./snapshot.js";

/** The first disk is that of the operating system. */
type DiskView = Machine["disks"][number] & { role: "os" | "data"; protected: boolean };

/** The machine of an item as it is at home: what the checks against the limits of Azure read (P3). */
export type MachineView = Pick<
  Machine,
  "id" | "name" | "form" | "osFamily" | "os" | "cpus" | "memoryMb" | "boot" | "nics"
> & { disks: DiskView[]; hostId: string | null; datastoreId: string | null };

export function machineViewOf({ item, machine }: ItemSnapshot): MachineView {
  const { id, name, form, osFamily, os, cpus, memoryMb, boot, nics, hostId = null, datastoreId = null } = machine;
  const disks = machine.disks.map((disk, at): DiskView => {
    const isProtected = item.protectedDisks?.includes(disk.name) ?? true;
    return { ...disk, role: at === 0 ? "os" : "data", protected: isProtected };
  });
  return { id, name, form, osFamily, os, cpus, memoryMb, boot, nics, disks, hostId, datastoreId };
}
