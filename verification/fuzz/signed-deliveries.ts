import { schemeOf } from "../../src/domain/webhooks/schemes.js";
import { pendingApproval } from "../support/pending-approval.js";
import { FAMILIES, type Family, SENDERS, type Sent } from "../support/webhook-senders.js";
import { NOW_MS } from "./fuzzed-context.js";

/** A part of a request that its signature depends on. */
export type Slot = "id" | "time" | "signature" | "body" | "content-type";

/** A request on its way to a source, at a time. */
export interface Delivery {
  sourceId: string;
  sent: Sent;
  nowMs: number;
}

/** Two approvals: the first one is decided by a message that everybody may have seen, the second one is open. */
export const DECIDED = "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f";
export const OPEN = "1c6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f";
export const DECIDED_APPROVAL = pendingApproval({ approvalId: DECIDED, needed: FAMILIES.length });
export const OPEN_APPROVAL = pendingApproval({ approvalId: OPEN });

/** What the person said. */
export interface Said {
  decision: "approve" | "decline";
  reason: string;
}
const SEEN: Said = { decision: "approve", reason: "seen" };

/** A message as its sender signs it. */
export function genuine(family: Family, approvalId: string, { decision, reason }: Said = SEEN, secret?: string): Sent {
  const [id, hash] = approvalId === DECIDED ? ["msg_1", DECIDED_APPROVAL.hash] : ["msg_2", OPEN_APPROVAL.hash];
  const said = { id, external: SENDERS[family].external, decision, approvalId, hash, reason };
  return SENDERS[family].send(said, NOW_MS, secret);
}

/** The header that a part stands in; undefined for the body, and for what a scheme does not have. */
export function headerOf(family: Family, slot: Slot): string | undefined {
  const { id, time, signature } = schemeOf(SENDERS[family].scheme);
  if (slot === "content-type") return slot;
  if (slot === "id") return id.kind === "header" ? id.header : undefined;
  if (slot === "time") return time?.header;
  return slot === "signature" ? signature.header : undefined;
}

/** A scheme without an id or a time in a header is changed in its body instead. */
export function read(family: Family, { headers, body }: Sent, slot: Slot): Buffer {
  const header = headerOf(family, slot);
  return header === undefined ? body : Buffer.from(headers[header] ?? "", "latin1");
}

export function write(family: Family, { headers, body }: Sent, slot: Slot, value: Buffer): Sent {
  const header = headerOf(family, slot);
  if (header === undefined) return { headers, body: value };
  return { headers: { ...headers, [header]: value.toString("latin1") }, body };
}

/** Whether a delivery is nothing but what the sender sent, or may send again. */
export function isGenuine(family: Family, { sourceId, sent, nowMs }: Delivery, said: Said): boolean {
  const { time } = schemeOf(SENDERS[family].scheme);
  const signedAt = time === undefined ? "" : (sent.headers[time.header] ?? "");
  if (sourceId !== family) return false;
  if (time !== undefined && !/^\d{10}$/.test(signedAt)) return false;
  if (time !== undefined && Math.abs(nowMs - Number(signedAt) * 1_000) > time.toleranceSeconds * 1_000) return false;
  return [genuine(family, OPEN, said), genuine(family, DECIDED)].some((original) => {
    const signed = SENDERS[family].withTime?.(original, signedAt) ?? original;
    return SLOTS.every((slot) => meaning(family, signed, slot).equals(meaning(family, sent, slot)));
  });
}

const SLOTS: readonly Slot[] = ["id", "time", "signature", "body", "content-type"];

/** A content type means the same in capitals, and with the one encoding that JSON has; a signature when it comes twice. */
function meaning(family: Family, sent: Sent, slot: Slot): Buffer {
  const value = read(family, sent, slot);
  const text = value.toString("latin1");
  if (slot === "content-type") return Buffer.from(text.toLowerCase().replace(/; ?charset="?utf-8"?$/, ""));
  const { separator } = schemeOf(SENDERS[family].scheme).signature;
  const signatures = slot === "signature" && separator !== "none" ? text.split(separator === "comma" ? "," : " ") : [];
  return signatures.length > 0 && signatures.length <= 5 ? Buffer.from([...new Set(signatures)].join(" ")) : value;
}
