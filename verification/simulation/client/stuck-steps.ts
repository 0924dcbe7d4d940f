import { viewExecution } from "../../../src/commands/execution-view.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable, servingContext } from "./environment.js";

/** The delay between a change and the look for steps that hang. */
const REACTION_MS = 60_000;

/** Looks at running executions, notes what they say is stuck, and continues without some of the machines whose steps are stuck. */
export async function watchStuckSteps(environment: Environment, random: Random): Promise<void> {
  const seen = new Set<string>();
  for (;;) {
    await environment.journal.change();
    await sleep(environment.clock, REACTION_MS);
    if (!(await somethingHangs(environment))) continue;
    for (const executionId of [...environment.journal.running]) await look(environment, executionId, seen, random);
  }
}

/** A view of an execution costs much more than the list of faults. */
async function somethingHangs(environment: Environment): Promise<boolean> {
  const faults = servingContext(environment)?.estate.listFaults(environment.world.id);
  const known = (faults && (await ifReadable(faults))) ?? [];
  return known.some(({ mode }) => mode === "hang" || mode === "slow");
}

async function look(environment: Environment, executionId: string, seen: Set<string>, random: Random): Promise<void> {
  const context = servingContext(environment);
  const view = context && (await ifReadable(viewExecution(context, executionId)));
  if (view === undefined) return;
  const stuck = view.awaits.filter((awaited) => awaited.kind === "continue-without");
  const itemIds = stuck.map(({ itemId }) => itemId);
  environment.sightings.push({ atMs: environment.clock.now(), executionId, status: view.execution.status, itemIds });
  for (const { itemId, stepId } of stuck) {
    const key = `${executionId}/${stepId}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const own = random.fork(key);
    if (own.chance(0.5)) void continueLater(environment, executionId, own.chance(0.5) ? [itemId] : undefined, own);
  }
}

async function continueLater(
  environment: Environment,
  executionId: string,
  itemIds: string[] | undefined,
  random: Random,
): Promise<void> {
  await sleep(environment.clock, random.skewed(1_000, 900_000));
  const request = { kind: "continue-without", executionId, itemIds } as const;
  if (!environment.quiescing) await environment.client.sendUntilKnown(request, random);
}
