import { z } from "zod";
import { Id, Name } from "../text.js";

/** What a reprotect, or a failback after it, may be told. What is missing is chosen from what the sites have. */
export const ReprotectOptions = z.strictObject({
  /** Passes the data on: in the Azure region on the way home, at the site on the way there (P9, P14). */
  processServerId: Id.optional(),
  /** Writes what comes home (P11). */
  masterTargetId: Id.optional(),
  /** Where the disks of a machine that is made anew are put; ignored when the disks are still there (P11). */
  datastoreId: Id.optional(),
  retentionDrive: Name.optional(),
  /** `alternate`: the machine is made anew on the master target's host and datastore (V2). */
  location: z.enum(["original", "alternate"]).default("original"),
  /** True: wait for the agent's registration, up to 15 minutes after a failover; false: refuse at once (F7). */
  waitForAgent: z.boolean().default(false),
});
export type ReprotectOptions = z.infer<typeof ReprotectOptions>;
