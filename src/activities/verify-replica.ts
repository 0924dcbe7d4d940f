import { RecoveryError } from "../domain/errors.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { activity } from "./activity.js";
import {
  findProtection as findContract,
  proveProtected as proveContract,
  proveReplicating as replicatingContract,
  verifyReplica as verifyContract,
} from "./contracts/machines.js";
import type { Ports } from "./ports.js";

/** Looks whether the copy that was started runs and answers. */
export const verifyReplica = activity(verifyContract, async (ports, { worldId, executionId, itemId, copy }) => {
  const snapshot = await itemAt(ports, worldId, itemId);
  const test = snapshot.testCopies.find((candidate) => candidate.executionId === executionId);
  const { replica } = snapshot;
  const runs = copy === "replica" ? replica.power === "on" && replica.heartbeat === "ok" : test?.power === "on";
  if (!runs) throw new RecoveryError("operation-failed", `${snapshot.machine.name} was started and does not answer`);
  return {};
});

/** Looks whether an item is protected as before: source on, replica off, replication running. */
export const proveProtected = activity(proveContract, async (ports, { worldId, itemId }) => {
  const { source, replica, replication, machine } = await itemAt(ports, worldId, itemId);
  const wrong = [
    ...(source.power === "on" ? [] : ["its source is off"]),
    ...(replica.power === "off" ? [] : ["its replica is on"]),
    ...(replication.state === "replicating" ? [] : ["it does not replicate"]),
  ];
  if (wrong.length > 0) throw new RecoveryError("undo-failed", `${machine.name} is not protected: ${wrong.join(", ")}`);
  return {};
});

/** Looks whether replication goes on from the copy that runs to the one that is off. */
export const proveReplicating = activity(replicatingContract, async (ports, { worldId, itemId }) => {
  const { source, replica, replication, machine } = await itemAt(ports, worldId, itemId);
  const wrong = [
    ...(source.power === "on" ? [] : ["the copy it reads from is off"]),
    ...(replica.power === "off" ? [] : ["the copy that receives is on"]),
    ...(replication.state === "replicating" ? [] : ["it does not replicate"]),
    ...(replication.newestPoint === null ? ["it has no recovery point"] : []),
  ];
  if (wrong.length > 0) throw new RecoveryError("operation-failed", `${machine.name}: ${wrong.join(", ")}`);
  return {};
});

/** Looks how an item is protected: which way, and whether it has points to start from. */
export const findProtection = activity(findContract, async (ports, { worldId, itemId }) => {
  const { direction, promotedFrom, replication } = await itemAt(ports, worldId, itemId);
  return {
    direction,
    promoted: promotedFrom !== null,
    replicating: replication.state === "replicating",
    hasPoints: replication.newestPoint !== null,
  };
});

async function itemAt({ hypervisor }: Ports, worldId: string, itemId: string): Promise<ItemSnapshot> {
  const [snapshot] = await hypervisor.describeItems(worldId, [itemId]);
  if (!snapshot) throw new RecoveryError("item-not-found", `the hypervisor has no item ${itemId}`);
  return snapshot;
}
