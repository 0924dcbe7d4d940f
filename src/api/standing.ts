import { z } from "zod";
import { RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import { Id } from "../domain/text.js";
import { ReplicationPolicy } from "../domain/worlds/world.js";

/** What the hypervisor sees of an item. */
export const standing = z.object({
  replication: z.object({
    state: z.enum(["replicating", "stopped"]),
    rpoSeconds: z.number(),
    newestPoint: RecoveryPoint.nullable(),
    /** A planned failover has set up replication the other way already (H). */
    reversed: z.boolean(),
  }),
  policy: ReplicationPolicy,
  failbackPolicy: ReplicationPolicy.extend({ configurationServerId: Id.nullable() }).nullable(),
  agentRegistered: z.boolean(),
  leftBehind: z.array(z.enum(["machine", "disks"])),
  machine: z.object({ form: z.enum(["vm", "physical"]), hostId: Id.optional(), datastoreId: Id.optional() }),
  tools: z.enum(["running", "disabled", "absent"]),
});
