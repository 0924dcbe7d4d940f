import { z } from "zod";
import { Id, Name } from "../text.js";

/** The options of a reprotect. A missing resource is chosen from those of the sites. */
export const ReprotectOptions = z.strictObject({
  /** Relays the data: in the Azure region for a failback, at the site for the next failover (P9, P14). */
  processServerId: Id.optional(),
  /** Writes the data of a failback (P11). */
  masterTargetId: Id.optional(),
  /** The datastore of a new machine; ignored if the old disks still exist (P11). */
  datastoreId: Id.optional(),
  retentionDrive: Name.optional(),
  /** `alternate`: a new machine is created on the host and datastore of the master target (V2). */
  location: z.enum(["original", "alternate"]).default("original"),
  /** True: wait for the registration of the agent, up to 15 minutes after a failover. False: refuse at once (F7). */
  waitForAgent: z.boolean().default(false),
});
export type ReprotectOptions = z.infer<typeof ReprotectOptions>;
