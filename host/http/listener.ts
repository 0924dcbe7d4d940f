import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../clock.js";
import { KEEP_ALIVE_MS } from "../keep-alive.js";
import { ConfigurationError } from "../settings/configuration-error.js";

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * An open port. It listens before the app is loaded, because the app is told its address; requests that come in
 * the meantime wait for the handler.
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
    // The genuine host has no limit on a request's duration when it runs locally.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /**
   * @param port 0 for any free one
   * @throws ConfigurationError when the port can't be had
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

  /** Takes no new requests, lets the running ones end within `graceMs`, then cuts them off. */
  async close(clock: Clock, graceMs: number): Promise<void> {
    this.#setHandler(async (_, res) => void res.writeHead(503).end());
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Connections that were busy are closed as soon as they are idle.
    this.#closing = true;
    this.#server.closeIdleConnections();
    const alarm = clock.at(clock.now() + graceMs, () => this.#server.closeAllConnections());
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
    `Can't listen on ${where}: ${error.message}. Choose another with --address and --port.`,
  );
}
