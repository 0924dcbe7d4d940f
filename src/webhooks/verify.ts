/**
 * The one verifier of signed requests. Schemes are data.
 *
 * - V1 A request passes only if a signature fits its raw bytes, its id and its time under an active key, and its time is
 *   within the tolerance, before and after now (test/unit/webhooks/verify.test.ts).
 * - V2 Every part has one spelling: a time has ten digits, an id no separator, a signature one encoding. A header that
 *   was sent twice is joined with a comma, and so fits nothing, or is what one header would have said.
 * - V3 A refusal takes the same work, whatever is wrong and whether the source is known: always three keys and five
 *   signatures, compared in constant time (`npm run timing` measures it).
 * - V4 Nothing of the body is read: it is bytes that are signed or not.
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual, verify as verifyWithPublicKey } from "node:crypto";
import type { Scheme } from "../domain/webhooks/scheme.js";
import type { WebhookRefusal } from "../domain/webhooks/security-record.js";
import { MAX_SECRETS } from "../domain/webhooks/source.js";
import { base64, decoyKey, type Key } from "./keys.js";

/** The headers of a request; names in lower case. */
export interface Headers {
  get(name: string): string | null;
}

export interface SignedRequest {
  headers: Headers;
  body: Uint8Array;
}

/** `id`: the signed id, or the digest of the body; undefined if the scheme finds it in the body. */
export type Verification = { ok: true; id: string | undefined } | { ok: false; reason: WebhookRefusal };

const MAX_SIGNATURES = 5;
const DIGEST_BYTES = 32;
const ID = /^[\w-]{1,128}$/;
const TIME = /^[0-9]{10}$/;
const HEX = /^[0-9a-f]{64}$/;
/** A version of the same family that this program does not know is left alone, as Standard Webhooks wants it. */
const OTHER_VERSION = /^v[0-9]{1,2}[a-z]?,[A-Za-z0-9+/=]{1,200}$/;
/** Fills the places of missing signatures. No digest is equal to it. */
const NOTHING = Buffer.alloc(DIGEST_BYTES);
const DECOYS: readonly Key[] = Array.from({ length: MAX_SECRETS }, decoyKey);

/** Checks a request of a source. Without any key it does the same work, and refuses. */
export function verify(scheme: Scheme, keys: readonly Key[], request: SignedRequest, nowMs: number): Verification {
  const problems: WebhookRefusal[] = [];
  if (keys.length === 0) problems.push("no-usable-secret");
  if (!isContentType(scheme, request.headers)) problems.push("wrong-content-type");
  const id = idOf(scheme, request, problems);
  const time = timeOf(scheme, request, nowMs, problems);
  const signatures = signaturesOf(scheme, request.headers, problems);
  const signed = signedBytes(scheme, id ?? "", time, request.body);
  if (!fits(keys, signed, signatures)) problems.push("wrong-signature");
  const [reason] = problems;
  return reason === undefined ? { ok: true, id } : { ok: false, reason };
}

/** A body in another encoding would be signed in one form and read in another. */
function isContentType({ contentType }: Scheme, headers: Headers): boolean {
  const given = headers.get("content-type")?.toLowerCase() ?? "";
  const isPlain = given === contentType || given.replace(/; ?charset="?utf-8"?$/, "") === contentType;
  return isPlain && /^(identity)?$/i.test(headers.get("content-encoding") ?? "");
}

function idOf(scheme: Scheme, { headers, body }: SignedRequest, problems: WebhookRefusal[]): string | undefined {
  if (scheme.id.kind === "digest") return createHash("sha256").update(body).digest("hex");
  if (scheme.id.kind === "body") return undefined;
  const id = headers.get(scheme.id.header) ?? "";
  if (!ID.test(id)) problems.push("malformed-id");
  return id;
}

function timeOf(scheme: Scheme, { headers }: SignedRequest, nowMs: number, problems: WebhookRefusal[]): string {
  if (scheme.time === undefined) return "";
  const time = headers.get(scheme.time.header) ?? "";
  if (!TIME.test(time)) problems.push("malformed-time");
  else if (Math.abs(nowMs - Number(time) * 1_000) > scheme.time.toleranceSeconds * 1_000) problems.push("wrong-time");
  return time;
}

interface Signatures {
  shared: Buffer[];
  asymmetric: Buffer[];
}

const SEPARATORS = { space: " ", comma: "," } as const;

function signaturesOf({ signature }: Scheme, headers: Headers, problems: WebhookRefusal[]): Signatures {
  const { header, separator } = signature;
  const given = headers.get(header) ?? "";
  const parts = separator === "none" ? [given] : given.split(SEPARATORS[separator], MAX_SIGNATURES + 1);
  if (parts.length > MAX_SIGNATURES) problems.push("too-many-signatures");
  const found: Signatures = { shared: [], asymmetric: [] };
  for (const part of parts.slice(0, MAX_SIGNATURES)) {
    const isRead = readSignature(signature, part, found);
    if (!isRead) problems.push("malformed-signature");
  }
  return found;
}

function readSignature(
  { prefix, encoding, ed25519Prefix }: Scheme["signature"],
  part: string,
  found: Signatures,
): boolean {
  const isAsymmetric = ed25519Prefix !== undefined && part.startsWith(ed25519Prefix);
  if (!isAsymmetric && !part.startsWith(prefix)) return OTHER_VERSION.test(part);
  const bytes = isAsymmetric ? base64(part.slice(ed25519Prefix.length)) : digestIn(part.slice(prefix.length), encoding);
  if (bytes !== null) (isAsymmetric ? found.asymmetric : found.shared).push(bytes);
  return bytes !== null;
}

function digestIn(text: string, encoding: "hex" | "base64"): Buffer | null {
  const bytes = encoding === "base64" ? base64(text) : HEX.test(text) ? Buffer.from(text, "hex") : null;
  return bytes?.length === DIGEST_BYTES ? bytes : null;
}

function signedBytes({ signed }: Scheme, id: string, time: string, body: Uint8Array): Buffer {
  const parts = signed.map((part) => {
    if (part === "body") return body;
    return Buffer.from(part === "id" ? id : part === "time" ? time : part.text, "utf8");
  });
  return Buffer.concat(parts);
}

/** Every key with every signature, without an early end. A decoy takes the place of a missing key, and never fits. */
function fits(keys: readonly Key[], signed: Buffer, signatures: Signatures): boolean {
  const counts = DECOYS.map((decoy, index) => {
    const key = keys[index] ?? decoy;
    const count = countShared(key.kind === "shared" ? key.bytes : NOTHING, signed, signatures.shared);
    if (key.kind === "public") return countPublic(key.key, signed, signatures.asymmetric);
    return index < keys.length ? count : 0;
  });
  return counts.some((count) => count > 0);
}

function countShared(key: Uint8Array, signed: Buffer, signatures: readonly Buffer[]): number {
  const mac = createHmac("sha256", key).update(signed).digest();
  let count = 0;
  for (let index = 0; index < MAX_SIGNATURES; index += 1) {
    if (timingSafeEqual(mac, signatures[index] ?? NOTHING)) count += 1;
  }
  return count;
}

const countPublic = (key: KeyObject, signed: Buffer, signatures: readonly Buffer[]): number =>
  signatures.filter((signature) => verifyWithPublicKey(null, signed, key, signature)).length;
