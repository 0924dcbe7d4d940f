import type { Drill } from "../../domain/drills/drill.js";
import { messageOf } from "../../domain/errors.js";
import { toInstant, toMs } from "../../domain/text.js";
import { drillContract } from "../../executions/drill-contracts.js";
import { DRILL_EVENT } from "../../orchestrators/runtime/contracts.js";
import type { Page, PageRequest } from "../../store/port.js";
import type { Context } from "../context.js";
import { hasEnded } from "../instance-status.js";
import { allPages } from "../pages.js";
import { advance } from "./advance.js";
import { dueDrillOf } from "./schedules.js";

/** How long the end of an execution is told to the drill that waits for it. After that the drill has looked by itself. */
const NEWS_MS = 5 * 60_000;

/** What a run of the timer did. An error of one plan does not hold the others. */
export interface StartedDrills {
  started: string[];
  errors: string[];
}

/** Starts every drill that is due, and completes those whose start or orchestration was lost. */
export async function startDueDrills(context: Context): Promise<StartedDrills> {
  const found: StartedDrills = { started: [], errors: [] };
  const now = toInstant(context.clock.now());
  await forEach(
    found,
    (page) => context.store.listDueSchedules(now, page),
    async (entry) => {
      const { drill, done } = await dueDrillOf(context, entry);
      if (drill !== null && (await beginDrill(context, drill))) found.started.push(drill.drillId);
      await done();
    },
  );
  await forEach(
    found,
    (page) => context.store.listOpenDrills(page),
    (drill) => look(context, drill),
  );
  return found;
}

async function forEach<T extends object>(
  { errors }: StartedDrills,
  list: (page: PageRequest) => Promise<Page<T>>,
  act: (entry: T) => Promise<void>,
): Promise<void> {
  const { entries, unreadable } = await allPages(list);
  if (unreadable !== undefined) errors.push(...unreadable);
  for (const entry of entries) {
    try {
      await act(entry);
    } catch (thrown) {
      errors.push(messageOf(thrown));
    }
  }
}

/** Records a drill and starts its orchestration. False if it was recorded before. */
export async function beginDrill(context: Context, drill: Drill): Promise<boolean> {
  const { created } = await context.store.createDrill(drill);
  if (created) await startOrchestration(context, drill);
  return created;
}

const startOrchestration = ({ orchestrations }: Context, { drillId }: Drill): Promise<void> =>
  orchestrations.start(drillContract, drillId, { drillId });

/** Starts a drill that was recorded and never began, takes on one that lost its orchestration, and wakes one that waits. */
async function look(context: Context, drill: Drill): Promise<void> {
  const { drillId, test, cleanUp } = drill;
  const instance = await context.orchestrations.getStatus(drillId);
  if (instance === undefined) return startOrchestration(context, drill);
  if (hasEnded(instance)) {
    await advance(context, { drillId });
    return;
  }
  const part = cleanUp ?? test;
  if (part?.kind !== "started") return;
  const execution = (await context.store.getExecution(part.executionId))?.value;
  const isNews = execution && "endedAt" in execution && context.clock.now() - toMs(execution.endedAt) < NEWS_MS;
  if (isNews) await context.orchestrations.raise(drillId, DRILL_EVENT, {});
}
