import { RequestError } from "./answer.js";

/** The header with the position in a list, in requests and responses. */
export const CONTINUATION_HEADER = "x-ms-continuation-token";

/** The token for the page that begins at `position`. */
export function continuationToken(position: string): string {
  return Buffer.from(position, "utf8").toString("base64");
}

/**
 * The position in a token.
 *
 * @throws RequestError 400 for a text that {@link continuationToken} did not make
 */
export function parseContinuationToken(token: string): string {
  const position = Buffer.from(token, "base64").toString("utf8");
  if (continuationToken(position) === token) return position;
  throw new RequestError(400, {
    Message: `The header ${CONTINUATION_HEADER} holds no valid continuation token. Send the token of the last response unchanged, or leave out the header to start from the beginning.`,
  });
}
