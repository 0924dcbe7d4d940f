import type { ChosenPoint } from "../activities/contracts/execution.js";
import { chooseRecoveryPoints } from "./recovery-points.js";
import type { Story } from "./run.js";
import { itemsToDo, tellAll } from "./stages.js";

/** Before commit: sets failed-over items to another recovery point (P4). Items without such a point stay as they are. */
export const changeRecoveryPoint: Story = function* (run) {
  const asked = run.plan.recoveryPoint;
  const choice = asked.kind === "latest" ? ({ kind: "latest-processed" } as const) : asked; // nothing comes in any more
  const points = new Map<string, ChosenPoint>();
  for (const group of run.plan.groups) {
    for (const [id, point] of yield* chooseRecoveryPoints(run, group, choice)) points.set(id, point);
  }
  const found = itemsToDo(run).filter(({ id }) => points.get(id)?.point);
  yield* tellAll(run, "repoint-item", found, ({ id }) => ({ pointId: points.get(id)?.point?.id }));
};
