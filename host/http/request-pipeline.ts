import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionApp } from "../app/function-app.js";
import { type HostExtension, WEBHOOKS_PATH } from "../app/host-extension.js";
import type { Logger } from "../logger.js";
import type { CorsSettings } from "../settings/local-settings.js";
import { type AdminPages, serveAdmin } from "./admin.js";
import { callFunction } from "./call-function.js";
import { applyCors } from "./cors.js";
import { type HostKeys, isAllowed } from "./keys.js";
import { comesFromAnotherSite } from "./other-sites.js";
import { BodyTooLargeError } from "./request-body.js";
import { sendEmpty, sendText } from "./respond.js";
import type { AuthLevel, Router } from "./router.js";
import { streamFunction } from "./stream-function.js";

export interface PipelineOptions {
  app: FunctionApp;
  router: Router;
  admin: AdminPages;
  extension: HostExtension | undefined;
  /** Undefined when callers need no key. */
  keys: HostKeys | undefined;
  /** Only this machine can call. */
  isOnLoopback: boolean;
  cors: CorsSettings | undefined;
  customHeaders: Readonly<Record<string, string>>;
  /** The address of the library's own server, when the app streams HTTP. */
  streamTo: string | undefined;
  showHomePage: boolean;
  logger: Logger;
}

/** Passes each request to the host itself, an extension, or a function. */
export class RequestPipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Never rejects: a failure becomes an HTTP status. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = requestUrl(req);
    if (!url) return sendText(res, 400, "The request's URL or Host header is not valid.");
    try {
      for (const [name, value] of Object.entries(this.#options.customHeaders)) res.setHeader(name, value);
      if (!applyCors(this.#options.cors, req, res)) await this.#answer(req, res, url);
    } catch (error) {
      this.#fail(req, res, error);
    }
  }

  async #answer(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.toLowerCase();
    if (this.#isForOperator(path) && this.#isOpenToPages(req)) return sendEmpty(res, 403);
    if (path.startsWith("/admin/")) return this.#answerAdmin(req, res, url, path);
    if (path.startsWith(WEBHOOKS_PATH)) return this.#answerWebhook(req, res, url);
    const match = this.#options.router.find(req.method ?? "GET", url.pathname);
    if (match) {
      if (!this.#allows(match.route.authLevel, req, url)) return sendEmpty(res, 401);
      const { app, streamTo } = this.#options;
      if (streamTo === undefined) return callFunction(app, match, req, res, url);
      return streamFunction(app, match, req, res, url, streamTo);
    }
    if (path === "/" && req.method === "GET") return this.#answerHome(res);
    sendEmpty(res, 404);
  }

  async #answerAdmin(req: IncomingMessage, res: ServerResponse, url: URL, path: string): Promise<void> {
    const open = path === "/admin/host/ping" || this.#allows("admin", req, url);
    if (open) await serveAdmin(this.#options.admin, req, res, url);
    else sendEmpty(res, 401);
  }

  async #answerWebhook(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    if (!this.#allows("system", req, url)) return sendEmpty(res, 401);
    const answered = (await this.#options.extension?.handle(req, res, url)) ?? false;
    if (!answered) sendEmpty(res, 404);
  }

  #answerHome(res: ServerResponse): void {
    if (this.#options.showHomePage) res.writeHead(200, { "Content-Type": "text/html" }).end(HOME_PAGE);
    else sendEmpty(res, 204);
  }

  #isForOperator(path: string): boolean {
    return path.startsWith("/admin/") || path.startsWith(WEBHOOKS_PATH);
  }

  /** Without a key, what the host's operator may do must not be open to the pages in the operator's browser. */
  #isOpenToPages(req: IncomingMessage): boolean {
    const { keys, isOnLoopback, cors } = this.#options;
    return keys === undefined && isOnLoopback && comesFromAnotherSite(req, cors);
  }

  #allows(level: AuthLevel | "system", req: IncomingMessage, url: URL): boolean {
    const { keys } = this.#options;
    return keys === undefined || isAllowed(keys, level, req, url);
  }

  #fail(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const tooLarge = error instanceof BodyTooLargeError;
    if (!tooLarge && !req.destroyed) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.logger.log("error", `${req.method} ${req.url} failed in the host: ${reason}`, {
        category: "Host.Http",
      });
    }
    if (res.headersSent) {
      res.destroy();
      return;
    }
    // The rest of the body stays unread, so the connection cannot be used again.
    res.setHeader("Connection", "close");
    sendEmpty(res, tooLarge ? 413 : 500);
  }
}

function requestUrl(req: IncomingMessage): URL | undefined {
  try {
    return new URL(`http://${req.headers.host ?? "localhost"}${(req.url ?? "/").replace(/^\/{2,}/, "/")}`);
  } catch {
    return undefined;
  }
}

const HOME_PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Your Azure Function App is up and running.</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
      code { background: #eee; padding: 0 .25rem; }
    </style>
  </head>
  <body>
    <h1>Your Azure Function App is up and running.</h1>
    <p>The embedded host of this machine serves it.</p>
    <p>See the functions at <a href="/admin/functions"><code>/admin/functions</code></a> and the state of the host at
    <a href="/admin/host/status"><code>/admin/host/status</code></a>.</p>
  </body>
</html>
`;
