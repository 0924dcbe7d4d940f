/**
 * Signatures of outgoing requests, as Standard Webhooks has them.
 *
 * - G1 The signature is over the id, the time and the very bytes of the body, so a receiver needs nothing else.
 * - G2 While a key is replaced, a request carries a signature by each active key, and a receiver accepts any of them.
 * - G3 A secret that is missing or is no such key stops the request: nothing leaves unsigned that should be signed.
 * - G4 No error text has a value in it.
 *
 * All four are shown by test/activities/sign.test.ts.
 */
import { createHmac } from "node:crypto";
import { RecoveryError } from "../domain/errors.js";
import type { Secrets } from "../ports.js";

const MAX_KEYS = 3;
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

interface Signed {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The value of a secret. */
export function secretValue(secrets: Secrets, name: string): string {
  const value = secrets.get(name);
  if (value === undefined) throw new RecoveryError("secret-missing", `the secret ${name} has no value`);
  return value;
}

/** The header `webhook-signature`: one signature for each active key of the secret, separated by spaces. */
export function signaturesOf(
  secrets: Secrets,
  signWith: string | readonly string[],
  { id, timestamp, body }: Signed,
): string {
  const names = typeof signWith === "string" ? [signWith] : signWith;
  const keys = names.flatMap((name) =>
    secretValue(secrets, name)
      .split(/\s+/)
      .map((key) => keyOf(name, key)),
  );
  if (keys.length > MAX_KEYS) {
    throw unusable(names.join(" and "), `has ${keys.length} keys, and ${MAX_KEYS} at most are active`);
  }
  const text = `${id}.${timestamp}.${body}`;
  return keys.map((key) => `v1,${createHmac("sha256", key).update(text).digest("base64")}`).join(" ");
}

function keyOf(name: string, text: string): Buffer {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  if (base64 === undefined) throw unusable(name, "is no key of the form whsec_ and base64");
  const key = Buffer.from(base64, "base64");
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw unusable(name, `has a key that does not have ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes`);
  }
  return key;
}

const unusable = (name: string, why: string) => new RecoveryError("secret-missing", `the secret ${name} ${why}`);
