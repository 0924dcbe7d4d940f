import { request } from "node:http";
import type { StoragePorts } from "./development-storage.js";

/** What listens on a port. */
export type Finding = "nothing" | "azurite" | "something-else";

const PROBE_MS = 2_000;

/** Probes all three ports. The result is `azurite` or `nothing` only when all three agree. */
export async function probe(ports: StoragePorts): Promise<Finding> {
  const found = await Promise.all([
    probePort(ports.blob, "Azurite-Blob"),
    probePort(ports.queue, "Azurite-Queue"),
    probePort(ports.table, "Azurite-Table"),
  ]);
  if (found.every((one) => one === "azurite")) return "azurite";
  return found.every((one) => one === "nothing") ? "nothing" : "something-else";
}

function probePort(port: number, server: string): Promise<Finding> {
  return new Promise((resolve) => {
    const probing = request(
      { host: "127.0.0.1", port, path: "/devstoreaccount1", agent: false, timeout: PROBE_MS },
      (answer) => {
        answer.resume();
        resolve(String(answer.headers["server"] ?? "").startsWith(server) ? "azurite" : "something-else");
      },
    );
    probing.once("timeout", () => {
      resolve("something-else");
      probing.destroy();
    });
    probing.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" ? "nothing" : "something-else");
    });
    probing.end();
  });
}
