import { RecoveryError } from "../domain/errors.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { evaluateGate } from "../domain/plans/probes.js";
import { waiting } from "../durable/poll-until-done.js";
import type { Ports } from "../ports.js";
import type { ItemCheck } from "../steps/catalogue.js";
import { type OnItem, type ParamsOf, type ResultOf, stepContract } from "../steps/contracts.js";
import { type Activity, deadlineOf, pollingActivity } from "./activity.js";

/** An activity that looks at an item and is done at once. */
const check = <N extends ItemCheck>(
  name: N,
  look: (item: ItemSnapshot, input: OnItem & { params: ParamsOf<N> }) => ResultOf<N>,
): Activity =>
  pollingActivity(stepContract(name), "undo", async (ports, input) => {
    const item = await itemAt(ports, input.worldId, input.itemId);
    return { state: "done", result: look(item, input) };
  });

/** Throws with every deviation, unless there is none. */
function expectNone(
  code: "undo-failed" | "operation-failed",
  what: string,
  deviations: readonly (string | false)[],
): Record<string, never> {
  const found = deviations.filter((one) => one !== false);
  if (found.length > 0) throw new RecoveryError(code, `${what}: ${found.join(", ")}`);
  return {};
}

const verifyReplica = check("verify-replica", (item, { executionId, params: { copy } }) => {
  const test = item.testCopies.find((candidate) => candidate.executionId === executionId);
  const { replica } = item;
  const runs = copy === "replica" ? replica.power === "on" && replica.heartbeat === "ok" : test?.power === "on";
  if (!runs) throw new RecoveryError("operation-failed", `${item.machine.name} was started and does not answer`);
  return {};
});

const verifyProtected = check("verify-protected", ({ source, replica, replication, machine }) =>
  expectNone("undo-failed", `${machine.name} is not protected`, [
    source.power !== "on" && "its source is off",
    replica.power !== "off" && "its replica is on",
    replication.state !== "replicating" && "it does not replicate",
  ]),
);

const verifyReplicating = check("verify-replicating", ({ source, replica, replication, machine }) =>
  expectNone("operation-failed", machine.name, [
    source.power !== "on" && "the copy it reads from is off",
    replica.power !== "off" && "the copy that receives is on",
    replication.state !== "replicating" && "it does not replicate",
    replication.newestPoint === null && "it has no recovery point",
  ]),
);

const findProtection = check("find-protection", ({ direction, promotedFrom, replication }) => ({
  direction,
  promoted: promotedFrom !== null,
  replicating: replication.state === "replicating",
  hasPoints: replication.newestPoint !== null,
}));

/** Looks whether a started copy answers its probes, and says when to look again. */
const awaitProbes = pollingActivity(stepContract("await-probes"), "forward", async (ports, input, request) => {
  const { worldId, executionId, itemId, params } = input;
  await ports.assertActive(executionId, "forward");
  const copy = params.copy === "replica" ? { kind: params.copy } : { kind: params.copy, executionId };
  const seen = await ports.hypervisor.observe(worldId, itemId, copy);
  const gate = evaluateGate(params.probes, seen);
  if (gate.state === "open") return { state: "done", result: { saw: gate.saw } };
  if (gate.state === "failed") throw new RecoveryError("probe-failed", gate.because);
  if (ports.clock.now() >= deadlineOf(request)) throw new RecoveryError("time-limit", `${seen.name}: ${gate.saw}`);
  return waiting((gate.againSeconds * 1_000) / ports.settings.speed);
});

export const ITEM_CHECK_ACTIVITIES: readonly Activity[] = [
  verifyReplica,
  verifyProtected,
  verifyReplicating,
  findProtection,
  awaitProbes,
];

async function itemAt({ hypervisor }: Ports, worldId: string, itemId: string): Promise<ItemSnapshot> {
  const [snapshot] = await hypervisor.describeItems(worldId, [itemId]);
  if (!snapshot) throw new RecoveryError("item-not-found", `the hypervisor has no item ${itemId}`);
  return snapshot;
}
