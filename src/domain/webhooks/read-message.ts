/**
 * What a message of a sender says: who decided what on which approval, and what that person saw.
 *
 * - M1 What is not found, or found twice, is no decision. Nothing is guessed.
 * - M2 The body is read as strictly as it was signed: exact UTF-8, and JSON or a form with one meaning.
 *
 * Both are shown by test/unit/domain/read-message.test.ts.
 */
import type { Verdict } from "../approvals/approval.js";
import { MIN_HASH_DIGITS } from "../approvals/decide.js";
import { parseForm } from "./form.js";
import { textAt } from "./place.js";
import type { Expectation, Reading, Scheme } from "./scheme.js";
import { type JsonValue, parseStrictJson } from "./strict-json.js";

/** A decision that a message carries. */
export interface ReadDecision {
  /** The sender's own id of the person. */
  external: string;
  decision: Verdict;
  approvalId: string;
  /** The hash of the content that the person saw, or how it begins. */
  seenHash?: string;
  reason?: string;
}

/** A message with a decision, or why it has none. */
export type ReadMessage =
  | { kind: "decision"; messageId: string; content: ReadDecision }
  | { kind: "no-decision"; why: string };

const noDecision = (why: string): ReadMessage => ({ kind: "no-decision", why });

const MAX_EXTERNAL_CHARACTERS = 128;
const MAX_MESSAGE_ID_CHARACTERS = 256;
const MAX_REASON_CHARACTERS = 2_000;

/**
 * Reads a message whose signature was verified.
 * @param verifiedId the id that was signed, or the digest of the body; undefined if the scheme finds it in the message
 * @param expected what every message of the source has
 */
export function readMessage(
  scheme: Scheme,
  body: Uint8Array,
  verifiedId: string | undefined,
  expected: readonly Expectation[],
): ReadMessage {
  const message = parse(scheme, body);
  if (message === undefined) return noDecision("the body is not the strict JSON or form of the scheme");
  const foreign = expected.find((expectation) => !isMet(message, expectation));
  if (foreign) return noDecision(`${foreign.at} is not one of the values that the source expects`);
  const messageId = scheme.id.kind === "body" ? textAt(message, scheme.id.at) : verifiedId;
  if (messageId === undefined || messageId.length > MAX_MESSAGE_ID_CHARACTERS) return noDecision("it has no id");
  const reading = scheme.readings.find(
    ({ when, decision }) =>
      when.every((expectation) => isMet(message, expectation)) && textAt(message, decision.at) !== undefined,
  );
  if (!reading) return noDecision("it is no message of the kinds that carry a decision");
  const content = read(message, reading);
  return typeof content === "string" ? noDecision(content) : { kind: "decision", messageId, content };
}

function parse({ payloadField }: Scheme, body: Uint8Array): JsonValue | undefined {
  const text = utf8(body);
  if (text === undefined) return undefined;
  const json = payloadField === undefined ? text : parseForm(text)?.get(payloadField);
  return json === undefined ? undefined : parseStrictJson(json);
}

/** A byte order mark is kept, so that it is no JSON. */
function utf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

const isMet = (message: JsonValue, { at, equals }: Expectation): boolean =>
  equals.includes(textAt(message, [at]) ?? "");

/** The decision, or why there is none. */
function read(message: JsonValue, reading: Reading): ReadDecision | string {
  const plain = (text: string | undefined): string | undefined =>
    reading.markup && text !== undefined ? withoutMarkup(text) : text;
  const external = textAt(message, reading.person);
  if (external === undefined || external.length > MAX_EXTERNAL_CHARACTERS) return "it names no person";
  const decision = decisionIn(plain(textAt(message, reading.decision.at)) ?? "", reading);
  if (decision === undefined) return "its decision is neither to approve nor to decline";
  const references = reading.approval.map((place) => referenceIn(plain(textAt(message, [place])) ?? "", reading.after));
  const reference = references.find((found) => found !== undefined);
  if (reference === undefined) return "it names no approval";
  if (reference === "several") return "it names several approvals";
  const ownHash = reading.hash && textAt(message, reading.hash);
  const seenHash = ownHash === undefined ? reference.hash : HASH.exec(ownHash)?.[0];
  if (seenHash === undefined && (reading.hashRequired || ownHash !== undefined)) {
    return `it does not say what was seen: ${MIN_HASH_DIGITS} to 64 digits of the hash are missing`;
  }
  const reason = shortReason(
    reading.reasonFollows ? reference.rest : reading.reason && plain(textAt(message, reading.reason)),
  );
  const { approvalId } = reference;
  return { external, decision, approvalId, ...(seenHash && { seenHash }), ...(reason && { reason }) };
}

/** The first word decides. A word of the reason behind it does not. */
function decisionIn(text: string, { decision: { approve, decline } }: Reading): Verdict | undefined {
  const [word = ""] = text.trim().toLowerCase().split(/\s/, 1);
  if (approve.includes(word)) return "approve";
  return decline.includes(word) ? "decline" : undefined;
}

const HEX = "[0-9a-f]";
const HASH = new RegExp(`^${HEX}{${MIN_HASH_DIGITS},64}$`);
const REFERENCE = new RegExp(
  `(?<![\\w-])(${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12})` +
    `(?:[ ./:|#]{1,3}(${HEX}{${MIN_HASH_DIGITS},64})(?![\\w-]))?(?![\\w-])`,
  "g",
);

interface Reference {
  approvalId: string;
  hash: string | undefined;
  /** What stands behind it. */
  rest: string;
}

/** The one approval that a text names. */
function referenceIn(text: string, after: string | undefined): Reference | "several" | undefined {
  const found = [...text.matchAll(REFERENCE)].filter(
    ({ index }) => after === undefined || text.slice(0, index).endsWith(after),
  );
  const [first] = found;
  if (first === undefined) return undefined;
  const [whole, approvalId = "", hash] = first;
  if (found.some(([, other]) => other !== approvalId)) return "several";
  return { approvalId, hash, rest: text.slice(first.index + whole.length) };
}

/** Without mentions, tags and the spaces that editors insert. A tag is short, so the search stays linear. */
const withoutMarkup = (text: string): string =>
  text
    .replace(/<at>[^<>]{0,200}<\/at>/g, " ")
    .replace(/<[^<>]{0,200}>/g, " ")
    .replace(/&nbsp;|\u00a0/g, " ");

function shortReason(text: string | undefined): string | undefined {
  const clean = (text ?? "").replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim();
  return clean === "" ? undefined : clean.slice(0, MAX_REASON_CHARACTERS);
}
