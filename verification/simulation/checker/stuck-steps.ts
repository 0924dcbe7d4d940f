import type { InjectedFault, Sighting } from "../evidence.js";
import { type Facts, itemAt, partsOf } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A step that hangs is polled and shown within this time. */
const SHOWN_AFTER_MS = 600_000;

/** Items of which a task of the execution has been hanging for long: it has no time at which it is due. */
function hanging(facts: Facts, { executionId, atMs }: Sighting): string[] {
  const itemIds = facts.executions.get(executionId)?.record.itemIds ?? [];
  return itemIds.filter((itemId) =>
    Object.entries(itemAt(facts, itemId, atMs)?.tasks ?? {}).some(
      ([key, task]) =>
        partsOf(key).executionId === executionId &&
        task.state === "running" &&
        task.dueMs === null &&
        task.beganMs < atMs - SHOWN_AFTER_MS,
    ),
  );
}

/** Until when a fault may keep the product from knowing. An activity whose answer is late says nothing before. */
const endOf = (fault: InjectedFault): number => fault.atMs + (fault.kind === "late-completion" ? fault.byMs : 0);

/** I30: while an execution runs and a step of it hangs, its answer names the machine among what awaits a decision. */
export function stuckStepsAreNamed(facts: Facts): Violation[] {
  const { sightings, injectedFaults } = facts.evidence;
  return sightings.flatMap((sighting) => {
    const { atMs, executionId, status, itemIds } = sighting;
    const isDisturbed = injectedFaults.some((one) => one.atMs <= atMs && endOf(one) >= atMs - 2 * SHOWN_AFTER_MS);
    if (isDisturbed || status === "paused") return [];
    const unnamed = hanging(facts, sighting).filter((itemId) => !itemIds.includes(itemId));
    if (unnamed.length === 0) return [];
    const what = `execution ${executionId} does not say at ${moment(atMs)} that a step of ${unnamed.join(", ")} hangs`;
    return [violation("I30", what, sighting)];
  });
}
