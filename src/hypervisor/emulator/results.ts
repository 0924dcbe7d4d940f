import { z } from "zod";
import { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { Direction } from "../../domain/vocabulary.js";
import type { ItemOperation, ItemOperations, SiteOperation, SiteOperations } from "../port.js";
import { Copy } from "./state.js";

const Sequences = z.array(z.strictObject({ disk: z.string(), sequence: z.int() }));
const Started = z.strictObject({ startedAt: z.string(), copy: Copy });

/** The shapes of results, to read them back from a task's row. */
export const ITEM_RESULTS: { [O in ItemOperation]: z.ZodType<ItemOperations[O]["result"]> } = {
  "shut-down-source": z.strictObject({ offSince: z.string(), sequences: Sequences }),
  "final-synchronise": z.strictObject({ point: RecoveryPoint, sequences: Sequences }),
  "process-pending-data": z.strictObject({ point: RecoveryPoint }),
  "stop-replication": z.strictObject({ stoppedAt: z.string() }),
  "promote-replica": z.strictObject({ epoch: z.int(), point: RecoveryPoint, dataLoss: DataLoss, sequences: Sequences }),
  "start-replica": Started,
  "delete-recovery-points": z.strictObject({ deleted: z.int() }),
  "demote-replica": z.strictObject({ epoch: z.int() }),
  "restart-source": Started,
  "restore-replication": z.strictObject({ replicatingSince: z.string() }),
  "create-test-copy": z.strictObject({ name: z.string(), point: RecoveryPoint }),
  "start-test-copy": Started,
  "remove-test-copy": z.strictObject({ removed: z.boolean() }),
  "promote-test-copy": Started.extend({ epoch: z.int(), point: RecoveryPoint, dataLoss: DataLoss }),
  "await-agent": z.strictObject({ registeredAt: z.string().nullable() }),
  "reverse-replication": z.strictObject({
    direction: Direction,
    caughtUpBy: z.enum(["full", "deltas", "already-set"]),
    bytes: z.number(),
    point: RecoveryPoint,
    created: z.array(z.string()),
    removed: z.array(z.string()),
  }),
  "remove-old-machine": z.strictObject({ removed: z.array(z.string()) }),
  "disable-replication": z.strictObject({ removed: z.array(z.string()), remaining: z.array(z.string()) }),
  "enable-replication": z.strictObject({ bytes: z.number(), point: RecoveryPoint }),
  resynchronise: z.strictObject({ bytes: z.number() }),
};

export const SITE_RESULTS: { [O in SiteOperation]: z.ZodType<SiteOperations[O]["result"]> } = {
  "create-test-network": z.strictObject({ networkId: z.string() }),
  "remove-test-network": z.strictObject({ removed: z.boolean() }),
  "deploy-process-server": z.strictObject({ processServerId: z.string() }),
};
