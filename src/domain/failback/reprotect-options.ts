import { z } from "zod";
import { Id, Name } from "../text.js";

/** One name, or several for a plan whose machines need different ones: each machine takes the one that fits it. */
const oneOrMore = <T extends z.ZodType>(name: T) => z.union([name, z.array(name).min(1).max(20)]);

/** The options of a reprotect. A missing server is chosen from those of the sites, unless several would do. */
export const ReprotectOptions = z.strictObject({
  /** Relays the data: in the Azure region for a failback, at the site for the next failover (P9, P14). */
  processServerId: Id.optional(),
  /** Writes the data of a failback (P11): one, or one for each family of operating systems. */
  masterTargetId: oneOrMore(Id).optional(),
  /**
   * A failback through a master target needs it, also where the old disks still exist and it is ignored (P11): one, or
   * one for each site.
   */
  datastoreId: oneOrMore(Id).optional(),
  /** The drive of the master target that keeps the recovery points of the failback (P11). */
  retentionDrive: oneOrMore(Name).optional(),
  /** `alternate`: a new machine is created on the host and datastore of the master target (V2). */
  location: z.enum(["original", "alternate"]).default("original"),
  /** True: wait for the registration of the agent, up to 15 minutes after a failover. False: refuse at once (F7). */
  waitForAgent: z.boolean().default(false),
});
export type ReprotectOptions = z.infer<typeof ReprotectOptions>;
