import type { IncomingMessage } from "node:http";

/** 100 MiB, as on the genuine host. */
export const MAX_BODY_BYTES = 104_857_600;

export class BodyTooLargeError extends Error {
  constructor() {
    super(`The request body is larger than ${MAX_BODY_BYTES} bytes.`);
    this.name = "BodyTooLargeError";
  }
}

/**
 * The chunks of a body, with or without a `content-length`.
 *
 * @throws BodyTooLargeError as soon as more than `limit` bytes are announced or have arrived
 */
export async function* bodyChunks(req: IncomingMessage, limit = MAX_BODY_BYTES): AsyncGenerator<Buffer> {
  if (Number(req.headers["content-length"] ?? 0) > limit) throw new BodyTooLargeError();
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new BodyTooLargeError();
    yield chunk;
  }
}

/** Reads a whole body. Throws like {@link bodyChunks}. */
export async function readBody(req: IncomingMessage, limit = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bodyChunks(req, limit)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
