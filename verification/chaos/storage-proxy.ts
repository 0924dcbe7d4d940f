import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { AzuritePorts } from "../../test/support/azurite.js";

const WRITES = /^(PUT|POST|PATCH|MERGE|DELETE) (\S+) HTTP\/1\.1\r\n/gm;
/** Reads that use a writing method, and the creation of tables and containers. */
const IGNORED = /\/Tables(\(|$|\?)|restype=container/;

/** A request that changes something. */
export interface Write {
  atMs: number;
  method: string;
  path: string;
}

/** A proxy between one host and Azurite that can break connections, and that records every write. */
export class StorageProxy {
  readonly ports: AzuritePorts;
  readonly writes: Write[] = [];
  readonly #servers: Server[];
  readonly #sockets = new Set<Socket>();
  #blocked = false;

  private constructor(servers: Server[], ports: AzuritePorts) {
    this.#servers = servers;
    this.ports = ports;
  }

  /** Starts a proxy to an Azurite. Azurite may be down, or come back later on the same ports. */
  static async start(to: AzuritePorts): Promise<StorageProxy> {
    const servers = [createServer(), createServer(), createServer()];
    for (const server of servers) server.listen(0, "127.0.0.1");
    await Promise.all(servers.map((server) => once(server, "listening")));
    const [blob = 0, queue = 0, table = 0] = servers.map(portOf);
    const proxy = new StorageProxy(servers, { blob, queue, table });
    for (const [at, port] of [to.blob, to.queue, to.table].entries()) {
      servers[at]?.on("connection", (socket) => proxy.#join(socket, port));
    }
    return proxy;
  }

  #join(socket: Socket, port: number): void {
    if (this.#blocked) {
      socket.resetAndDestroy();
      return;
    }
    const far = createConnection({ host: "127.0.0.1", port });
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    socket.on("data", (bytes: Buffer) => this.#note(bytes));
    socket.pipe(far);
    far.pipe(socket);
  }

  #note(bytes: Buffer): void {
    for (const [, method = "", path = ""] of bytes.toString("latin1").matchAll(WRITES)) {
      if (!IGNORED.test(path)) this.writes.push({ atMs: performance.now(), method, path });
    }
  }

  /** Resets every connection. New ones work. A request in flight may or may not have been done. */
  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Refuses all connections until {@link unblock}. */
  block(): void {
    this.#blocked = true;
    this.resetConnections();
  }

  unblock(): void {
    this.#blocked = false;
  }

  async remove(): Promise<void> {
    this.resetConnections();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
