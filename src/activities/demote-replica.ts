import { RecoveryError } from "../domain/errors.js";
import { mayBegin } from "../durable/poll-until-done.js";
import { keyOnItem, pollingActivity, progressOf } from "./activity.js";
import { demoteReplica as contract } from "./contracts/machines.js";
import type { Ports } from "./ports.js";

/**
 * Turns a promoted replica off and into a replica again. Refuses `verb-not-allowed` when its points are gone: it is
 * committed then, whatever its record says, and what it has written since would be lost.
 */
export const demoteReplica = pollingActivity(contract, "back", async (ports, input, ask) => {
  const { worldId, executionId, itemId, epoch } = input;
  if (mayBegin(ask)) await refuseIfCommitted(ports, worldId, itemId);
  const key = keyOnItem(contract, input);
  const task = { worldId, executionId, key, itemId, operation: "demote-replica", params: { epoch } } as const;
  return progressOf(ports, await ports.hypervisor.runOnItem(task), ask, () => ({}));
});

async function refuseIfCommitted({ hypervisor }: Ports, worldId: string, itemId: string): Promise<void> {
  const [snapshot] = await hypervisor.describeItems(worldId, [itemId]);
  if (!snapshot || snapshot.promotedFrom === null || snapshot.replication.newestPoint !== null) return;
  throw new RecoveryError("verb-not-allowed", `${itemId} was committed all the same; a committed failover stays`);
}
