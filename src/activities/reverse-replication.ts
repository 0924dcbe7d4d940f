import { RecoveryError } from "../domain/errors.js";
import { planReverseReplication } from "../domain/failback/reverse-path.js";
import { stepContract } from "../steps/contracts.js";
import { keyOnItem, pollingActivity, pollResultOf } from "./activity.js";

/** Reverses the replication of one committed item, along the path that its sites and the options give. */
export const reverseReplication = pollingActivity(
  stepContract("reverse-replication"),
  "forward",
  async (ports, input, request) => {
    const { worldId, executionId, itemId, params } = input;
    const estate = await ports.hypervisor.describeEstate(worldId, [itemId]);
    const [snapshot] = estate.items;
    if (snapshot === undefined) throw new RecoveryError("item-not-found", `the hypervisor has no item ${itemId}`);
    // After the reversal no path is needed any more: the key stands for what was begun.
    const isReversed = snapshot.replication.state === "replicating";
    const { newMachine, hostId, datastoreId, create } = isReversed
      ? { newMachine: false, hostId: undefined, datastoreId: undefined, create: [] }
      : planReverseReplication(estate, snapshot, params.options);
    const reply = await ports.hypervisor.runOnItem({
      worldId,
      executionId,
      key: keyOnItem("reverse-replication", input),
      itemId,
      operation: "reverse-replication",
      params: { newMachine, hostId, datastoreId, create },
    });
    return pollResultOf(ports, reply, request, (result) => result);
  },
);
