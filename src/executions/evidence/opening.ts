import type { LogPlace } from "../../domain/evidence/log-place.js";
import type { Execution } from "../../domain/execution.js";
import { canonicalJson } from "../../domain/identity.js";
import type { PlanVersion } from "../../domain/plans/plan.js";
import { toInstant } from "../../domain/text.js";
import type { Ports } from "../../ports.js";

/**
 * What an execution is bound to before its start: nothing of it is written afterwards to fit the result. The hash of the
 * plan binds its objectives, its order and its probes.
 */
export function openingOf(execution: Execution) {
  const { executionId, worldId, subject, verb, direction, planHash, itemIds, leftOut, options } = execution;
  const { requestedBy, onBehalfOf, requestedAt } = execution;
  return {
    ...{ executionId, worldId, subject, verb, direction, planHash, itemIds, leftOut: leftOut ?? [], options },
    ...{ requestedBy, onBehalfOf: onBehalfOf ?? null, requestedAt },
  };
}

/** The version of the plan that an execution started with; null for a single item. */
export const startedVersion = ({ store }: Pick<Ports, "store">, { subject }: Execution): Promise<PlanVersion | null> =>
  subject.kind === "item" ? Promise.resolve(null) : store.getPlanVersion(subject.planId, subject.planVersion);

/** Records in the log what an execution is bound to. A repeated start records it again, with the same content. */
export function recordOpening(ports: Pick<Ports, "store" | "clock" | "hash">, execution: Execution): Promise<LogPlace> {
  const { executionId, subject, worldId, verb, requestedBy } = execution;
  return ports.store.appendToLog({
    kind: "execution-opened",
    recordId: `${executionId}/opened`,
    at: toInstant(ports.clock.now()),
    about: { executionId, worldId, ...(subject.kind === "plan" && { planId: subject.planId }) },
    verb,
    person: requestedBy,
    openingHash: ports.hash(canonicalJson(openingOf(execution))),
  });
}
