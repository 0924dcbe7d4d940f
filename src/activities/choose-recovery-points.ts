import type { z } from "zod";
import { codeIn, RecoveryError } from "../domain/errors.js";
import { solveRecoveryPoints } from "../domain/recovery-points/recovery-point-solver.js";
import { isFault } from "../durable/refusal.js";
import { type ChosenPoint, chooseRecoveryPoints as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { activity, keyOnItem } from "./activity.js";
import { requireCaughtUp } from "./steering.js";

/**
 * Chooses the point each item starts from (P4): `latest` makes a point of what is pending first; the other choices
 * take what is there, one common point for the members of a replication group (F4).
 */
export const chooseRecoveryPoints = activity(contract, async (ports, input) => {
  await ports.assertActive(input.executionId, "forward");
  await requireCaughtUp(ports, input);
  const { worldId, itemIds, choice } = input;
  const isOwnLatest = choice.kind === "latest" && choice.groups !== "common";
  if (isOwnLatest && input.processPending) return processPending(ports, input);
  const known = await Promise.all(itemIds.map((itemId) => ports.hypervisor.recoveryPoints(worldId, itemId)));
  return { chosen: solveRecoveryPoints(known, choice), pending: [] };
});

/** `latest`: begins to make a point of each item's pending data. What is not done at once goes on item by item. */
async function processPending(
  ports: Ports,
  { worldId, executionId, itemIds, attempt }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  const looks = await Promise.all(
    itemIds.map(async (itemId): Promise<ChosenPoint | null> => {
      const key = keyOnItem("process-pending-data", { executionId, itemId, attempt });
      const task = { worldId, executionId, key, itemId, operation: "process-pending-data", params: {} } as const;
      try {
        const reply = await ports.hypervisor.runOnItem(task);
        if (reply.state === "waiting") return null;
        if (reply.state === "failed") throw new RecoveryError(reply.code, reply.message);
        return { itemId, point: reply.result.point, failure: null };
      } catch (thrown) {
        return without(itemId, thrown);
      }
    }),
  );
  return {
    chosen: looks.filter((look) => look !== null),
    pending: itemIds.filter((_itemId, at) => looks[at] === null),
  };
}

/** An item without a point is an answer. A fault that may pass concerns its item alone, which asks again. */
function without(itemId: string, thrown: unknown): ChosenPoint | null {
  const code = thrown instanceof RecoveryError ? thrown.code : undefined;
  if (code === undefined || isFault(code)) return null;
  const message = (thrown as RecoveryError).message;
  return { itemId, point: null, failure: { code: codeIn(message) ?? code, message } };
}
