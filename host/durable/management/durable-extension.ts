import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FunctionApp } from "../../app/function-app.js";
import type { ExtensionContext, HostExtension } from "../../app/host-extension.js";
import { KEEP_ALIVE_MS } from "../../http/listener.js";
import type { TaskHub } from "../task-hub.js";
import { type Answer, answerToError, answerToFault } from "./answer.js";
import { clientPayload, type LinkTarget, MANAGEMENT_PATH } from "./client-payload.js";
import { isBelow, managementRequest } from "./management-request.js";
import { route } from "./routes.js";

/** The path of the loopback API, which needs no key because only this machine reaches it. */
const RPC_PATH = "/durabletask/";
const RPC_ADDRESS = "127.0.0.1";
/** The port that tools expect. Another free port is used when this one is taken. */
const RPC_PORT = 17071;
/** Links leave out this prefix of connection settings: `AzureWebJobsStorage` is `Storage`. */
const CONNECTION_PREFIX = /^AzureWebJobs/;

export interface OpenTaskHub {
  hub: TaskHub;
  /** Takes no new work. Resolves when running work has ended or can safely be left to the next start. */
  stop(): Promise<void>;
}

export interface DurableExtensionOptions extends ExtensionContext {
  /** Opens the hub and continues unfinished work. It may call functions of the app before it resolves. */
  openHub(app: FunctionApp): Promise<OpenTaskHub>;
  /** The port of the loopback API; 0 for any free port. Default: 17071 if it is free. */
  rpcPort?: number;
}

/**
 * Durable Functions on this host: runs the hub and serves its management API on the host's own server and on a loopback
 * address, which the `durableClient` binding uses.
 */
export function createDurableExtension(options: DurableExtensionOptions): HostExtension {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const links: LinkTarget = {
    hubName: options.hubName,
    connectionName: options.hostJson.durableTask.connectionName.replace(CONNECTION_PREFIX, ""),
    systemKey: options.systemKey,
  };
  let opening: Promise<OpenTaskHub> | undefined;
  const serve = async (req: IncomingMessage, res: ServerResponse, basePath: string): Promise<void> => {
    const origin = basePath === RPC_PATH ? rpcOrigin(rpc) : options.baseUrl();
    const answer = await answerRequest(req, async () => {
      if (!opening) return { status: 503 };
      const { hub } = await opening;
      const context = { hub, clock: options.clock, links, stopping: stopping.signal };
      return route(managementRequest(req, basePath, origin), context);
    });
    send(req, res, answer);
  };
  const answerRequest = async (req: IncomingMessage, work: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await work();
    } catch (error) {
      const refusal = answerToError(error);
      if (refusal) return refusal;
      // A caller that closed the connection gets no answer, and this is not a fault of the host.
      if (!req.destroyed)
        options.logger.log("error", `The durable management API failed: ${String(error)}`, { category: "Durable" });
      return answerToFault(error);
    }
  };
  const rpc = createServer((req, res) => {
    const known = isBelow(req.url ?? "", RPC_PATH);
    if (known) serve(req, res, RPC_PATH).catch(() => res.destroy());
    else send(req, res, { status: 404 });
  });
  rpc.keepAliveTimeout = KEEP_ALIVE_MS;

  return {
    name: "durableTask",
    triggerTypes: ["orchestrationTrigger", "activityTrigger"],
    clientBinding: () => clientPayload(options.baseUrl(), `${rpcOrigin(rpc)}${RPC_PATH}`, links),
    async handle(req, res, url) {
      if (!isBelow(url.pathname, MANAGEMENT_PATH)) return false;
      await serve(req, res, MANAGEMENT_PATH);
      return true;
    },
    async start(app) {
      await listen(rpc, options.rpcPort);
      opening = options.openHub(app);
      await opening;
    },
    async stop() {
      stopping.abort();
      const open = await opening?.catch(() => undefined);
      await open?.stop();
      await close(rpc);
    },
  };
}

function send(req: IncomingMessage, res: ServerResponse, answer: Answer): void {
  const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
  const type = answer.body === undefined ? {} : { "Content-Type": "application/json; charset=utf-8" };
  res.writeHead(answer.status, { ...type, "Content-Length": Buffer.byteLength(text), ...answer.headers });
  res.end(text);
  // Otherwise the unread rest of a refused body would count as the next request of the connection.
  req.resume();
}

function rpcOrigin(server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `http://${RPC_ADDRESS}:${port}`;
}

/** Listens on `port` if it is given, otherwise on the usual port if it is free, otherwise on any port. */
async function listen(server: Server, port: number | undefined): Promise<void> {
  if (port !== undefined) return bind(server, port);
  try {
    await bind(server, RPC_PORT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    await bind(server, 0);
  }
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, RPC_ADDRESS, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Also closes the connections that clients keep open. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
