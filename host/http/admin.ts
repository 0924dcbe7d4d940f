import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { FunctionApp, RegisteredFunction } from "../app/function-app.js";
import { HOST_VERSION } from "../app/functions-core.js";
import { readBody } from "./request-body.js";
import { sendEmpty, sendJson, sendText } from "./respond.js";
import type { HttpRoute } from "./router.js";

/** What the admin pages need from the host. */
export interface AdminPages {
  app: FunctionApp;
  hostId: string;
  routes: readonly HttpRoute[];
  isDisabled(fn: RegisteredFunction): boolean;
  /** Starts a function manually; undefined when a function of this kind cannot be started in this way. */
  runManually(fn: RegisteredFunction, input: unknown): Promise<void> | undefined;
  /** The number of running calls. */
  runningCount(): number;
}

const MAX_ADMIN_BODY_BYTES = 1_048_576;
const runSchema = z.looseObject({ input: z.unknown().optional() });

/** Answers a request below `/admin/`. The key of the caller is already checked. */
export async function serveAdmin(
  pages: AdminPages,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
): Promise<void> {
  const path = url.pathname.replace(/^\/admin\/|\/$/gi, "");
  const [kind = "", name = "", detail = "", ...rest] = path.split("/").map(decodeURIComponentSafely);
  const page = rest.length > 0 ? "" : `${req.method} ${kind.toLowerCase()}`;
  if (page === "GET host" || page === "POST host") serveHostPage(pages, req, res, `${name}/${detail}`.toLowerCase());
  else if (page === "GET functions" && name === "") {
    const inOrder = [...pages.app.functions].sort((a, b) => (a.name < b.name ? -1 : 1));
    sendJson(
      res,
      200,
      inOrder.map((fn) => describeFunction(pages, fn, url)),
    );
  } else if (page === "GET functions") serveFunctionPage(pages, res, url, name, detail.toLowerCase());
  else if (page === "POST functions" && detail === "") await run(pages, req, res, name);
  else sendEmpty(res, 404);
}

function serveHostPage(pages: AdminPages, req: IncomingMessage, res: ServerResponse, name: string): void {
  if (name === "ping/") {
    res.writeHead(200, { "Content-Length": "0", "Cache-Control": "no-store,no-cache", Pragma: "no-cache" }).end();
  } else if (name === "status/" && req.method === "GET") {
    sendJson(res, 200, {
      id: pages.hostId,
      state: "Running",
      version: `${HOST_VERSION}.0`,
      versionDetails: HOST_VERSION,
      platformVersion: "",
      instanceId: "",
      computerName: "",
      processUptime: Math.round(process.uptime() * 1000),
      functionAppContentEditingState: "Unknown",
    });
  } else if (name === "drain/status" && req.method === "GET") {
    sendJson(res, 200, { state: "Disabled", outstandingInvocations: pages.runningCount(), outstandingRetries: 0 });
  } else {
    sendEmpty(res, 404);
  }
}

function serveFunctionPage(pages: AdminPages, res: ServerResponse, url: URL, name: string, detail: string): void {
  const fn = pages.app.find(name);
  if (!fn || (detail !== "" && detail !== "status")) sendEmpty(res, 404);
  else sendJson(res, 200, detail === "status" ? {} : describeFunction(pages, fn, url));
}

async function run(pages: AdminPages, req: IncomingMessage, res: ServerResponse, name: string): Promise<void> {
  const fn = pages.app.find(name);
  if (!fn || pages.isDisabled(fn)) return sendEmpty(res, 404);
  const body = parsed((await readBody(req, MAX_ADMIN_BODY_BYTES)).toString("utf8"));
  if (!body) return sendText(res, 400, 'The body must be JSON such as {"input":"text for the function"}, or {}.');
  const running = pages.runManually(fn, body.input);
  if (!running) {
    return sendText(
      res,
      400,
      `A function with a ${fn.trigger.type} cannot be started in this way; only timers and activities can.`,
    );
  }
  // The invocation logs its own failure.
  running.catch(() => undefined);
  sendEmpty(res, 202);
}

function describeFunction(pages: AdminPages, fn: RegisteredFunction, url: URL): object {
  const route = pages.routes.find((candidate) => candidate.fn === fn);
  return {
    name: fn.name,
    script_root_path_href: null,
    script_href: null,
    config_href: null,
    test_data_href: null,
    href: `${url.origin}/admin/functions/${encodeURIComponent(fn.name)}`,
    invoke_url_template: route ? `${url.origin}/${route.template.text}` : null,
    language: "node",
    config: {
      name: fn.name,
      entryPoint: "",
      language: "node",
      bindings: Object.entries(fn.bindings).map(([name, binding]) => ({ ...binding, name })),
    },
    files: null,
    test_data: "",
    isDisabled: pages.isDisabled(fn),
    isDirect: false,
    isProxy: false,
  };
}

function parsed(text: string): z.infer<typeof runSchema> | undefined {
  try {
    return runSchema.parse(text.trim() === "" ? {} : JSON.parse(text));
  } catch {
    return undefined;
  }
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
