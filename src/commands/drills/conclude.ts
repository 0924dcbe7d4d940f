import type { Drill, DrillVerdict } from "../../domain/drills/drill.js";
import { timingsOf } from "../../domain/drills/prediction.js";
import { verdictOf } from "../../domain/drills/verdict.js";
import { RecoveryError } from "../../domain/errors.js";
import type { Execution, Step } from "../../domain/execution.js";
import type { Plan } from "../../domain/plans/plan.js";
import { planItemIds } from "../../domain/plans/plan-rules.js";
import { leavesOf } from "../../domain/steps.js";
import { toInstant } from "../../domain/text.js";
import { listed } from "../../domain/wording.js";
import { actionOfStep } from "../../steps/plan-steps.js";
import type { Context } from "../context.js";
import { viewExecution } from "../execution-view.js";
import { leftoversOf } from "./leftovers.js";
import { pastTimings } from "./prediction.js";
import { changesSince } from "./production.js";

/** Looks at the estate after the clean-up, and says what the drill showed. */
export async function concludeDrill(
  context: Context,
  { drill, plan }: { drill: Drill; plan: Plan },
  test: Execution,
  cleanUp: Execution | null,
): Promise<DrillVerdict> {
  const { worldId, before, checks, exposed = [] } = drill;
  const ids = planItemIds(plan);
  const own = new Set([test.executionId, ...(cleanUp === null ? [] : [cleanUp.executionId])]);
  const { steps, measures } = await viewExecution(context, test.executionId);
  const leftovers = await seen(() => leftoversOf(context, worldId, ids, test.executionId));
  const production = await seen(() => changesSince(context, worldId, before?.items ?? [], own));
  const sizes = new Map((before?.items ?? []).map(({ itemId, size }) => [itemId, size]));
  const past = await pastTimings(context, drill.planId);
  const wanted = plan.drill?.failureDrills.find(({ id }) => id === drill.failureDrillId);
  return verdictOf({
    failureDrill: wanted ?? null,
    timings: timingsOf(steps, sizes, context.settings.speed),
    ...{ past, sizes },
    at: toInstant(context.clock.now()),
    plan,
    test,
    steps,
    actions: [...actionsIn(steps), ...(cleanUp === null ? [] : actionsIn(await stepsOf(context, cleanUp)))],
    measures: measures?.plan ?? null,
    checks: checks?.items ?? [],
    exposed,
    cleanUpFailure: cleanUpFailure(drill, cleanUp),
    leftovers,
    production,
    tookOver: await takenOver(context, drill, test, cleanUp),
  });
}

const stepsOf = async (context: Context, { executionId }: Execution): Promise<Step[]> =>
  (await viewExecution(context, executionId)).steps;

/** The actions that ran to success. */
const actionsIn = (steps: readonly Step[]): string[] => [
  ...new Set(
    leavesOf(steps).flatMap(({ id, status }) => (status === "succeeded" ? (actionOfStep(id)?.actionId ?? []) : [])),
  ),
];

/** What the estate shows; null if it refuses to show it. */
async function seen<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return null;
  }
}

function cleanUpFailure({ cleanUp }: Drill, execution: Execution | null): string | null {
  if (cleanUp?.kind === "refused") return cleanUp.failure.message;
  if (execution === null || execution.status === "succeeded") return null;
  if ("failure" in execution) return execution.failure.message;
  return `it ended ${execution.status}`;
}

/** What people made of the test while it stood. A test that undid itself is none of theirs. */
async function takenOver(
  { store }: Context,
  drill: Drill,
  test: Execution,
  cleanUp: Execution | null,
): Promise<string | null> {
  if (!("outcomes" in test)) return null;
  const tested = test.outcomes.filter(({ outcome }) => outcome === "succeeded").map(({ itemId }) => itemId);
  const cleaned = new Set(cleanUp?.itemIds ?? []);
  const without = tested.filter((itemId) => !cleaned.has(itemId));
  if (without.length === 0 || drill.cleanUp?.kind === "refused") return null;
  const records = await store.findItems(drill.worldId, without);
  const moved = records.filter(({ state }) => state !== "protected").map(({ itemId }) => itemId);
  if (moved.length > 0) return `people promoted the test of ${listed(moved)}, which is no drill any more`;
  return `people removed the test of ${listed(without)} before the drill did`;
}
