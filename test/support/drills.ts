import { runInVirtualTime } from "../../host/durable/engine/index.js";
import { type DrillRequest, getDrill, requestDrill } from "../../src/commands/drills/request.js";
import { startDueDrills } from "../../src/commands/drills/start-due.js";
import type { Drill, DrillVerdict } from "../../src/domain/drills/drill.js";
import { DrillPolicy } from "../../src/domain/drills/policy.js";
import type { VirtualApp } from "./virtual-app.js";

const MINUTE_MS = 60_000;

/** Gives the plan of the app a drill policy. */
export const withPolicy = (app: VirtualApp, policy: Partial<DrillPolicy>): Promise<void> =>
  app.changePlan((plan) => ({ ...plan, drill: DrillPolicy.parse(policy) }));

let asked = 0;

/** Starts a drill as a person does. */
export async function startDrill(app: VirtualApp, more: Partial<DrillRequest> = {}): Promise<string> {
  asked += 1;
  const request = { idempotencyKey: `asked-${asked}`, planId: app.planId, by: "tester", ...more };
  return (await requestDrill(app.context, request)).drillId;
}

/** Runs until a drill has its verdict. */
export async function concluded(app: VirtualApp, drillId: string): Promise<Drill & { verdict: DrillVerdict }> {
  const read = () => getDrill(app.context, drillId);
  await runInVirtualTime(app.hub, app.clock, async () => (await read()).verdict !== undefined);
  const drill = await read();
  if (drill.verdict === undefined) throw new Error("it has no verdict");
  return { ...drill, verdict: drill.verdict };
}

/** Lets time pass, and the timer run each minute, as the host does. */
export async function passWithTimer(app: VirtualApp, minutes: number): Promise<string[]> {
  const started: string[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    await app.pass(MINUTE_MS - (app.clock.now() % MINUTE_MS));
    const found = await startDueDrills(app.context);
    if (found.errors.length > 0) throw new Error(found.errors.join("; "));
    started.push(...found.started);
  }
  return started;
}

export async function drillsOf(app: VirtualApp): Promise<Drill[]> {
  return (await app.context.store.listDrills(app.planId, { limit: 100 })).entries;
}

/** The executions of the app, the newest first. */
export async function executionsOf(app: VirtualApp) {
  return (await app.context.store.listExecutions({ limit: 100 })).entries;
}
