import { messageOf } from "../domain/errors.js";
import { ApiProblem } from "./problem.js";
import { parseYaml, YamlTooLarge } from "./yaml.js";

/** The limit of a body unless its route sets another. A larger body is refused before it is parsed. */
export const MAX_BODY_BYTES = 1_048_576;
/** Enough for an estate of 5,000 machines with a dozen disks each. */
export const MAX_WORLD_BYTES = 8 * MAX_BODY_BYTES;
const MAX_DEPTH = 32;
/** A well-meant body has more bytes for each value. */
const MIN_AVERAGE_VALUE_BYTES = 5;
const MAX_TEXT_CHARACTERS = 262_144;
const POLLUTING_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** The part of an HTTP request that its body is read from. */
export interface BodySource {
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<unknown> | null;
}

/**
 * Reads a JSON or YAML body into plain data. Throws an {@link ApiProblem}: 413 for a body over the limit, 415 for another
 * content type or a content encoding, 400 for text that does not parse, and for nesting, texts or keys that only an
 * attacker sends.
 */
export async function readBody(source: BodySource, limitBytes = MAX_BODY_BYTES): Promise<unknown> {
  refuseEncoded(source.headers.get("content-encoding"));
  const format = formatOf(source.headers.get("content-type"));
  const text = await readText(source, limitBytes);
  if (text.trim() === "") return undefined;
  const value = format === "yaml" ? fromYaml(text) : fromJson(text);
  refuseHostileShapes(value, Math.floor(limitBytes / MIN_AVERAGE_VALUE_BYTES));
  return value;
}

/** The size of an encoded body is unknown until it is decoded. */
function refuseEncoded(contentEncoding: string | null): void {
  const encoding = (contentEncoding ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return;
  throw new ApiProblem(
    "unsupported-media-type",
    `Content encoding ${encoding} is not supported. Send the body without an encoding.`,
  );
}

function formatOf(contentType: string | null): "json" | "yaml" {
  const mediaType = (contentType ?? "application/json").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "application/json" || mediaType.endsWith("+json")) return "json";
  if (["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"].includes(mediaType)) return "yaml";
  throw new ApiProblem("unsupported-media-type", `Content type ${mediaType} is not supported.`);
}

/** The bytes of a body as they were sent. Throws an {@link ApiProblem}: 413 for a body over the limit. */
export async function readBytes(source: BodySource, limitBytes: number): Promise<Buffer> {
  if (Number(source.headers.get("content-length") ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source.body ?? []) {
    const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
    length += bytes.byteLength;
    if (length > limitBytes) throw tooLarge(limitBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function readText(source: BodySource, limitBytes: number): Promise<string> {
  const bytes = await readBytes(source, limitBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiProblem("malformed-body", "The body is not UTF-8 text.");
  }
}

function tooLarge(limitBytes: number): ApiProblem {
  return new ApiProblem("body-too-large", `The body is larger than ${limitBytes} bytes.`);
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw new ApiProblem("malformed-body", `The body is not JSON: ${firstLine(thrown)}`);
  }
}

function fromYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (thrown) {
    if (thrown instanceof YamlTooLarge) {
      throw new ApiProblem("body-too-large", `The body is too large for YAML: ${thrown.message} Send it as JSON.`);
    }
    throw new ApiProblem("malformed-body", `The body is not YAML: ${firstLine(thrown)}`);
  }
}

function firstLine(thrown: unknown): string {
  return messageOf(thrown).split("\n", 1)[0] ?? "";
}

/** Walks without recursion, because the value may be nested deeper than the stack allows. */
function refuseHostileShapes(root: unknown, maxValues: number): void {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  let seen = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    seen += 1;
    if (next.depth > MAX_DEPTH)
      throw new ApiProblem("malformed-body", `The body is nested deeper than ${MAX_DEPTH} levels.`);
    if (seen > maxValues) throw new ApiProblem("malformed-body", `The body has more than ${maxValues} values.`);
    for (const value of childrenOf(next.value)) open.push({ value, depth: next.depth + 1 });
  }
}

function childrenOf(value: unknown): unknown[] {
  if (typeof value === "string" && value.length > MAX_TEXT_CHARACTERS) {
    throw new ApiProblem("malformed-body", `The body has a text longer than ${MAX_TEXT_CHARACTERS} characters.`);
  }
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value as unknown[];
  const hostile = Object.keys(value).find((key) => POLLUTING_KEYS.has(key));
  if (hostile !== undefined) throw new ApiProblem("malformed-body", `The key "${hostile}" is not allowed.`);
  return Object.values(value);
}
