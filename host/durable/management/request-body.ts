import type { IncomingMessage } from "node:http";
import { RequestError } from "./answer.js";

/** The genuine host's limit. */
const LONGEST_BODY_BYTES = 100 * 1024 * 1024;
const DEEPEST_NESTING = 500;
const NESTING: Readonly<Record<string, number>> = { "[": 1, "{": 1, "]": -1, "}": -1 };

/**
 * The request's body as text, empty when there is none.
 * @throws RequestError 413 for more than 100 MiB, 400 for bytes that are not UTF-8.
 */
export async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > LONGEST_BODY_BYTES) {
      throw new RequestError(413, { Message: `The body is longer than ${LONGEST_BODY_BYTES} bytes.` });
    }
    chunks.push(part);
  }
  return decoded(Buffer.concat(chunks));
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidJson("The body is not UTF-8 text.");
  }
}

/**
 * `text` itself, once it is known to be JSON: inputs and events are kept as they were sent.
 * @throws RequestError 400 for anything else, the empty text included.
 */
export function jsonText(text: string): string {
  if (nestsTooDeep(text)) throw invalidJson(`Arrays and objects are nested deeper than ${DEEPEST_NESTING}.`);
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw invalidJson(error instanceof Error ? error.message : String(error));
  }
}

const invalidJson = (reason: string): RequestError =>
  new RequestError(400, { Message: "Invalid JSON content", ExceptionMessage: reason });

/** What is nested deeper can be parsed, but not written again: no status could show it. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (mark === '"') inString = !inString;
    else if (inString) at += mark === "\\" ? 1 : 0;
    else depth += NESTING[mark ?? ""] ?? 0;
    if (depth > DEEPEST_NESTING) return true;
  }
  return false;
}

/** Whether the request says that its body is JSON, whatever the character set. */
export function isJson(req: IncomingMessage): boolean {
  const mediaType = (req.headers["content-type"] ?? "").split(";")[0];
  return mediaType?.trim().toLowerCase() === "application/json";
}
