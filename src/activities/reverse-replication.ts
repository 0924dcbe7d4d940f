import { RecoveryError } from "../domain/errors.js";
import { planReverseReplication } from "../domain/failback/reverse-path.js";
import { keyOnItem, pollingActivity, progressOf } from "./activity.js";
import { reverseReplication as contract } from "./contracts/machines.js";

/** Turns replication of one committed item round, by the way that its sites and the options give. */
export const reverseReplication = pollingActivity(contract, "forward", async (ports, input, ask) => {
  const { worldId, executionId, itemId, options } = input;
  const estate = await ports.hypervisor.describeEstate(worldId, [itemId]);
  const [snapshot] = estate.items;
  if (snapshot === undefined) throw new RecoveryError("item-not-found", `the hypervisor has no item ${itemId}`);
  // Once it has turned there is nothing to look for any more: the key stands for what was begun.
  const turned = snapshot.replication.state === "replicating";
  const { newMachine, hostId, datastoreId, create } = turned
    ? { newMachine: false, hostId: undefined, datastoreId: undefined, create: [] }
    : planReverseReplication(estate, snapshot, options);
  const reply = await ports.hypervisor.runOnItem({
    worldId,
    executionId,
    key: keyOnItem(contract, input),
    itemId,
    operation: "reverse-replication",
    params: { anew: newMachine, hostId, datastoreId, create },
  });
  return progressOf(ports, reply, ask, ({ direction, caughtUpBy, bytes, created, removed }) => ({
    direction,
    replicated: { caughtUpBy, bytes, created, removed },
  }));
});
