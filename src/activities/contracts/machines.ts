import { z } from "zod";
import { Replicated } from "../../domain/execution.js";
import { ReprotectOptions } from "../../domain/failback/reprotect-options.js";
import { Probe } from "../../domain/plans/probes.js";
import { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { Guid, Id } from "../../domain/text.js";
import { Direction } from "../../domain/vocabulary.js";
import { activityContract, pollingContract } from "../../durable/contract.js";

/** From 2 on when somebody answered `retry`: the step is another one at the hypervisor. */
export const attempt = z.int().min(1).default(1);

/** What every step on one item says: whose it is, and what it is done to. */
export const onItem = z.object({ worldId: Id, executionId: Guid, itemId: Id, attempt });
export const onItems = z.object({ worldId: Id, executionId: Guid, itemIds: z.array(Id) });

const retry = "hypervisor-call";
const nothing = z.object({});
const started = z.object({ startedAt: z.string(), siteId: Id });
const pointFound = z.object({ point: RecoveryPoint });

// Before the failover: the source is let go.

export const shutDownSource = pollingContract({
  name: "shut-down-source",
  input: onItem,
  output: z.object({ offSince: z.string() }),
  retry,
});
export const finalSynchronise = pollingContract({
  name: "final-synchronise",
  input: onItem,
  output: pointFound,
  retry,
});
export const stopReplication = pollingContract({ name: "stop-replication", input: onItem, output: nothing, retry });

// The failover itself.

export const promoteReplica = pollingContract({
  name: "promote-replica",
  input: onItem.extend({ pointId: Id, epoch: z.int().min(1), planned: z.boolean() }),
  output: z.object({ point: RecoveryPoint, dataLoss: DataLoss }),
  retry,
});
export const startReplica = pollingContract({
  name: "start-replica",
  input: onItem.extend({ epoch: z.int().min(1) }),
  output: started,
  retry,
});
export const verifyReplica = activityContract({
  name: "verify-replica",
  input: onItem.extend({ copy: z.enum(["replica", "test-copy"]) }),
  output: nothing,
  retry,
});
/** Waits until every probe of a started copy is answered; refuses `probe-failed` once one is past its limit. */
export const awaitProbes = pollingContract({
  name: "await-probes",
  input: onItem.extend({ copy: z.enum(["replica", "test-copy"]), probes: z.array(Probe) }),
  output: z.object({ saw: z.string() }),
  retry,
});
export const deleteRecoveryPoints = pollingContract({
  name: "delete-recovery-points",
  input: onItem,
  output: z.object({ deleted: z.int() }),
  retry,
});

// The way back.

export const demoteReplica = pollingContract({
  name: "demote-replica",
  input: onItem.extend({ epoch: z.int().min(1) }),
  output: nothing,
  retry,
});
export const restartSource = pollingContract({ name: "restart-source", input: onItem, output: started, retry });
export const restoreReplication = pollingContract({
  name: "restore-replication",
  input: onItem,
  output: nothing,
  retry,
});
export const proveProtected = activityContract({ name: "prove-protected", input: onItem, output: nothing, retry });

// The other direction.

export const awaitAgent = pollingContract({
  name: "await-agent",
  input: onItem.extend({ wait: z.boolean() }),
  output: nothing,
  retry,
});
export const reverseReplication = pollingContract({
  name: "reverse-replication",
  input: onItem.extend({ options: ReprotectOptions }),
  output: z.object({ direction: Direction, replicated: Replicated }),
  retry,
});
export const removeOldMachine = pollingContract({
  name: "remove-old-machine",
  input: onItem,
  output: z.object({ removed: z.array(z.string()) }),
  retry,
});
export const disableReplication = pollingContract({
  name: "end-replication",
  input: onItem,
  output: z.object({ removed: z.array(z.string()) }),
  retry,
});
export const enableReplication = pollingContract({ name: "begin-replication", input: onItem, output: nothing, retry });
export const resynchronise = pollingContract({ name: "compare-copies", input: onItem, output: nothing, retry });
/** Gives up a step that failed: from then on it has taken effect, or never will. */
export const giveUpStep = activityContract({
  name: "give-up-step",
  input: onItem.extend({ step: z.string() }),
  output: nothing,
  retry,
});
/** Looks, after a step was not answered, how an item is protected. */
export const findProtection = activityContract({
  name: "find-protection",
  input: onItem,
  output: z.object({ direction: Direction, promoted: z.boolean(), replicating: z.boolean(), hasPoints: z.boolean() }),
  retry,
});
export const proveReplicating = activityContract({ name: "prove-replicating", input: onItem, output: nothing, retry });

// Tests.

export const createTestNetwork = pollingContract({
  name: "create-test-network",
  input: z.object({ worldId: Id, executionId: Guid, siteId: Id }),
  output: z.object({ networkId: z.string() }),
  retry,
});
export const createTestCopy = pollingContract({
  name: "create-test-copy",
  input: onItem.extend({ pointId: Id, networkId: z.string() }),
  output: pointFound,
  retry,
});
export const startTestCopy = pollingContract({ name: "start-test-copy", input: onItem, output: started, retry });
export const promoteTestCopy = pollingContract({
  name: "promote-test-copy",
  input: onItem.extend({ epoch: z.int().min(1) }),
  output: started.extend({ point: RecoveryPoint, dataLoss: DataLoss }),
  retry,
});
export const findTestLeftovers = activityContract({
  name: "find-test-leftovers",
  input: onItems,
  output: z.object({
    copies: z.array(z.object({ itemId: Id, name: z.string() })),
    /** Each with those of the items whose test it was. */
    networks: z.array(
      z.object({ siteId: Id, networkId: z.string(), testExecutionId: z.string(), itemIds: z.array(Id) }),
    ),
  }),
  retry,
});
export const removeTestCopy = pollingContract({
  name: "remove-test-copy",
  input: onItem.extend({ testExecutionId: z.string() }),
  output: nothing,
  retry,
});
export const removeTestNetwork = pollingContract({
  name: "remove-test-network",
  input: z.object({ worldId: Id, executionId: Guid, siteId: Id, testExecutionId: z.string() }),
  output: nothing,
  retry,
});
