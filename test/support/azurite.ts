import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { freePorts, spawnAzurite, whyNotReady } from "../../host/azurite/azurite-process.js";
import { developmentConnectionString, type StoragePorts } from "../../host/azurite/development-storage.js";

const STOP_LIMIT_MS = 20_000;

export type AzuritePorts = StoragePorts;

/** An Azurite in a process of its own, which ends with the process that started it. */
export interface Azurite {
  connectionString: string;
  ports: AzuritePorts;
  pid: number;
  /**
   * Ends the process and resolves when it is gone. SIGTERM lets Azurite save first; SIGKILL loses the writes of
   * the last seconds, acknowledged ones among them.
   */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/**
 * Starts Azurite with its data in `folder`. Resolves when all three services answer.
 *
 * @param ports those of an earlier Azurite, to start it again under the same connection string.
 * @throws Error with Azurite's own output when it does not start.
 */
export async function startAzurite(folder: string, ports?: AzuritePorts): Promise<Azurite> {
  const taken = ports ?? (await freePorts());
  const child = spawnAzurite({ folder, ports: taken, life: "child", output: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  const stop = async (signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await exited;
    clearTimeout(limit);
  };
  const reason = await whyNotReady(child, taken);
  if (reason !== undefined) {
    await stop("SIGKILL");
    throw new Error(`Azurite did not start: ${reason}. Its output:\n${output}`);
  }
  return { connectionString: developmentConnectionString(taken), ports: taken, pid: child.pid ?? -1, stop };
}

/** A prefix for names of tables that no other test has. */
export const uniquePrefix = (): string => `t${randomBytes(6).toString("hex")}`;
