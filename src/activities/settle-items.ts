import type { StepRecord } from "../domain/execution.js";
import { toInstant } from "../domain/text.js";
import { unpackSteps } from "../durable/progress.js";
import type { ItemUpdate } from "../store/port.js";
import { activity } from "./activity.js";
import { settleItems as contract, type SettledItem } from "./contracts/execution.js";
import { stepTitle } from "./step-titles.js";

/** Writes the steps of items that ended and their new states, in batches; the execution goes on holding them. */
export const settleItems = activity(contract, async ({ store, clock }, { worldId, executionId, verb, part, items }) => {
  const records = items.map(({ report, steps }): StepRecord => {
    return { part: `${part}/${report.itemId}`, steps: unpackSteps(steps, (id) => stepTitle(verb, id)) };
  });
  const updates = items.flatMap((item) => updateOf(item, toInstant(clock.now())));
  await Promise.all([
    store.putSteps(executionId, records),
    updates.length > 0 ? store.updateItems(worldId, executionId, updates) : undefined,
  ]);
  return {};
});

function updateOf({ report, change }: SettledItem, now: string): ItemUpdate[] {
  if (change === null) return [];
  const { tested, failedOver, restored, epoch, recoveryPoint, dataLoss, state, reason } = change;
  const { direction, activeSiteId } = change;
  return [
    {
      itemId: report.itemId,
      release: false,
      change: {
        state,
        reason,
        ...(epoch === undefined ? {} : { epoch }),
        ...(direction === undefined ? {} : { direction }),
        ...(activeSiteId === undefined ? {} : { activeSiteId }),
        ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
        ...(dataLoss === undefined ? {} : { dataLoss }),
        ...(restored ? { recoveryPoint: null, dataLoss: null } : {}),
        ...(tested ? { lastTestFailoverAt: now } : {}),
        ...(failedOver ? { lastFailoverAt: now } : {}),
      },
    },
  ];
}
