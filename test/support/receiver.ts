import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One call that a receiver of webhooks got. */
export interface Received {
  /** By the clock that the receiver was given. */
  atMs: number;
  headers: IncomingMessage["headers"];
  /** As it arrived. */
  text: string;
  /** The content; of a CloudEvent its data. */
  body: Readonly<Record<string, unknown>>;
}

/** An HTTP server that receives webhooks and notifications, and answers with the statuses given, in turn; then 200. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param answer the status of a call, or `null` to stay silent */
  static async listen(
    answer: (call: number, received: Received) => number | null | Promise<number | null> = () => 200,
    now: () => number = () => 0,
  ): Promise<Receiver> {
    const server = createServer((request, response) => {
      void textOf(request).then(async (text) => {
        const received = { atMs: now(), headers: request.headers, text, body: bodyOf(request, text) };
        receiver.received.push(received);
        const status = await answer(receiver.received.length, received);
        if (status !== null) response.writeHead(status).end();
      });
    });
    const receiver = new Receiver(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function bodyOf({ headers }: IncomingMessage, text: string): Received["body"] {
  const body = JSON.parse(text) as Received["body"];
  return headers["content-type"] === "application/cloudevents+json" ? (body["data"] as Received["body"]) : body;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
