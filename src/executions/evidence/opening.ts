import type { Execution } from "../../domain/execution.js";
import { canonicalJson } from "../../domain/identity.js";
import type { PlanVersion } from "../../domain/plans/plan.js";
import { toInstant } from "../../domain/text.js";
import type { Ports } from "../../ports.js";

/** What an execution is bound to before its start: nothing of it is written afterwards to fit the result. */
export function openingOf(execution: Execution, saved: PlanVersion | null) {
  const { executionId, worldId, subject, verb, direction, planHash, itemIds, leftOut, options } = execution;
  const { requestedBy, onBehalfOf, requestedAt } = execution;
  const perVerb: Readonly<Record<string, unknown>> = saved?.plan.objectives ?? {};
  return {
    ...{ executionId, worldId, subject, verb, direction, planHash, itemIds, leftOut: leftOut ?? [], options },
    ...{ requestedBy, onBehalfOf: onBehalfOf ?? null, requestedAt },
    objectives: perVerb[verb] ?? null,
  };
}

/** The version of the plan that an execution started with; null for a single item. */
export const startedVersion = ({ store }: Pick<Ports, "store">, { subject }: Execution): Promise<PlanVersion | null> =>
  subject.kind === "item" ? Promise.resolve(null) : store.getPlanVersion(subject.planId, subject.planVersion);

/** Records in the log what an execution is bound to. Safe to repeat: the first record counts. */
export async function recordOpening(
  ports: Pick<Ports, "store" | "clock" | "hash">,
  execution: Execution,
): Promise<void> {
  const { executionId, subject, worldId, verb, requestedBy } = execution;
  const opening = openingOf(execution, await startedVersion(ports, execution));
  const place = await ports.store.appendToLog({
    kind: "execution-opened",
    recordId: `${executionId}/opened`,
    at: toInstant(ports.clock.now()),
    about: { executionId, worldId, ...(subject.kind === "plan" && { planId: subject.planId }) },
    verb,
    person: requestedBy,
    openingHash: ports.hash(canonicalJson(opening)),
  });
  await ports.store.noteOpened(executionId, place);
}
