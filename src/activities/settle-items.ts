import type { StepRecord } from "../domain/execution.js";
import { toInstant } from "../domain/text.js";
import { unpackSteps } from "../durable/progress.js";
import type { ItemUpdate } from "../store/port.js";
import { activity } from "./activity.js";
import { settleItems as contract, type SettledItem } from "./contracts/execution.js";
import { stepTitle } from "./step-titles.js";

/** Writes the new states of items that ended, and then their steps as one record, which says that they ended; the execution goes on holding them. */
export const settleItems = activity(contract, async ({ store, clock }, settling) => {
  const { worldId, executionId, verb, stage, slice, items } = settling;
  const record: StepRecord = {
    part: itemsPart(stage, slice),
    steps: items.flatMap(({ report: { itemId }, steps }) =>
      unpackSteps(steps, (id) => stepTitle(verb, id)).map((step) => ({ ...step, itemId })),
    ),
  };
  const updates = items.flatMap((item) => updateOf(item, toInstant(clock.now())));
  if (updates.length > 0) await store.updateItems(worldId, executionId, updates);
  await store.putSteps(executionId, [record]);
  return {};
});

/** The part of an execution that a slice of a stage's items is. */
export const itemsPart = (stage: string, slice: number): string => `${stage}/${slice}`;

/** The stage that a part belongs to; undefined for the execution's own. */
export const stageOfPart = (part: string): string | undefined => /^(.+)\/\d+$/.exec(part)?.[1];

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
