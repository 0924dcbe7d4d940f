import { createHash } from "node:crypto";
import { RecoveryError } from "../domain/errors.js";
import type { Ports } from "../ports.js";
import { type CheckedAddress, checkEgress, type EgressProblem, type Resolve } from "./egress-guard.js";
import { post } from "./send.js";
import { signaturesOf } from "./sign.js";

/** A request as its receiver wants it. */
export interface OutgoingRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** The only hosts that it may go to. */
  onlyTo?: readonly string[];
  /** The name of the secret that signs it, or the names of several. */
  signWith?: string | readonly string[] | undefined;
}

/** One attempt to deliver a request. */
export interface Delivery {
  /** The same for all attempts. */
  messageId: string;
  attempt: number;
  request: OutgoingRequest;
  timeoutMs: number;
}

export type Delivered =
  | { delivered: true; status: number }
  /** `timedOut`: the receiver may still be at work. `gone`: it wants no further requests (410). */
  | { delivered: false; why: string; timedOut: boolean; gone: boolean };

/**
 * Posts a request under its id. The headers are those of Standard Webhooks, and the number of the attempt
 * beside them. Any 2xx is a delivery. Anything else is an answer that says why not, because the workflow decides on
 * another attempt. An address that is not allowed is refused as `egress-refused`, and a request that cannot be signed as
 * `secret-missing`. Takes no longer than its time limit.
 */
export async function deliver(
  { clock, settings, secrets }: Pick<Ports, "clock" | "settings" | "secrets">,
  { messageId: id, attempt, request, timeoutMs }: Delivery,
  resolve?: Resolve,
): Promise<Delivered> {
  const target = targetOf(request, settings.allowPrivateWebhooks);
  const endMs = performance.now() + timeoutMs;
  const checked = await found(target, () => checkEgress(target, settings.allowPrivateWebhooks, resolve), timeoutMs);
  if ("refused" in checked) throw new RecoveryError("egress-refused", checked.refused);
  if ("unknown" in checked) return undelivered(checked.unknown);
  const timestamp = Math.floor(clock.now() / 1_000);
  const { body, signWith } = request;
  const headers = {
    ...request.headers,
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-attempt": String(attempt),
    ...(signWith === undefined
      ? {}
      : { "webhook-signature": signaturesOf(secrets, signWith, { id, timestamp, body }) }),
  };
  const leftMs = Math.max(1, Math.ceil(endMs - performance.now()));
  try {
    const { status } = await post(target, checked, { headers, body }, leftMs);
    if (status >= 200 && status < 300) return { delivered: true, status };
    return undelivered(`${target.host} answered ${status}`, { gone: status === 410 });
  } catch (thrown) {
    const timedOut = thrown instanceof Error && thrown.name === "TimeoutError";
    if (timedOut) return undelivered(`${target.host} did not answer within ${timeoutMs / 1_000} s`, { timedOut });
    return undelivered(`${target.host} did not answer: ${thrown instanceof Error ? thrown.message : "unknown"}`);
  }
}

/** The same for what only informs: an address that is not allowed is no reason to stop. */
export async function attemptOf(...given: Parameters<typeof deliver>): Promise<Delivered> {
  try {
    return await deliver(...given);
  } catch (thrown) {
    return refused(thrown);
  }
}

/** A request that was not sent. */
export const refused = (thrown: unknown): Delivered =>
  undelivered(thrown instanceof Error ? thrown.message : "unknown");

const undelivered = (why: string, { timedOut = false, gone = false } = {}): Delivered => {
  return { delivered: false, why, timedOut, gone };
};

/** The URL of a request. It may be the value of a secret, so no text has it. */
function targetOf({ url, onlyTo }: OutgoingRequest, allowPrivate: boolean): URL {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new RecoveryError("egress-refused", "the webhook's URL is not an address that begins with http or https");
  }
  const target = new URL(url);
  if (onlyTo === undefined) return target;
  const isService = target.protocol === "https:" && target.port === "" && onlyTo.includes(target.hostname);
  if (isService || (allowPrivate && LOOPBACK_NAMES.has(target.hostname))) return target;
  throw new RecoveryError("egress-refused", `the request goes to https://${onlyTo.join(" or https://")} only`);
}

/** Where a stand-in for a service listens, on a laptop. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** A name server that does not answer may not hold the call up for longer than the call may take. */
async function found(
  target: URL,
  check: () => Promise<CheckedAddress | EgressProblem>,
  timeoutMs: number,
): Promise<CheckedAddress | EgressProblem> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<{ unknown: string }>((resolve) => {
    alarm = setTimeout(
      () => resolve({ unknown: `no name server answered for the host ${target.hostname}` }),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(alarm);
  }
}

/**
 * The id by which a receiver recognises a repeated call. It has no dot, which separates the parts of a signature.
 * @param key unique in what the message is about, such as an execution
 */
export function webhookIdOf(about: string, key: string): string {
  const digest = createHash("sha256").update(`${about}\n${key}`).digest("hex");
  return `msg_${digest.slice(0, 32)}`;
}

/** Where the execution can be read. The URL is null when the installation does not know its own address. */
export function linkOf(
  publicBaseUrl: string | null,
  executionId: string,
  under = "",
): { path: string; url: string | null } {
  return linkTo(publicBaseUrl, `/api/executions/${executionId}${under}`);
}

/** A path of this installation as a link. */
export function linkTo(publicBaseUrl: string | null, path: string): { path: string; url: string | null } {
  return { path, url: publicBaseUrl === null ? null : new URL(path, publicBaseUrl).href };
}
