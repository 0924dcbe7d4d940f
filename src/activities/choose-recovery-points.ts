import type { z } from "zod";
import { codeIn, RecoveryError } from "../domain/errors.js";
import { solveRecoveryPoints } from "../domain/recovery-points/recovery-point-solver.js";
import type { PollRequest, PollResult } from "../durable/poll-until-done.js";
import { isFault } from "../durable/refusal.js";
import { type ChosenPoint, chooseRecoveryPoints as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { keyOnItem, pollingActivity, pollResultOf } from "./activity.js";

/**
 * Chooses the point each item starts from (P4): `latest` makes a point of what is pending first; the other choices
 * take what is there, one common point for the members of a replication group (F4).
 */
export const chooseRecoveryPoints = pollingActivity(contract, "forward", async (ports, input, request) => {
  const { worldId, itemIds, choice } = input;
  const isOwnLatest = choice.kind === "latest" && choice.groups !== "common";
  if (isOwnLatest && input.processPending) return processPending(ports, input, request);
  const known = await Promise.all(itemIds.map((itemId) => ports.hypervisor.recoveryPoints(worldId, itemId)));
  return { state: "done", result: { chosen: solveRecoveryPoints(known, choice) } };
});

/** `latest`: each item's own, after its pending data were made into a point. */
async function processPending(
  ports: Ports,
  { worldId, executionId, itemIds, attempt }: z.output<typeof contract.input>,
  request: PollRequest,
): Promise<PollResult<{ chosen: ChosenPoint[] }>> {
  const looks = await Promise.all(
    itemIds.map(async (itemId): Promise<PollResult<ChosenPoint>> => {
      const key = keyOnItem("process-pending-data", { executionId, itemId, attempt });
      const task = { worldId, executionId, key, itemId, operation: "process-pending-data", params: {} } as const;
      try {
        const reply = await ports.hypervisor.runOnItem(task);
        return await pollResultOf(ports, reply, request, ({ point }) => ({ itemId, point, failure: null }));
      } catch (thrown) {
        return { state: "done", result: without(itemId, thrown) };
      }
    }),
  );
  const waits = looks.flatMap((look) => (look.state === "waiting" ? [look] : []));
  if (waits.length > 0) {
    const waitMs = Math.max(...waits.map((wait) => wait.waitMs));
    return {
      state: "waiting",
      waitMs,
      ...(waits.some(({ queued }) => queued) ? { queued: true } : {}),
    };
  }
  return { state: "done", result: { chosen: looks.flatMap((look) => (look.state === "done" ? [look.result] : [])) } };
}

/** An item without a point is an answer. A transient fault is thrown, so that the whole step is retried. */
function without(itemId: string, thrown: unknown): ChosenPoint {
  const code = thrown instanceof RecoveryError ? thrown.code : undefined;
  if (code === undefined || isFault(code)) throw thrown;
  const message = (thrown as RecoveryError).message;
  return { itemId, point: null, failure: { code: codeIn(message) ?? code, message } };
}
