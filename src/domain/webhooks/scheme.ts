import { z } from "zod";
import { Place, Places } from "./place.js";

const HeaderName = z
  .string()
  .max(80)
  .regex(/^[a-z][a-z0-9-]*$/, "use a header name in lower case");

const Word = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z_-]*$/, "use a word in lower case");

/** A value that a message must have. */
export const Expectation = z.strictObject({ at: Place, equals: z.array(z.string().min(1).max(200)).min(1).max(20) });
export type Expectation = z.infer<typeof Expectation>;

/** Where the unique id of a message is found. */
const MessageId = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("header"), header: HeaderName }),
  z.strictObject({ kind: z.literal("body"), at: Places }),
  z
    .strictObject({ kind: z.literal("digest") })
    .describe("the hash of the body, for a sender whose id is not signed: another id would make a copy look new"),
]);

/** A part of the signed text: the id, the time, the raw body, or a fixed text. */
const SignedPart = z.union([
  z.enum(["id", "time", "body"]),
  z.strictObject({ text: z.string().regex(/^[\x21-\x7e]{1,20}$/, "use visible ASCII characters") }),
]);
export type SignedPart = z.infer<typeof SignedPart>;

const Signature = z.strictObject({
  header: HeaderName,
  prefix: z
    .string()
    .regex(/^[\x20-\x7e]{0,20}$/)
    .describe("what stands before each signature, such as `v1=`"),
  separator: z.enum(["none", "space", "comma"]).describe("between several signatures, while a secret is replaced"),
  encoding: z.enum(["hex", "base64"]),
  ed25519Prefix: z
    .string()
    .regex(/^[\x21-\x7e]{1,20}$/)
    .optional()
    .describe("what stands before a signature that a public key checks"),
});

/** How one kind of message says what a person decided. */
const Reading = z.strictObject({
  when: z.array(Expectation).max(5).default([]).describe("the messages that it reads"),
  person: Places.describe("the sender's own id of the person, never a name that the person can change"),
  decision: z.strictObject({
    at: Places,
    approve: z.array(Word).min(1).max(10),
    decline: z.array(Word).min(1).max(10),
  }),
  approval: Places.describe(
    "a text with the id of the approval, and the hash of what was seen behind it if it has one",
  ),
  after: z
    .string()
    .min(1)
    .max(40)
    .optional()
    .describe("what stands immediately before the id, where people write free text around it"),
  hash: Places.optional().describe("the hash of what was seen, if it does not stand behind the id"),
  hashRequired: z.boolean().default(false),
  reason: Places.optional(),
  reasonFollows: z.boolean().default(false).describe("the reason is what stands behind the id and the hash"),
  markup: z.boolean().default(false).describe("the texts have mentions and tags, which are left out"),
});
export type Reading = z.infer<typeof Reading>;

/**
 * How the requests of a sender are signed and read, as data. One verifier and one reader serve every scheme, so a new
 * sender needs no code.
 *
 * - S1 Whatever makes a message new is signed: an id or a time in a header is a part of the signed text.
 * - S2 The signed text has one meaning: between two of its variable parts stands a sign that neither can contain, and
 *   the body comes last.
 *
 * Both are shown by test/unit/domain/webhook-schemes.test.ts.
 */
export const Scheme = z
  .strictObject({
    contentType: z.enum(["application/json", "application/x-www-form-urlencoded"]),
    payloadField: z
      .string()
      .regex(/^\w{1,40}$/)
      .optional()
      .describe("the field of a form that has the message as JSON"),
    id: MessageId,
    time: z
      .strictObject({ header: HeaderName, toleranceSeconds: z.int().min(30).max(3_600).default(300) })
      .optional()
      .describe("where the signed time is found, in seconds"),
    signed: z.array(SignedPart).min(1).max(7),
    signature: Signature,
    key: z
      .enum(["text", "base64", "prefixed"])
      .describe("how a secret holds its key; `prefixed`: whsec_… or whpk_… as Standard Webhooks has them"),
    readings: z.array(Reading).min(1).max(4),
    answer: z
      .enum(["accepted", "ok", "message"])
      .describe("what the sender needs: 202, 200, or 200 with a message for the person"),
  })
  .superRefine((scheme, context) => {
    const problem = schemeProblem(scheme);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
export type Scheme = z.infer<typeof Scheme>;

interface SignedScheme {
  id: { kind: string };
  time?: object | undefined;
  signed: readonly SignedPart[];
  contentType: string;
  payloadField?: string | undefined;
}

function schemeProblem({ id, time, signed, contentType, payloadField }: SignedScheme): string | null {
  const count = (part: SignedPart): number => signed.filter((one) => one === part).length;
  if (count("body") !== 1 || signed.at(-1) !== "body") return "the signed text ends with the body, which it has once";
  if (count("id") !== (id.kind === "header" ? 1 : 0)) return "an id in a header is signed once, and no other id is";
  if (count("time") !== (time === undefined ? 0 : 1)) return "a time is signed once, and without a time none is";
  if (!isSeparated(signed)) return "between two parts of the signed text stands a fixed text with a sign of its own";
  if ((contentType === "application/json") !== (payloadField === undefined)) {
    return "a form names the field with the message, and JSON has none";
  }
  return null;
}

/** Whether every variable part but the last is followed by a sign that an id or a time cannot contain. */
const isSeparated = (signed: readonly SignedPart[]): boolean =>
  signed.slice(0, -1).every((part, index) => {
    const next = signed[index + 1];
    return typeof part === "object" || (typeof next === "object" && /^[^\w-]/.test(next.text));
  });
