import { setTimeout as wait } from "node:timers/promises";
import type { Report } from "../report.js";
import type { Stack } from "../stack.js";
import { WorkloadRunner } from "../workload-runner.js";

/** The uptime of a host before it is killed. Some hosts are killed before they listen. */
const UPTIME_MS = { min: 100, most: 4_200 };
const STARTING_MS = { min: 50, most: 1_200 };
const KILLED_WHILE_STARTING_PERCENT = 10;

/** Kills the host with SIGKILL at times drawn from the seed, and starts it again each time. */
export async function kills(stack: Stack, report: Report, count: number): Promise<void> {
  report.begin("kills", `${count} SIGKILLs of the host while forty machines are recovered`);
  const workload = new WorkloadRunner(stack, report);
  const toProgress: number[] = [];
  for (let kill = 1; kill <= count && workload.failure === undefined; kill += 1) {
    await wait(stack.random.between(UPTIME_MS.min, UPTIME_MS.most));
    const early = await stack.unexpectedEnd();
    await stack.host.end("SIGKILL");
    if (stack.random.chance(KILLED_WHILE_STARTING_PERCENT)) await killWhileStarting(stack);
    const ms = await restartUntilProgress(stack);
    if (ms !== undefined) toProgress.push(ms / 1_000);
    const late = ms === undefined ? [`no progress: ${stack.hostTail}`] : [];
    report.check(`kill ${kill}: progress after ${((ms ?? Number.NaN) / 1_000).toFixed(2)} s`, [...early, ...late]);
  }
  await workload.end();
  report.measured("from start to first write", toProgress, "s");
}

async function killWhileStarting(stack: Stack): Promise<void> {
  const host = await stack.startHost();
  await wait(stack.random.between(STARTING_MS.min, STARTING_MS.most));
  await host.end("SIGKILL");
}

/** Starts a host. Returns the milliseconds until its first transaction, undefined when none comes. */
async function restartUntilProgress(stack: Stack): Promise<number | undefined> {
  const from = stack.proxy.writes.length;
  const host = await stack.restart();
  const first = await stack.waitForWrite(from);
  return first && first.atMs - host.beganMs;
}
