import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionApp } from "../app/function-app.js";
import { type HostExtension, WEBHOOKS_PATH } from "../app/host-extension.js";
import type { Logger } from "../logger.js";
import type { CorsSettings } from "../settings/local-settings.js";
import { type AdminPages, serveAdmin } from "./admin.js";
import { callFunction } from "./call-function.js";
import { applyCors } from "./cors.js";
import { HOME_PAGE } from "./home-page.js";
import { type HostKeys, isAllowed } from "./keys.js";
import { BodyTooLargeError } from "./request-body.js";
import { sendEmpty, sendText } from "./respond.js";
import type { AuthLevel, Router } from "./router.js";
import { streamFunction } from "./stream-function.js";

export interface PipelineOptions {
  app: FunctionApp;
  router: Router;
  admin: AdminPages;
  extension: HostExtension | undefined;
  /** Absent: nobody needs a key. */
  keys: HostKeys | undefined;
  cors: CorsSettings | undefined;
  customHeaders: Readonly<Record<string, string>>;
  /** The library's own server when the app streams HTTP. */
  streamTo: string | undefined;
  showHomePage: boolean;
  logger: Logger;
}

/** Decides who answers a request: the host itself, an extension, or a function. */
export class RequestPipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Never rejects: a failure becomes a status. */
  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = urlOf(req);
    if (!url) return sendText(res, 400, "The request's address or Host header is not valid.");
    try {
      for (const [name, value] of Object.entries(this.#options.customHeaders)) res.setHeader(name, value);
      if (!applyCors(this.#options.cors, req, res)) await this.#answer(req, res, url);
    } catch (error) {
      this.#fail(req, res, error);
    }
  }

  async #answer(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.toLowerCase();
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
    // The rest of the body is not read: the connection can't be used again.
    res.setHeader("Connection", "close");
    sendEmpty(res, tooLarge ? 413 : 500);
  }
}

function urlOf(req: IncomingMessage): URL | undefined {
  try {
    return new URL(`http://${req.headers.host ?? "localhost"}${(req.url ?? "/").replace(/^\/{2,}/, "/")}`);
  } catch {
    return undefined;
  }
}
