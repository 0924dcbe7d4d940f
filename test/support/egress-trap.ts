import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { vi } from "vitest";
import { deliver, type OutgoingRequest } from "../../src/delivery/deliver.js";
import type { Resolve } from "../../src/delivery/egress-guard.js";

/** An address of the public internet, which no test connects to. */
export const PUBLIC_ADDRESS = "20.50.2.1";

type Lookup = (host: string, options: object, found: (error: Error | null, address: string) => void) => void;
interface ConnectOptions {
  host?: string;
  lookup?: Lookup;
}

const connect = Socket.prototype.connect;

/** Listens on this machine, counts who comes, and notes where this process tries to connect to. */
export class EgressTrap {
  /** Connections that reached the listener. */
  arrived = 0;
  /** Addresses that were connected to, whether or not somebody listens there. */
  readonly tried: string[] = [];
  readonly #listener = createServer((socket) => {
    this.arrived += 1;
    socket.destroy();
  });

  static async open(): Promise<EgressTrap> {
    const trap = new EgressTrap();
    trap.#listener.listen(0, "127.0.0.1");
    await once(trap.#listener, "listening");
    vi.spyOn(Socket.prototype, "connect").mockImplementation(trap.#watched() as typeof connect);
    return trap;
  }

  close(): void {
    vi.restoreAllMocks();
    this.#listener.close();
  }

  /** A text that leads to the listener: `PORT` is where it listens. */
  url(text: string): string {
    return text.replaceAll("PORT", `${(this.#listener.address() as AddressInfo).port}`);
  }

  /** Connects as always, but to nobody beyond this machine. */
  #watched(): (this: Socket, ...given: unknown[]) => Socket {
    const { tried } = this;
    return function (...given) {
      const [{ host = "", lookup }] = (Array.isArray(given[0]) ? given[0] : given) as [ConnectOptions];
      if (lookup === undefined) tried.push(host);
      else lookup(host, {}, (_error, address) => tried.push(address));
      if (tried.at(-1)?.startsWith("127.")) return Reflect.apply(connect, this, given);
      setImmediate(() => this.destroy(new Error("nobody is there")));
      return this;
    };
  }
}

interface Surroundings {
  allowPrivate?: boolean;
  resolve?: Resolve;
  onlyTo?: readonly string[];
}

/** Sends a request, and says why it was not delivered. */
export async function attemptTo(url: string, given: Surroundings = {}): Promise<string> {
  const { allowPrivate = false, resolve, onlyTo } = given;
  const settings = { speed: 1, stepLimitMs: 1, allowPrivateWebhooks: allowPrivate, publicBaseUrl: null };
  const ports = { clock: { now: () => 0 }, settings, secrets: { get: () => undefined } };
  const request: OutgoingRequest = { url, headers: {}, body: "{}", ...(onlyTo === undefined ? {} : { onlyTo }) };
  try {
    const answer = await deliver(ports, { messageId: "e", attempt: 1, request, timeoutMs: 500 }, resolve);
    return answer.delivered ? `delivered: ${answer.status}` : answer.why;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

/** A name server that answers this. */
export const answering =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address }));
