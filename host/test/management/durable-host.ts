import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { FunctionApp } from "../../app/function-app.js";
import type { HostExtension } from "../../app/host-extension.js";
import { loadFunctionApp } from "../../app/load-app.js";
import { systemClock } from "../../clock.js";
import { createDurableExtension } from "../../durable/management/durable-extension.js";
import { openTaskHub } from "../../durable/open-hub.js";
import { silentLogger } from "../../logger.js";
import { parseHostJson } from "../../settings/host-json.js";

/** An app's durable functions and their management API, without the rest of the host. */
export interface DurableHost {
  origin: string;
  /** Address of the loopback API. */
  rpcOrigin: string;
  hubName: string;
  app: FunctionApp;
  extension: HostExtension;
  close(): Promise<void>;
}

/** Serves the durable functions of the app in `directory` on free ports, over a hub of its own. */
export async function openDurableHost(connectionString: string, directory: string): Promise<DurableHost> {
  const hubName = `Http${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  let extension: HostExtension | undefined;
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", "http://localhost");
    void extension?.handle(req, res, url).then((served) => {
      if (!served) res.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The library takes it for its own address; hosts set it before they load the app.
  process.env["WEBSITE_HOSTNAME"] = new URL(origin).host;
  const app = await loadFunctionApp({
    directory,
    logger: silentLogger,
    extraInputs: { durableClient: () => ({ string: extension?.clientBinding?.() ?? "" }) },
  });
  const context = {
    hubName,
    connectionString,
    hostJson: parseHostJson(undefined, {}),
    clock: systemClock,
    logger: silentLogger,
    baseUrl: () => origin,
    systemKey: "KEY",
  };
  extension = createDurableExtension({
    ...context,
    rpcPort: 0,
    openHub: () =>
      openTaskHub(context, app, (error) => {
        throw error;
      }),
  });
  await extension.start(app);
  const { rpcBaseUrl } = JSON.parse(extension.clientBinding?.() ?? "{}") as { rpcBaseUrl: string };
  const opened = extension;
  return {
    origin,
    rpcOrigin: new URL(rpcBaseUrl).origin,
    hubName,
    app,
    extension: opened,
    async close() {
      await opened.stop();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
