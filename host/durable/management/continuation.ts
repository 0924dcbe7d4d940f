import { RequestError } from "./answer.js";

/** Header that carries a list's place, in both directions. */
export const CONTINUATION_HEADER = "x-ms-continuation-token";

/** A token for the page that begins at `place`. */
export function continuationToken(place: string): string {
  return Buffer.from(place, "utf8").toString("base64");
}

/**
 * The place a token stands for.
 * @throws RequestError 400 for a text that {@link continuationToken} did not make.
 */
export function placeOf(token: string): string {
  const place = Buffer.from(token, "base64").toString("utf8");
  if (continuationToken(place) === token) return place;
  throw new RequestError(400, {
    Message: `The header ${CONTINUATION_HEADER} holds no continuation token. Send back the one of the last answer unchanged, or leave the header out to start again.`,
  });
}
