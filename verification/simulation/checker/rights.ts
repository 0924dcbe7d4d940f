import { PEOPLE } from "../generators/approvals.js";
import { approvalsOf } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

/** Whoever starts executions and saves plans in a run. */
const EXECUTORS: ReadonlySet<string> = new Set(["operator"]);

/** I23: whatever is recorded was done by somebody who has the right to it: decisions, starts and versions of plans. */
export function effectsHaveARight(facts: Facts): Violation[] {
  const { executions, plans } = facts.evidence.store;
  const decided = [...approvalsOf(facts).values()].flatMap((writes) => {
    const record = writes.at(-1)?.record;
    const wrong = record?.decisions.filter(({ person }) => PEOPLE[person]?.includes("approver") !== true) ?? [];
    return wrong.map((made) => violation("I23", `${made.person} decided, and may not approve`, made, record));
  });
  const started = executions
    .filter(({ requestedBy }) => !EXECUTORS.has(requestedBy))
    .map((one) => violation("I23", `${one.requestedBy} started ${one.executionId}, and may not`, one));
  const saved = plans
    .filter(({ savedBy }) => savedBy !== undefined && !EXECUTORS.has(savedBy))
    .map((one) => violation("I23", `${one.savedBy} saved a version of ${one.plan.id}, and may not`, one));
  return [...decided, ...started, ...saved];
}
