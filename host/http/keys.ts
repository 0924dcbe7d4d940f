import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "../settings/configuration-error.js";
import type { AuthLevel } from "./router.js";

const keysSchema = z.strictObject({
  master: z.string().min(16),
  function: z.string().min(16),
  system: z.string().min(16),
});

/** `master` allows everything, `function` the functions of that level, `system` the webhooks of extensions. */
export type HostKeys = z.infer<typeof keysSchema>;

export const keysPath = (dataDirectory: string): string => join(dataDirectory, "keys.json");

/**
 * Reads the keys from the data folder. The first start creates them.
 *
 * @throws ConfigurationError when the file exists but holds no valid keys
 */
export async function loadKeys(dataDirectory: string): Promise<HostKeys> {
  const path = keysPath(dataDirectory);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return makeKeys(dataDirectory, path);
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch {
    throw new ConfigurationError(`${path} does not hold keys of this host. Delete it, and the host creates new keys.`);
  }
}

async function makeKeys(dataDirectory: string, path: string): Promise<HostKeys> {
  const key = (): string => randomBytes(32).toString("base64url");
  const keys = { master: key(), function: key(), system: key() };
  await mkdir(dataDirectory, { recursive: true });
  await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}

/** Whether a request has a key for `level`, as `?code=` or in its header. */
export function isAllowed(keys: HostKeys, level: AuthLevel | "system", req: IncomingMessage, url: URL): boolean {
  if (level === "anonymous") return true;
  const header = req.headers["x-functions-key"];
  const given = (typeof header === "string" ? header : undefined) ?? url.searchParams.get("code");
  if (given === null) return false;
  const accepted = level === "admin" ? [keys.master] : [keys.master, keys[level]];
  return accepted.map((key) => sameText(key, given)).includes(true);
}

/** Takes the same time for every text, so that the time reveals nothing about the key. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
