import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import type { Scheme } from "../domain/webhooks/scheme.js";
import { MAX_SECRETS } from "../domain/webhooks/source.js";

/** The key of a secret: shared with the sender, or the public half of the sender's own. */
export type Key = { kind: "shared"; bytes: Uint8Array } | { kind: "public"; key: KeyObject };

/** A shorter key can be guessed. An empty one would let everybody sign. */
const MIN_KEY_BYTES = 16;
const MIN_PREFIXED_KEY_BYTES = 24;
const MAX_KEY_BYTES = 256;

/** The DER bytes that stand before an Ed25519 public key. */
const ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const ED25519_BYTES = 32;

/** The key in the value of a secret; null when it is not one of the scheme. */
function keyOf(scheme: Pick<Scheme, "key">, secret: string): Key | null {
  if (scheme.key === "text") return shared(Buffer.from(secret, "utf8"), MIN_KEY_BYTES);
  if (scheme.key === "base64") return shared(base64(secret), MIN_KEY_BYTES);
  if (secret.startsWith("whpk_")) return publicKey(base64(secret.slice("whpk_".length)));
  return shared(base64(secret.replace(/^whsec_/, "")), MIN_PREFIXED_KEY_BYTES);
}

/** A key that nobody has, for the work that an unknown source costs too. */
export const decoyKey = (): Key => ({ kind: "shared", bytes: randomBytes(32) });

/** Bytes of a canonical base64 text; null for any other text, because two texts of the same bytes are one too many. */
export function base64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

const shared = (bytes: Buffer | null, minBytes: number): Key | null =>
  bytes !== null && bytes.length >= minBytes && bytes.length <= MAX_KEY_BYTES ? { kind: "shared", bytes } : null;

function publicKey(bytes: Buffer | null): Key | null {
  if (bytes?.length !== ED25519_BYTES) return null;
  return {
    kind: "public",
    key: createPublicKey({ key: Buffer.concat([ED25519, bytes]), format: "der", type: "spki" }),
  };
}

/** The usable keys of a source. A secret of Standard Webhooks may hold several with spaces between them. */
export function keysOf(
  scheme: Pick<Scheme, "key">,
  names: readonly string[],
  secrets: { get(name: string): string | undefined },
): Key[] {
  const values = names.flatMap((name) => {
    const value = secrets.get(name) ?? "";
    return scheme.key === "prefixed" ? value.split(/\s+/) : [value];
  });
  return values.flatMap((value) => keyOf(scheme, value) ?? []).slice(0, MAX_SECRETS);
}
