import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { describeEnd, type HostProcess, type ProcessEnd } from "../../support/host-process.js";
import type { Report } from "../report.js";
import type { Stack } from "../stack.js";
import { WorkloadRunner } from "../workload-runner.js";

const run = promisify(execFile);
const NOTICE_LIMIT_MS = 30_000;
/** Writes within this time before the proxy was blocked may never have been acknowledged. */
const IN_FLIGHT_MS = 300;
const HUB_ROWS = ["HubHistory", "HubInstances", "HubInbox"];

/** Azurite is stopped by SIGTERM and started again. Nothing is lost, and the host waits for it. */
export async function storageRestarts(stack: Stack, report: Report, rounds = 5): Promise<void> {
  report.begin("storage-restarts", "SIGTERM of Azurite and a start on the same folder");
  const workload = new WorkloadRunner(stack, report);
  for (let round = 1; round <= rounds; round += 1) {
    await wait(stack.random.between(1_000, 5_000));
    await stack.azurite.stop("SIGTERM");
    await wait(stack.random.between(0, 4_000));
    await stack.startAzurite();
    const progress = await stack.waitForWrite(stack.proxy.writes.length);
    report.check(`restart ${round}`, [
      ...(await stack.unexpectedEnd()),
      ...(progress === undefined ? ["nothing was written after it"] : []),
    ]);
  }
  await workload.end();
}

/**
 * Azurite is killed and loses what was only in memory. The host must notice and report it, and continue from what is
 * there.
 */
export async function storageKills(stack: Stack, report: Report): Promise<void> {
  report.begin("storage-kills", "SIGKILL of Azurite, which loses the last seconds of acknowledged writes");
  const workload = new WorkloadRunner(stack, report);
  let losses = 0;
  for (let round = 1; round <= 6; round += 1) {
    await wait(stack.random.between(3_000, 9_000));
    losses += (await loseStorage(stack, report, `kill ${round}`, () => stack.azurite.stop("SIGKILL"))) ? 1 : 0;
  }
  await workload.end();
  report.check(`${losses} of 6 kills lost something`, losses === 0 ? ["none did, so the scenario showed nothing"] : []);
}

/** The disk is full. Azurite continues in memory, and loses what it could not save when it ends. */
export async function fullDisk(stack: Stack, report: Report): Promise<void> {
  report.begin("full-disk", "Azurite may not extend its files, as on a full disk");
  const workload = new WorkloadRunner(stack, report);
  await wait(3_000);
  if (!(await limitFiles(stack, await largestFile(stack.folder)))) {
    report.say("skipped: prlimit (util-linux) is needed to limit the size of Azurite's files");
    await workload.end();
    return;
  }
  await wait(9_000);
  await limitFiles(stack, "unlimited");
  report.check("the disk was full for a while", await stack.unexpectedEnd());
  await wait(stack.random.between(2_000, 4_000));
  await limitFiles(stack, await largestFile(stack.folder));
  await wait(4_000);
  await loseStorage(stack, report, "ended while the disk was full", () => stack.azurite.stop("SIGTERM"));
  await workload.end();
}

/**
 * Ends Azurite while the proxy is blocked, and starts it again. The host must end if and only if rows of its hub are
 * gone. If all of them were written so late that they may not have been acknowledged, it may end or continue.
 */
async function loseStorage(stack: Stack, report: Report, name: string, end: () => Promise<void>): Promise<boolean> {
  stack.proxy.block();
  const heldAt = Date.now();
  const before = await hubRows(stack);
  await end();
  await stack.startAzurite();
  const after = await hubRows(stack);
  const gone = [...before].filter(([key]) => !after.has(key)).map(([, writtenAt]) => writtenAt);
  const acknowledged = gone.filter((writtenAt) => writtenAt < heldAt - IN_FLIGHT_MS);
  stack.lost.push({ fromMs: Math.min(...gone, heldAt), toMs: heldAt });
  const from = stack.proxy.writes.length;
  stack.proxy.unblock();
  const ended = await hostReaction(stack);
  const lost = `${gone.length} rows of the hub are lost, ${acknowledged.length} of them certainly acknowledged`;
  report.check(`${name}: ${lost}, and the host ${ended ? "reports it" : "continues"}`, [
    ...(ended && gone.length === 0 ? ["it had no reason to end"] : []),
    ...(ended ? reportsLoss(stack.host, ended) : []),
    ...(!ended && acknowledged.length > 0 ? [`the host continued: ${stack.hostTail}`] : []),
    ...(ended || (await stack.waitForWrite(from)) ? [] : [`it wrote nothing more: ${stack.hostTail}`]),
  ]);
  if (ended || !stack.host.isRunning) await stack.restart();
  return acknowledged.length > 0;
}

function reportsLoss(host: HostProcess, ended: ProcessEnd): string[] {
  if (ended.code === 1 && host.output.includes("has lost what it had acknowledged")) return [];
  return [`it ended ${describeEnd(ended)} and did not report the loss: ${host.tail}`];
}

/** How the host reacts to the storage: its end, or undefined when it still answers. */
async function hostReaction({ host, url }: Stack): Promise<ProcessEnd | undefined> {
  const endMs = performance.now() + NOTICE_LIMIT_MS;
  const instances = `${url}/runtime/webhooks/durabletask/instances?top=1`;
  while (host.isRunning && performance.now() < endMs) {
    const answer = await fetch(instances, { signal: AbortSignal.timeout(NOTICE_LIMIT_MS) }).catch(() => undefined);
    if (answer?.ok) return undefined;
    await wait(100);
  }
  return host.isRunning ? undefined : host.ended;
}

/** When each row of the append-only tables of the hub was written, in milliseconds since the epoch. */
async function hubRows(stack: Stack): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  for (const table of HUB_ROWS) {
    for (const row of await stack.rows(table)) {
      rows.set(`${table} ${row["partitionKey"]}/${row["rowKey"]}`, Date.parse(String(row["timestamp"])));
    }
  }
  return rows;
}

async function limitFiles(stack: Stack, bytes: number | "unlimited"): Promise<boolean> {
  try {
    await run("prlimit", ["--pid", String(stack.azurite.pid), `--fsize=${bytes}:unlimited`]);
    return true;
  } catch {
    return false;
  }
}

async function largestFile(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = await Promise.all(
    entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(folder, entry.name))).size),
  );
  return Math.max(...sizes);
}
