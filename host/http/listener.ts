import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../clock.js";
import { ConfigurationError } from "../settings/configuration-error.js";

/**
 * How long an idle connection stays open. It is much longer than the five seconds of Node's clients: with equal times, a
 * client could send a request on a connection that the host is closing, and the request would fail.
 */
export const KEEP_ALIVE_MS = 120_000;

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * An open port. It listens before the app is loaded, because the app reads its address from the environment. Requests
 * that arrive before then wait for the handler.
 */
export class Listener {
  readonly #server: Server;
  readonly #handler: Promise<RequestHandler>;
  #closing = false;
  #setHandler: (handler: RequestHandler) => void = () => undefined;

  private constructor() {
    this.#handler = new Promise((resolve) => {
      this.#setHandler = resolve;
    });
    this.#server = createServer((req, res) => {
      res.once("close", () => {
        if (this.#closing) setImmediate(() => this.#server.closeIdleConnections());
      });
      void this.#handler.then((handle) => handle(req, res)).catch(() => res.destroy());
    });
    // The genuine host does not limit the duration of a request when it runs locally.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /**
   * @param port 0 for any free one
   * @throws ConfigurationError when the port cannot be used
   */
  static async open(port: number, address: string): Promise<Listener> {
    const listener = new Listener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once("error", (error: NodeJS.ErrnoException) => reject(openFailure(error, port, address)));
      listener.#server.listen(port, address, resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(handler: RequestHandler): void {
    this.#setHandler(handler);
  }

  /** Takes no new requests, lets running requests end within `graceMs`, then closes their connections. */
  async close(clock: Clock, graceMs: number): Promise<void> {
    this.#setHandler(async (_, res) => void res.writeHead(503).end());
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Busy connections are closed as soon as they are idle.
    this.#closing = true;
    this.#server.closeIdleConnections();
    const alarm = clock.after(graceMs, () => this.#server.closeAllConnections());
    await closed;
    alarm.cancel();
  }
}

function openFailure(error: NodeJS.ErrnoException, port: number, address: string): Error {
  const where = `${address}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new ConfigurationError(
      `${where} is in use by another program. Stop it, or choose another port with --port.`,
    );
  }
  return new ConfigurationError(
    `Cannot listen on ${where}: ${error.message}. Choose another address or port with --address and --port.`,
  );
}
