import { createHash } from "node:crypto";
import { RecoveryError } from "../../domain/errors.js";
import type { Ports } from "../../ports.js";
import { type CheckedAddress, checkEgress } from "./egress-guard.js";
import { postJson } from "./send.js";

/** One attempt to deliver a payload to an address. */
export interface Delivery {
  executionId: string;
  /** Unique in the execution, and the same for all attempts. */
  key: string;
  attempt: number;
  url: string;
  payload: Readonly<Record<string, unknown>>;
  timeoutMs: number;
}

export type Delivered =
  | { delivered: true; status: number }
  /** `timedOut`: the receiver may still be at work. */
  | { delivered: false; why: string; timedOut: boolean };

/**
 * Posts a payload under the id of its key. The headers are those of Standard Webhooks, and the number of the attempt
 * beside them. Any 2xx is a delivery. Anything else is an answer that says why not, because the workflow decides on
 * another attempt. An address that is not allowed is refused as `egress-refused`. Takes no longer than its time limit.
 */
export async function deliver({ clock, settings }: Ports, delivery: Delivery): Promise<Delivered> {
  const { executionId, key, attempt, url, payload, timeoutMs } = delivery;
  const target = new URL(url);
  const endMs = performance.now() + timeoutMs;
  const checked = await found(target, settings.allowPrivateWebhooks, timeoutMs);
  if ("refused" in checked) throw new RecoveryError("egress-refused", checked.refused);
  if ("unknown" in checked) return { delivered: false, why: checked.unknown, timedOut: false };
  const webhookId = webhookIdOf(executionId, key);
  const headers = {
    "webhook-id": webhookId,
    "webhook-timestamp": String(Math.floor(clock.now() / 1_000)),
    "webhook-attempt": String(attempt),
  };
  const body = { webhookId, attempt, ...payload, link: linkOf(settings.publicBaseUrl, executionId) };
  const leftMs = Math.max(1, Math.ceil(endMs - performance.now()));
  try {
    const { status } = await postJson(target, checked, { headers, body }, leftMs);
    if (status >= 200 && status < 300) return { delivered: true, status };
    return { delivered: false, why: `${target.host} answered ${status}`, timedOut: false };
  } catch (thrown) {
    const timedOut = thrown instanceof Error && thrown.name === "TimeoutError";
    const why = timedOut
      ? `within ${timeoutMs / 1_000} s`
      : `: ${thrown instanceof Error ? thrown.message : "unknown"}`;
    return { delivered: false, why: `${target.host} did not answer${timedOut ? " " : ""}${why}`, timedOut };
  }
}

/** A name server that does not answer may not hold the call up for longer than the call may take. */
async function found(
  target: URL,
  allowPrivate: boolean,
  timeoutMs: number,
): Promise<Awaited<ReturnType<typeof checkEgress>> | CheckedAddress> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<{ unknown: string }>((resolve) => {
    alarm = setTimeout(
      () => resolve({ unknown: `no name server answered for the host ${target.hostname}` }),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([checkEgress(target, allowPrivate), late]);
  } finally {
    clearTimeout(alarm);
  }
}

/** The id by which a receiver recognises a repeated call. It has no dot, which separates the parts of a signature. */
export function webhookIdOf(executionId: string, key: string): string {
  const digest = createHash("sha256").update(`${executionId}\n${key}`).digest("hex");
  return `msg_${digest.slice(0, 32)}`;
}

/** Where the execution can be read. The URL is null when the installation does not know its own address. */
export function linkOf(
  publicBaseUrl: string | null,
  executionId: string,
  under = "",
): { path: string; url: string | null } {
  const path = `/api/executions/${executionId}${under}`;
  return { path, url: publicBaseUrl === null ? null : new URL(path, publicBaseUrl).href };
}
