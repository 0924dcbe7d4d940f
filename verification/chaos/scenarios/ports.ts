import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Report } from "../report.js";
import type { Stack } from "../stack.js";
import { WorkloadRunner } from "../workload-runner.js";

const CUTTING_MS = 8_000;

/** Another process takes the host's port while it is down. Then the connections to Azurite are reset repeatedly. */
export async function ports(stack: Stack, report: Report): Promise<void> {
  report.begin("ports", "the host's port is taken at its restart, and its connections to storage are reset");
  const workload = new WorkloadRunner(stack, report);
  await wait(2_000);
  await stack.host.end("SIGKILL");
  const port = Number(new URL(stack.url).port);
  const portHolder = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
  await once(portHolder, "listening");
  const refused = await stack.startHost({ port });
  const { code } = await refused.ended;
  report.check("a host whose port is taken reports it and ends", [
    ...(code === 2 ? [] : [`it ended with code ${code}`]),
    ...(refused.output.includes(String(port)) ? [] : [`it did not name the port: ${refused.output.slice(-500)}`]),
  ]);
  await refused.end("SIGKILL");
  portHolder.close();
  await once(portHolder, "close");
  const again = await stack.startHost({ port });
  stack.url = await again.ready;
  const endMs = performance.now() + CUTTING_MS;
  let cuts = 0;
  for (; performance.now() < endMs; cuts += 1) {
    await wait(stack.random.between(50, 600));
    stack.proxy.resetConnections();
  }
  const progress = await stack.waitForWrite(stack.proxy.writes.length);
  report.check(`${cuts} resets of all connections to storage`, [
    ...(await stack.unexpectedEnd()),
    ...(progress === undefined ? ["nothing was written after them"] : []),
  ]);
  await workload.end();
}
