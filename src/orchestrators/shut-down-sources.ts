import type { ItemReport, RunItem } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import type { Durable } from "../durable/call.js";
import { runActions } from "./actions.js";
import type { Run } from "./run.js";
import { itemsToDo, tellItems } from "./stages.js";
import { SHUTDOWN_STEP, shutdownStage } from "./step-ids.js";
import { stopIfCancelled } from "./stop-if-cancelled.js";

/**
 * Shuts every source down and sends what it still has, in one stage before anything is promoted. When they
 * `must` be off, one that isn't ends the story; otherwise it is noted and the story goes on.
 */
export function* shutDownSources(run: Run, { must }: { must: boolean }): Durable<void> {
  const { before, after } = run.plan.shutdown;
  yield* runActions(run, before, SHUTDOWN_STEP);
  yield* run.step(SHUTDOWN_STEP, function* () {
    const reports = yield* releaseInOrder(run);
    stopIfCancelled(reports);
    const failed = reports.filter(({ outcome }) => outcome === "failed");
    if (failed.length === 0) return;
    const which = failed.map(({ itemId, failure }) => `${itemId} (${failure?.message ?? "unknown"})`).join(", ");
    if (must) throw new RecoveryError("shutdown-failed", `not shut down and synchronised: ${which}`);
    run.progress.note(SHUTDOWN_STEP, `went on without: ${which}`);
  });
  yield* runActions(run, after, SHUTDOWN_STEP);
}

function* releaseInOrder(run: Run): Durable<ItemReport[]> {
  if (run.plan.shutdown.order === "together")
    return yield* tellItems(run, SHUTDOWN_STEP, "release-source", itemsToDo(run).filter(isAtSource));
  const reports: ItemReport[] = [];
  for (const group of run.plan.groups.toReversed()) {
    const stage = shutdownStage(group.id);
    reports.push(
      ...(yield* tellItems(
        run,
        stage,
        "release-source",
        group.items.filter((item) => !item.alreadyDone && isAtSource(item)),
      )),
    );
  }
  return reports;
}

/** A replica that was promoted before has been fenced off from its source already. */
const isAtSource = ({ promotedFrom }: RunItem): boolean => promotedFrom === null;
