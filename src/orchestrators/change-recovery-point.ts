import { chooseRecoveryPoints, reportMissingPoints } from "./recovery-points.js";
import type { Story } from "./run.js";
import { itemsToDo, tellAll } from "./stages.js";

/** Before commit: sets failed-over items to another recovery point (P4). Items without such a point stay as they are. */
export const changeRecoveryPoint: Story = function* (run) {
  const points = yield* chooseRecoveryPoints(run, run.plan.recoveryPoint);
  reportMissingPoints(run, points);
  const found = itemsToDo(run).filter(({ id }) => points.get(id)?.point);
  yield* tellAll(run, "repoint-item", found, ({ id }) => ({ pointId: points.get(id)?.point?.id }));
};
