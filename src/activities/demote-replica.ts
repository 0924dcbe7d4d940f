import { RecoveryError } from "../domain/errors.js";
import { mayBegin } from "../durable/poll-until-done.js";
import type { Ports } from "../ports.js";
import { stepContract } from "../steps/contracts.js";
import { keyOnItem, pollingActivity, pollResultOf } from "./activity.js";

/**
 * Turns a promoted replica off and into a replica again. Refuses `verb-not-allowed` when its points are gone: then it
 * is committed, whatever its record says, and what it has written since would be lost.
 */
export const demoteReplica = pollingActivity(stepContract("demote-replica"), "undo", async (ports, input, request) => {
  const { worldId, executionId, itemId, params } = input;
  if (mayBegin(request)) await refuseIfCommitted(ports, worldId, itemId);
  const key = keyOnItem("demote-replica", input);
  const task = { worldId, executionId, key, itemId, operation: "demote-replica", params } as const;
  return pollResultOf(ports, await ports.hypervisor.runOnItem(task), request, (result) => result);
});

async function refuseIfCommitted({ hypervisor }: Ports, worldId: string, itemId: string): Promise<void> {
  const [snapshot] = await hypervisor.describeItems(worldId, [itemId]);
  if (!snapshot || snapshot.promotedFrom === null || snapshot.replication.newestPoint !== null) return;
  throw new RecoveryError("verb-not-allowed", `${itemId} is committed, and a committed failover stays`);
}
