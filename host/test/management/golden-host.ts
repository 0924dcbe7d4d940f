import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { HostExtension } from "../../app/host-extension.js";
import { createDurableExtension } from "../../durable/management/durable-extension.js";
import { openTaskHub } from "../../durable/open-hub.js";
import { startHost } from "../../host.js";
import { silentLogger } from "../../logger.js";
import { GOLDEN_FOLDER } from "./recordings.js";

const keysSchema = z.object({ master: z.string(), function: z.string(), system: z.string() });

/** The golden app on this host, which asks for keys as the recorded one did. */
export interface GoldenHost {
  origin: string;
  /** Address of the loopback API, which asks for no key. */
  rpcOrigin: string;
  hubName: string;
  keys: z.output<typeof keysSchema>;
  close(): Promise<void>;
}

export async function startGoldenHost(connectionString: string): Promise<GoldenHost> {
  const hubName = `Golden${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const dataDirectory = await mkdtemp(join(tmpdir(), "golden-host-"));
  process.env["AzureWebJobsStorage"] = connectionString;
  process.env["AzureFunctionsJobHost__extensions__durableTask__hubName"] = hubName;
  let extension: HostExtension | undefined;
  const host = await startHost({
    appDirectory: join(GOLDEN_FOLDER, "app"),
    dataDirectory,
    port: 0,
    enableAuth: true,
    logger: silentLogger,
    extension: (context) => {
      const openHub = (app: Parameters<typeof openTaskHub>[1]) =>
        openTaskHub(context, app, (error) => {
          throw error;
        });
      extension = createDurableExtension({ ...context, rpcPort: 0, openHub });
      return extension;
    },
  });
  const { rpcBaseUrl } = JSON.parse(extension?.clientBinding?.() ?? "{}") as { rpcBaseUrl: string };
  return {
    origin: host.url,
    rpcOrigin: new URL(rpcBaseUrl).origin,
    hubName,
    keys: keysSchema.parse(JSON.parse(await readFile(join(dataDirectory, "keys.json"), "utf8"))),
    async close() {
      await host.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
