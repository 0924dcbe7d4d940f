import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, spawnAzurite, whyNotReady } from "../dist/host/azurite/azurite-process.js";
import { developmentConnectionString } from "../dist/host/azurite/development-storage.js";

/**
 * Starts an Azurite on disk in its own process. With `countRequests` it logs each request, and `requests()` returns
 * how many it has served; without, it is silent as in production use.
 */
export async function startAzurite({ countRequests = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-bench-"));
  const ports = await freePorts();
  const child = spawnAzurite({ folder, ports, life: "child", output: "pipe", logRequests: countRequests });
  let served = 0;
  child.stdout.on("data", (text) => {
    served += String(text).match(/"(GET|PUT|POST|DELETE|PATCH|MERGE|HEAD) /g)?.length ?? 0;
  });
  child.stderr.pipe(process.stderr);
  const reason = await whyNotReady(child, ports);
  if (reason !== undefined) throw new Error(`Azurite did not start: ${reason}`);
  return {
    connectionString: developmentConnectionString(ports),
    requests: () => served,
    async stop() {
      if (child.exitCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
