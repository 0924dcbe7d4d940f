import { request } from "node:http";
import type { StoragePorts } from "./development-storage.js";

/** What was found on a port. */
export type Finding = "nothing" | "azurite" | "something-else";

const PROBE_MS = 2_000;

/** Asks all three ports at once. They are Azurite's when all answer so, nothing when none answers at all. */
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
    const asked = request(
      { host: "127.0.0.1", port, path: "/devstoreaccount1", agent: false, timeout: PROBE_MS },
      (answer) => {
        answer.resume();
        resolve(String(answer.headers["server"] ?? "").startsWith(server) ? "azurite" : "something-else");
      },
    );
    asked.once("timeout", () => {
      resolve("something-else");
      asked.destroy();
    });
    asked.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" ? "nothing" : "something-else");
    });
    asked.end();
  });
}
