import { checkPrerequisites as contract } from "../activities/contracts/execution.js";
import { callActivity, type Durable } from "../durable/call.js";
import type { Run } from "./run.js";
import { itemsToDo } from "./stages.js";

/** Ends the story before anything is touched when a machine, setting or site is not ready for it. */
export function* checkPrerequisites(run: Run): Durable<void> {
  const itemIds = itemsToDo(run).map(({ id }) => id);
  yield* run.step("prerequisites", function* () {
    const { found } = yield* callActivity(run.context, contract, { ...run.on, verb: run.plan.verb, itemIds });
    run.progress.note("prerequisites", found);
  });
}
