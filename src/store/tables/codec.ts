import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { z } from "zod";
import { RecoveryError } from "../../domain/errors.js";
import { MAX_ROW_CHARACTERS, type Row } from "./port.js";

/** How a kind of row is written and read: a name for messages, the version of its shape, and the shape. */
export interface Codec<T> {
  what: string;
  schema: number;
  shape: z.ZodType<T>;
}

/** Longer text is deflated. The outcomes of 2,000 items would not fit into a row otherwise. */
const DEFLATE_FROM_CHARACTERS = 200_000;
const MAX_DEFLATED_CHARACTERS = 4_000_000;
/** JSON never starts with this. */
const DEFLATED = "deflated:";

/** A value as the columns of a row; refuses `value-too-large`. */
export function encode<T>(codec: Codec<T>, row: string, value: T): { row: string; schema: number; json: string } {
  const json = JSON.stringify(value);
  const ascii = asciiJson(json);
  const stored =
    ascii.length > DEFLATE_FROM_CHARACTERS && json.length <= MAX_DEFLATED_CHARACTERS ? deflated(json) : ascii;
  if (stored.length > MAX_ROW_CHARACTERS) {
    throw new RecoveryError("value-too-large", `the ${codec.what} ${row} has ${json.length} characters as JSON`);
  }
  return { row, schema: codec.schema, json: stored };
}

/**
 * The local storage splits transactions at two kinds of line separators, and destroys characters between two packets of
 * a request, so rows are ASCII. JSON may hold other characters only inside of texts, where an escape means the same.
 */
const asciiJson = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const deflated = (json: string): string => DEFLATED + deflateRawSync(json).toString("base64");

function inflated(stored: string): string {
  if (!stored.startsWith(DEFLATED)) return stored;
  const bytes = Buffer.from(stored.slice(DEFLATED.length), "base64");
  return inflateRawSync(bytes, { maxOutputLength: 4 * MAX_DEFLATED_CHARACTERS }).toString("utf8");
}

/** Parsed rows. In-memory tables return the same row object again, so it is parsed once. */
const known = new WeakMap<Row, { codec: unknown; value: unknown }>();

/** The value of a row, which callers must not change. Throws `row-unreadable` if the row is damaged or has another version. */
export function decode<T>(codec: Codec<T>, row: Row): T {
  const found = known.get(row);
  if (found?.codec === codec) return found.value as T;
  const value = read(codec, row);
  known.set(row, { codec, value });
  return value;
}

function read<T>(codec: Codec<T>, row: Row): T {
  const name = `the ${codec.what} in row ${row.partition}/${row.row}`;
  if (row.schema !== codec.schema) {
    throw new RecoveryError(
      "row-unreadable",
      `${name} has version ${row.schema} and this program reads version ${codec.schema}; it was not changed`,
    );
  }
  const parsed = codec.shape.safeParse(parseJson(row.json));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : ` (${issue.path.join(".") || "value"}: ${issue.message})`;
  throw new RecoveryError("row-unreadable", `${name} is damaged${where}; it was not changed`);
}

/** Damaged text becomes undefined, which no shape accepts. */
function parseJson(stored: string): unknown {
  try {
    return JSON.parse(inflated(stored));
  } catch {
    return undefined;
  }
}
