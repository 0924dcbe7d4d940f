import type { IncomingMessage } from "node:http";
import { RequestError } from "./answer.js";

/** The limit of the genuine host. */
const MAX_BODY_BYTES = 100 * 1024 * 1024;
const MAX_NESTING = 500;
const NESTING: Readonly<Record<string, number>> = { "[": 1, "{": 1, "]": -1, "}": -1 };

/**
 * The body of a request as text; empty when there is none.
 *
 * @throws RequestError 413 for more than 100 MiB, 400 for bytes that are not UTF-8
 */
export async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new RequestError(413, { Message: `The body is longer than ${MAX_BODY_BYTES} bytes.` });
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
 * Returns `text` unchanged when it is JSON: inputs and events are stored as they were sent.
 *
 * @throws RequestError 400 for any other text, including the empty one
 */
export function jsonText(text: string): string {
  if (nestsTooDeep(text)) throw invalidJson(`Arrays and objects are nested deeper than ${MAX_NESTING}.`);
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw invalidJson(error instanceof Error ? error.message : String(error));
  }
}

const invalidJson = (reason: string): RequestError =>
  new RequestError(400, { Message: "Invalid JSON content", ExceptionMessage: reason });

/** JSON that is nested deeper can be parsed but not serialised again, so no status could show it. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (mark === '"') inString = !inString;
    else if (inString) at += mark === "\\" ? 1 : 0;
    else depth += NESTING[mark ?? ""] ?? 0;
    if (depth > MAX_NESTING) return true;
  }
  return false;
}

/** Whether the content type of the request is JSON, with any character set. */
export function isJson(req: IncomingMessage): boolean {
  const mediaType = (req.headers["content-type"] ?? "").split(";")[0];
  return mediaType?.trim().toLowerCase() === "application/json";
}
