import { setTimeout as wait } from "node:timers/promises";
import type { Report } from "../report.js";
import type { Stack } from "../stack.js";
import { WorkloadRunner } from "../workload-runner.js";

const SHORT_MS = { min: 500, most: 8_000 };
/** After this time without renewal another host may take the lease. */
const LEASE_MS = 30_000;
const TAKE_OVER_LIMIT_MS = 60_000;
const END_LIMIT_MS = 20_000;

/** A host that is paused within its lease continues as if nothing had happened. */
export async function pauses(stack: Stack, report: Report): Promise<void> {
  report.begin("pauses", "SIGSTOP and SIGCONT of the host, within its lease");
  const workload = new WorkloadRunner(stack, report);
  for (let pause = 1; pause <= 5; pause += 1) {
    await wait(stack.random.between(500, 4_000));
    stack.host.signal("SIGSTOP");
    const ms = stack.random.between(SHORT_MS.min, SHORT_MS.most);
    await wait(ms);
    stack.host.signal("SIGCONT");
    const progress = await stack.waitForWrite(stack.proxy.writes.length);
    report.check(`pause ${pause} of ${(ms / 1_000).toFixed(1)} s`, [
      ...(await stack.unexpectedEnd()),
      ...(progress === undefined ? ["nothing was written after it"] : []),
    ]);
  }
  await workload.end();
}

/** A host that is paused beyond its lease returns beside its successor, and must not write. */
export async function zombies(stack: Stack, report: Report): Promise<void> {
  report.begin("zombies", "SIGSTOP beyond the lease, a second host takes over, SIGCONT");
  const workload = new WorkloadRunner(stack, report);
  for (let round = 1; round <= 2; round += 1) {
    await wait(stack.random.between(3_000, 9_000));
    const [zombie, proxy] = [stack.host, stack.proxy];
    zombie.signal("SIGSTOP");
    await wait(LEASE_MS);
    await takeOver(stack);
    await wait(stack.random.between(500, 4_000));
    const before = proxy.writes.length;
    zombie.signal("SIGCONT");
    const ended = await Promise.race([zombie.ended, wait(END_LIMIT_MS).then(() => undefined)]);
    const writes = proxy.writes.slice(before);
    const ofHub = writes.filter(({ path }) => path.includes(`${stack.prefix}Hub`) || path.endsWith("$batch"));
    report.check(`zombie ${round}: ended with code ${ended?.code} after ${writes.length} writes`, [
      ...(ended?.code === 1 ? [] : [`it did not end: ${zombie.output.slice(-500)}`]),
      ...(zombie.output.includes("taken over the task hub") ? [] : ["it did not say why"]),
      ...ofHub.map(({ method, path }) => `it wrote to the hub: ${method} ${path}`),
    ]);
    await zombie.end("SIGKILL");
    await proxy.remove();
  }
  await workload.end();
}

/** Starts hosts over a proxy of their own until one holds the hub. */
async function takeOver(stack: Stack): Promise<void> {
  const proxy = await stack.newProxy();
  const endMs = performance.now() + TAKE_OVER_LIMIT_MS;
  for (;;) {
    const host = await stack.startHost({ proxy });
    try {
      stack.url = await host.ready;
      return;
    } catch (error) {
      await host.end("SIGKILL");
      if (performance.now() > endMs) throw error;
    }
  }
}
