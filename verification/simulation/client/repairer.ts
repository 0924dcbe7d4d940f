import { TaskHubError } from "../../../host/durable/task-hub.js";
import type { Context } from "../../../src/commands/context.js";
import { listExecutions, viewExecution } from "../../../src/commands/execution-view.js";
import { listItems } from "../../../src/commands/items.js";
import { listPlans } from "../../../src/commands/plans.js";
import type { Poison, Remedy } from "../evidence.js";
import type { SimulatedHost } from "../runtime/host.js";
import { never, sleep } from "../runtime/host-lifetime.js";
import type { Spoilt } from "../runtime/row-corruptor.js";
import { shown, type Town } from "./environment.js";

/** How often somebody looks whether the faults are over, and how soon a remedy that failed is tried again. */
const LOOK_MS = 30_000;
const WHOLE = 100;

/**
 * Sees what the product says of a row that can't be read, and some time later does what its documentation says:
 * restores the row and resumes what stands still, or terminates the instance that the row belongs to.
 */
export async function careFor(town: Town, spoilt: Spoilt, forMs: number): Promise<void> {
  const { poison } = spoilt;
  for (let left = forMs; left > 0 && !town.calm; left -= LOOK_MS) await sleep(town.clock, Math.min(left, LOOK_MS));
  if (await spoilt.isSpoilt()) await onLivingHost(town, (host) => look(town, host, spoilt));
  const { instanceId, remedy } = poison;
  const ends = instanceId !== null && remedy === "end" && (await spoilt.isSpoilt());
  if (ends) await goOn(town, instanceId, "end");
  await spoilt.mend();
  if (instanceId !== null && !ends) await goOn(town, instanceId, "mend");
  poison.remediedMs = town.clock.now();
  town.journal.wake();
}

/** What a host does as long as it lives; the next one begins again. */
async function onLivingHost<T>(town: Town, work: (host: SimulatedHost) => Promise<T>): Promise<T> {
  for (;;) {
    const host = await town.cluster.live();
    const done = await Promise.race([work(host).then((value) => ({ value })), host.life.died]);
    if (done) return done.value;
  }
}

/** Writes down what the product says when it is asked for what the row belongs to, and what stands still at all. */
async function look(town: Town, host: SimulatedHost, { poison, isSpoilt, isMet }: Spoilt): Promise<void> {
  if (!isMet()) return;
  const listed = await shown(host.hub.list({}, Number.MAX_SAFE_INTEGER));
  const still = listed?.instances.filter(({ runtimeStatus }) => runtimeStatus === "Suspended") ?? [];
  const answer = await shown(answerOn(town, host.context, poison));
  if (!host.life.alive) return never();
  if (answer === undefined || !(await isSpoilt())) return;
  poison.standing = still.map(({ instanceId }) => instanceId);
  poison.shown = still.find(({ instanceId }) => instanceId === poison.instanceId)?.output ?? null;
  poison.askedMs = town.clock.now();
  poison.answer = answer;
}

/** The page on which somebody would look. */
async function answerOn(town: Town, context: Context, { what, of }: Poison): Promise<string> {
  const page = { limit: WHOLE };
  switch (what) {
    case "plan":
      return JSON.stringify((await listPlans(context, page)).unreadable ?? []);
    case "item":
    case "machine":
      return JSON.stringify((await listItems(context, town.world.id, page)).unreadable ?? []);
    case "execution":
      return JSON.stringify((await listExecutions(context, page)).unreadable ?? []);
    default: {
      const { execution, blocked = [] } = await viewExecution(context, of);
      return JSON.stringify([execution.status, ...blocked]);
    }
  }
}

/** Resumes an instance that stands still, or terminates it, until it does so no more. */
async function goOn(town: Town, instanceId: string, remedy: Remedy): Promise<void> {
  while (await onLivingHost(town, (host) => standsStill(host, instanceId, remedy))) await sleep(town.clock, LOOK_MS);
}

async function standsStill({ hub }: SimulatedHost, instanceId: string, remedy: Remedy): Promise<boolean> {
  const seen = await shown(hub.get(instanceId).then((state) => ({ state })));
  if (seen && seen.state?.runtimeStatus !== "Suspended") return false;
  try {
    if (remedy === "mend") await hub.resume(instanceId, null);
    else await hub.terminate(instanceId, "a row of it could not be read");
  } catch (error) {
    if (!(error instanceof TaskHubError) && !isStorageError(error)) throw error;
  }
  return true;
}

const isStorageError = (error: unknown): boolean => error instanceof Error && error.name === "RestError";
