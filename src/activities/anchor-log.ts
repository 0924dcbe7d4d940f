/**
 * Keeps the newest head of the log outside of its table, each minute in which the log has grown: in a blob, and at
 * another system when one is set. What cannot be kept now is kept in the next minute.
 */

import { attemptOf, webhookIdOf } from "../delivery/deliver.js";
import type { Anchor, KnownHead } from "../domain/evidence/anchor.js";
import { toInstant } from "../domain/text.js";
import type { Ports } from "../ports.js";

const TIMEOUT_MS = 10_000;

/** Where heads of the log are kept. */
export interface Anchoring {
  /** Keeps a head outside of the tables, and says where. */
  readonly keep: (head: KnownHead) => Promise<string>;
  /** Another system that gets each head, signed with the secret of this name. */
  readonly sendTo: { readonly url: string; readonly secret: string | undefined } | null;
}

/** Returns the anchor, or null when the log has not grown. Throws when no place took it. */
export async function anchorLog(ports: Ports, { keep, sendTo }: Anchoring): Promise<Anchor | null> {
  const { store, clock } = ports;
  const [end, last] = await Promise.all([store.endOfLog(), store.lastAnchor()]);
  if (end === null || end.seq <= (last?.seq ?? 0)) return null;
  const head = { ...end, at: toInstant(clock.now()) };
  const tried = await Promise.allSettled([keep(head), sendTo && sendHead(ports, sendTo, head)]);
  const kept = tried.flatMap((one) => (one.status === "fulfilled" && one.value !== null ? [one.value] : []));
  const [fault] = tried.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (kept.length > 0) await store.putAnchor({ ...head, kept });
  if (fault !== undefined) throw fault;
  return { ...head, kept };
}

async function sendHead(
  ports: Ports,
  { url, secret }: NonNullable<Anchoring["sendTo"]>,
  head: KnownHead,
): Promise<string> {
  const sent = await attemptOf(ports, {
    ...{ messageId: webhookIdOf("vault-log", `anchor/${head.seq}`), attempt: 1, timeoutMs: TIMEOUT_MS },
    request: {
      url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(head),
      signWith: secret,
    },
  });
  if (!sent.delivered) throw new Error(`the anchor was not taken: ${sent.why}`);
  return new URL(url).host;
}
