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

/** `master` opens everything, `function` the functions of that level, `system` the webhooks of extensions. */
export type HostKeys = z.infer<typeof keysSchema>;

export const keysPath = (dataDirectory: string): string => join(dataDirectory, "keys.json");

/**
 * The keys kept in the host's data folder, made there at the first start.
 *
 * @throws ConfigurationError when the file is there but is not a file of keys
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
    throw new ConfigurationError(`${path} does not hold this host's keys. Delete it to have new ones made.`);
  }
}

async function makeKeys(dataDirectory: string, path: string): Promise<HostKeys> {
  const key = (): string => randomBytes(32).toString("base64url");
  const keys = { master: key(), function: key(), system: key() };
  await mkdir(dataDirectory, { recursive: true });
  await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}

/** Whether a request carries, as `?code=` or in the header, a key that opens `level`. */
export function isAllowed(keys: HostKeys, level: AuthLevel | "system", req: IncomingMessage, url: URL): boolean {
  if (level === "anonymous") return true;
  const header = req.headers["x-functions-key"];
  const given = (typeof header === "string" ? header : undefined) ?? url.searchParams.get("code");
  if (given === null) return false;
  const opens = level === "admin" ? [keys.master] : [keys.master, keys[level]];
  return opens.map((key) => sameText(key, given)).includes(true);
}

/** Takes the same time whatever was given. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
