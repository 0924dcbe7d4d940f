import { clip } from "../domain/approvals/ask-words.js";
import { MOVED_STATES } from "../domain/items/lifecycle.js";
import { isSplitBrain } from "../domain/items/snapshot.js";
import { MAX_EVENT_TEXT } from "../domain/notifications/event.js";
import { readEach } from "../executions/read-each.js";
import type { Ports } from "../ports.js";
import { isWanted, publish } from "./publish.js";

/** Machines that a text names, and that programs get. */
const MAX_NAMED = 10;
const MAX_LISTED = 100;

/**
 * Tells that machines of an execution run at both sites after its end. The estate is looked at only when somebody wants
 * to know. A site that does not answer cannot be looked at: it is no reason to tell.
 */
export async function tellSplitBrain(ports: Ports, executionId: string, at: string): Promise<void> {
  if (!(await isWanted(ports, "split-brain-risk"))) return;
  const execution = (await ports.store.getExecution(executionId))?.value;
  if (execution === undefined || !("outcomes" in execution)) return;
  const { worldId, subject, verb, outcomes } = execution;
  const moved = outcomes.filter(({ state }) => MOVED_STATES.has(state)).map(({ itemId }) => itemId);
  const { found } = await readEach(moved, (ids) => ports.hypervisor.describeItems(worldId, ids));
  const both = found.filter(isSplitBrain).map(({ item }) => item.id);
  if (both.length === 0) return;
  const named = `${both.slice(0, MAX_NAMED).join(", ")}${both.length > MAX_NAMED ? " and more" : ""}`;
  await publish(ports, {
    ...{ eventId: `${executionId}/split-brain`, kind: "split-brain-risk", at, executionId, worldId },
    planId: subject.kind === "plan" ? subject.planId : null,
    severity: "critical",
    ends: false,
    text: clip(
      `${both.length} machines run at both sites after ${verb}: ${named}. Shut their sources down.`,
      MAX_EVENT_TEXT,
    ),
    facts: [{ title: "Machines", value: named }],
    data: { verb, count: both.length, items: both.slice(0, MAX_LISTED) },
  });
}
