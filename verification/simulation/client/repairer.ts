import { TaskHubError } from "../../../host/durable/task-hub.js";
import type { Context } from "../../../src/commands/context.js";
import { listExecutions, viewExecution } from "../../../src/commands/execution-view.js";
import { listItems } from "../../../src/commands/items.js";
import { listPlans } from "../../../src/commands/plans.js";
import type { Remedy, RowCorruption } from "../evidence.js";
import type { SimulatedHost } from "../runtime/host.js";
import { never, sleep } from "../runtime/host-lifetime.js";
import type { CorruptionHandle } from "../runtime/row-corruptor.js";
import { type Environment, ifReadable } from "./environment.js";

/**
 * The interval at which the repairer checks whether the faults are over, and at which it repeats a remedy that failed.
 */
const POLL_MS = 30_000;
const PAGE_LIMIT = 100;

/**
 * Records what the product says about a corrupted row. Some time later it does what the documentation says: it restores
 * the row and resumes the suspended instance, or terminates the instance to which the row belongs.
 */
export async function repairRow(environment: Environment, handle: CorruptionHandle, forMs: number): Promise<void> {
  const { record } = handle;
  for (let left = forMs; left > 0 && !environment.quiescing; left -= POLL_MS)
    await sleep(environment.clock, Math.min(left, POLL_MS));
  if (await handle.isCorrupt()) await onLiveHost(environment, (host) => recordSymptoms(environment, host, handle));
  const { instanceId, remedy } = record;
  const terminates = instanceId !== null && remedy === "terminate" && (await handle.isCorrupt());
  if (terminates) await resumeOrTerminate(environment, instanceId, "terminate");
  await handle.repair();
  if (instanceId !== null && !terminates) await resumeOrTerminate(environment, instanceId, "repair");
  record.repairedMs = environment.clock.now();
  environment.journal.wake();
}

/** Runs work on a live host. If the host dies, the next host starts it again. */
async function onLiveHost<T>(environment: Environment, work: (host: SimulatedHost) => Promise<T>): Promise<T> {
  for (;;) {
    const host = await environment.cluster.live();
    const done = await Promise.race([work(host).then((value) => ({ value })), host.lifetime.died]);
    if (done) return done.value;
  }
}

/** Records what the product answers about the row's owner, and which instances are suspended. */
async function recordSymptoms(
  environment: Environment,
  host: SimulatedHost,
  { record, isCorrupt, isObservable }: CorruptionHandle,
): Promise<void> {
  if (!isObservable()) return;
  const listed = await ifReadable(host.hub.list({}, Number.MAX_SAFE_INTEGER));
  const still = listed?.instances.filter(({ runtimeStatus }) => runtimeStatus === "Suspended") ?? [];
  const answer = await ifReadable(answerAbout(environment, host.context, record));
  if (!host.lifetime.alive) return never();
  if (answer === undefined || !(await isCorrupt())) return;
  record.suspended = still.map(({ instanceId }) => instanceId);
  record.hubReason = still.find(({ instanceId }) => instanceId === record.instanceId)?.output ?? null;
  record.observedMs = environment.clock.now();
  record.answer = answer;
}

/** The page on which a person would look. */
async function answerAbout(
  environment: Environment,
  context: Context,
  { what, ownerId }: RowCorruption,
): Promise<string> {
  const page = { limit: PAGE_LIMIT };
  switch (what) {
    case "plan":
      return JSON.stringify((await listPlans(context, page)).unreadable ?? []);
    case "item":
    case "machine":
      return JSON.stringify((await listItems(context, environment.world.id, page)).unreadable ?? []);
    case "execution":
      return JSON.stringify((await listExecutions(context, page)).unreadable ?? []);
    default: {
      const { execution, blockedReasons = [] } = await viewExecution(context, ownerId);
      return JSON.stringify([execution.status, ...blockedReasons]);
    }
  }
}

/** Resumes or terminates a suspended instance, until it is no longer suspended. */
async function resumeOrTerminate(environment: Environment, instanceId: string, remedy: Remedy): Promise<void> {
  while (await onLiveHost(environment, (host) => isStillSuspended(host, instanceId, remedy)))
    await sleep(environment.clock, POLL_MS);
}

async function isStillSuspended({ hub }: SimulatedHost, instanceId: string, remedy: Remedy): Promise<boolean> {
  const seen = await ifReadable(hub.get(instanceId).then((state) => ({ state })));
  if (seen && seen.state?.runtimeStatus !== "Suspended") return false;
  try {
    if (remedy === "repair") await hub.resume(instanceId, null);
    else await hub.terminate(instanceId, "a row of it could not be read");
  } catch (error) {
    if (!(error instanceof TaskHubError) && !isStorageError(error)) throw error;
  }
  return true;
}

const isStorageError = (error: unknown): boolean => error instanceof Error && error.name === "RestError";
