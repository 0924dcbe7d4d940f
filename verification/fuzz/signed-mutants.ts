import fc from "fast-check";
import { schemeOf } from "../../src/domain/webhooks/schemes.js";
import { type Family, SENDERS, type Sent, signStandard } from "../support/webhook-senders.js";
import { NOW_MS } from "./fuzzed-context.js";
import { nastyText } from "./mutate.js";
import {
  DECIDED,
  type Delivery,
  genuine,
  headerOf,
  isGenuine,
  OPEN,
  read,
  type Said,
  type Slot,
  write,
} from "./signed-deliveries.js";

/** One change of a signed request, as an attacker makes it who does not have the secret; or who signs what is wrong. */
type Change =
  | { kind: "flip"; slot: Slot; bit: number }
  | { kind: "put"; slot: Slot; at: number; removed: number; hex: string }
  | { kind: "set"; slot: Slot; how: string }
  | { kind: "shift"; from: Slot; to: Slot; by: number }
  | { kind: "swap"; slots: Slot[] }
  | { kind: "many"; count: number; good: number }
  | { kind: "secret"; secret: string }
  | { kind: "time"; spelling: string }
  | { kind: "source"; sourceId: string }
  | { kind: "late"; seconds: number };

/** How a signed request differs from one that its sender sent. */
export interface Mutant {
  said: Said;
  changes: Change[];
}

/** The delivery that a mutant describes. */
export function deliveryOf(family: Family, { said, changes }: Mutant): Delivery {
  let delivery: Delivery = { sourceId: family, sent: genuine(family, OPEN, said), nowMs: NOW_MS };
  for (const change of changes) delivery = changed(family, delivery, change, said);
  return delivery;
}

function changed(family: Family, delivery: Delivery, change: Change, said: Said): Delivery {
  const { sent } = delivery;
  switch (change.kind) {
    case "late":
      return { ...delivery, nowMs: NOW_MS + change.seconds * 1_000 };
    case "source":
      return { ...delivery, sourceId: change.sourceId };
    case "secret":
      return { ...delivery, sent: signedWith(family, change.secret, said) };
    case "time":
      return { ...delivery, sent: signedAt(family, change.spelling, said) };
    case "flip":
      return { ...delivery, sent: flipped(family, sent, change.slot, change.bit) };
    case "put":
      return { ...delivery, sent: put(family, sent, change) };
    case "set":
      return { ...delivery, sent: set(family, sent, change.slot, change.how) };
    case "shift":
      return { ...delivery, sent: shifted(family, sent, change) };
    case "swap":
      return { ...delivery, sent: swapped(family, sent, change.slots) };
    case "many":
      return { ...delivery, sent: many(family, sent, change) };
  }
}

/** Signing is what the sender does, so it comes before every other change. */
function signedAt(family: Family, spelling: string, said: Said): Sent {
  const sent = genuine(family, OPEN, said);
  return SENDERS[family].withTime?.(sent, spelling) ?? flipped(family, sent, "body", 8);
}

function flipped(family: Family, sent: Sent, slot: Slot, bit: number): Sent {
  const value = Buffer.from(read(family, sent, slot));
  const at = (bit >> 3) % Math.max(1, value.length);
  if (value.length > 0) value[at] = (value[at] ?? 0) ^ (1 << (bit & 7));
  return write(family, sent, slot, value);
}

function put(family: Family, sent: Sent, { slot, at, removed, hex }: Extract<Change, { kind: "put" }>): Sent {
  const value = read(family, sent, slot);
  const index = at % (value.length + 1);
  const after = value.subarray(index + removed);
  return write(family, sent, slot, Buffer.concat([value.subarray(0, index), Buffer.from(hex, "hex"), after]));
}

/** A signature in hexadecimal or base64, without its padding. */
const WRITTEN_MAC = /[0-9a-f]{64}$|[\w+/]{43}(?==$)|[\w+/]{86}(?===$)/i;

/** What a header can be made to look like. `same` stands for its value. */
const SPELLINGS: Readonly<Record<string, (same: string) => string>> = {
  empty: () => "",
  twice: (same) => `${same}, ${same}`,
  "twice-close": (same) => `${same},${same}`,
  lines: (same) => `${same}\r\nx: y`,
  nul: (same) => `${same}\u0000`,
  tab: (same) => `${same}\t`,
  before: (same) => ` ${same}`,
  after: (same) => `${same} `,
  upper: (same) => same.toUpperCase(),
  lower: (same) => same.toLowerCase(),
  unpadded: (same) => same.replace(/=+$/, ""),
  padded: (same) => `${same}=`,
  "url-safe": (same) => same.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
  zeros: (same) => same.replace(WRITTEN_MAC, (found) => (found.length === 64 ? "0" : "A").repeat(found.length)),
  prefix: (same) => same.replace(/^(v\d+a?|sha\d+|HMAC)([,= ])/, "v1$2"),
  bare: (same) => same.replace(/^(v\d+a?|sha\d+|HMAC)[,= ]/, ""),
  sha1: (same) => same.replace(/^sha256/, "sha1"),
  text: () => "text/plain",
  html: () => "application/jsonp",
  multi: (same) => `${same}; boundary=x`,
  utf16: (same) => `${same}; charset=utf-16`,
};

const set = (family: Family, sent: Sent, slot: Slot, how: string): Sent => {
  if (headerOf(family, slot) === undefined) return flipped(family, sent, "body", 3);
  const value = SPELLINGS[how]?.(read(family, sent, slot).toString("latin1")) ?? "";
  return write(family, sent, slot, Buffer.from(value, "latin1"));
};

const ORDER: readonly Slot[] = ["id", "time", "body"];

/**
 * Moves a boundary between two parts. The signed text stays the same if the part has the sign that stands between parts
 * where it is cut.
 */
function shifted(family: Family, sent: Sent, { from, to, by }: Extract<Change, { kind: "shift" }>): Sent {
  const separator = Buffer.from(family === "slack" ? ":" : ".");
  const source = read(family, sent, from);
  const found = source.indexOf(separator);
  const isForward = ORDER.indexOf(from) > ORDER.indexOf(to);
  const cut = found >= 0 ? found : isForward ? Math.min(by, source.length) : Math.max(0, source.length - by);
  const [first, second] = [source.subarray(0, cut), source.subarray(found >= 0 ? cut + 1 : cut)];
  const less = write(family, sent, from, isForward ? second : first);
  const target = read(family, less, to);
  const joined = isForward ? [target, separator, first] : [second, separator, target];
  return write(family, less, to, Buffer.concat(joined));
}

/** Takes parts of the message that everybody may have seen. */
const swapped = (family: Family, sent: Sent, slots: readonly Slot[]): Sent =>
  slots.reduce((made, slot) => write(family, made, slot, read(family, genuine(family, DECIDED), slot)), sent);

/** More signatures than are allowed with the right one among them, or a few that are all wrong. */
function many(family: Family, sent: Sent, { count, good }: Extract<Change, { kind: "many" }>): Sent {
  const right = read(family, sent, "signature").toString("latin1");
  const wrong = SPELLINGS["zeros"]?.(right) ?? "";
  const separator = schemeOf(SENDERS[family].scheme).signature.separator === "space" ? " " : ",";
  const all = Array.from({ length: count }, (_, index) => (index === good && count > 5 ? right : wrong));
  return write(family, sent, "signature", Buffer.from(all.join(separator), "latin1"));
}

/** Signed with another secret. A public key that is used as a shared secret would verify for everybody. */
const signedWith = (family: Family, secret: string, said: Said): Sent =>
  family === "asymmetric"
    ? signStandard("msg_2", String(NOW_MS / 1_000), genuine(family, OPEN, said).body, `whsec_${publicHalf}`)
    : genuine(family, OPEN, said, secret);
const publicHalf = SENDERS.asymmetric.secret.replace("whpk_", "");

const slots = fc.constantFrom<Slot[]>("id", "time", "signature", "signature", "body", "body", "content-type");
const signedSlots = fc.constantFrom<Slot[]>("id", "time", "body");
const INVALID_UTF8 = ["ff", "c0af", "eda080", "f8888080", "e282", "80", "efbbbf", "00"];
const bytes = fc.oneof(
  fc.constantFrom(...INVALID_UTF8),
  fc.uint8Array({ maxLength: 12 }).map((found) => Buffer.from(found).toString("hex")),
  nastyText.map((text) => Buffer.from(text.slice(0, 2_000)).toString("hex")),
);
const SECONDS = NOW_MS / 1_000;
const farSeconds = fc.oneof(
  fc.integer({ min: 301, max: 100_000_000 }),
  fc.integer({ min: -100_000_000, max: -301 }),
  fc.constantFrom(301, -301, 86_400, -86_400),
);
const SECRETS = [
  "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  "a secret of somebody else, long enough",
  ...Object.values(SENDERS).map(({ secret }) => secret),
];
/** Spellings of now, or nearly, that other readers take for a number. */
const TIMES = ["", "0", "-1", "1e9", "NaN", `0${SECONDS}`, `+${SECONDS}`, ` ${SECONDS}`, `${SECONDS}000`];

const change = (family: Family): fc.Arbitrary<Change> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("flip" as const), slot: slots, bit: fc.nat({ max: 16_000 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("put" as const),
        slot: slots,
        at: fc.nat({ max: 3_000 }),
        removed: fc.nat({ max: 12 }),
        hex: bytes,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("set" as const),
        slot: slots,
        how: fc.constantFrom(...Object.keys(SPELLINGS)),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("shift" as const),
        from: signedSlots,
        to: signedSlots,
        by: fc.integer({ min: 1, max: 20 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("swap" as const),
        slots: fc.uniqueArray(slots, { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("many" as const),
        count: fc.integer({ min: 2, max: 50 }),
        good: fc.nat({ max: 50 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("secret" as const),
        secret: fc.constantFrom(...SECRETS.filter((one) => one !== SENDERS[family].secret)),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("time" as const),
        spelling: fc.oneof(
          fc.constantFrom(...TIMES),
          farSeconds.map((by) => String(SECONDS + by)),
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("source" as const),
        sourceId: fc.constantFrom("nobody", "../x", "", ...Object.keys(SENDERS)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("late" as const), seconds: farSeconds }) },
  );

/** Mutants of a family that differ from what the sender sent in something that matters. */
export const mutantsOf = (family: Family): fc.Arbitrary<Mutant> =>
  fc
    .record({
      said: fc.record({ decision: fc.constantFrom("approve" as const, "decline" as const), reason: nastyText }),
      changes: fc.array(change(family), { minLength: 1, maxLength: 3 }),
    })
    .filter((mutant) => !isGenuine(family, deliveryOf(family, mutant), mutant.said));
