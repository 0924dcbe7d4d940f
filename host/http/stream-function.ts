import { randomUUID } from "node:crypto";
import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { FunctionApp } from "../app/function-app.js";
import { requestHeaders, requestQuery } from "./call-function.js";
import { BodyTooLargeError, bodyChunks } from "./request-body.js";
import { sendEmpty } from "./respond.js";
import type { RouteMatch } from "./router.js";

const INVOCATION_ID = "x-ms-invocation-id";
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Calls a function in streaming mode. The invocation only names the request. The request itself goes to the library's
 * own server at `target`, and its response comes back in chunks. Errors are handled as in normal mode, but an error
 * after the response has begun closes the connection.
 */
export async function streamFunction(
  app: FunctionApp,
  match: RouteMatch,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  target: string,
): Promise<void> {
  const invocationId = randomUUID();
  const finished = new AbortController();
  const tooLarge = (error: unknown): void => {
    if (error instanceof BodyTooLargeError && !res.headersSent) sendEmpty(res, 413);
  };
  const forwarded = forward(req, res, new URL(url.pathname + url.search, target), url, invocationId, finished.signal);
  forwarded.catch(tooLarge);
  try {
    const { returnValue } = await app.invoke(match.route.fn, invocation(match, req, url, invocationId));
    // Null: the function returned nothing, so the forwarded connection gets no response either.
    if (returnValue === null) sendEmpty(res, 204);
    else await forwarded;
  } catch {
    if (!res.headersSent) sendEmpty(res, 500);
    else if (!res.writableEnded) res.destroy();
  } finally {
    finished.abort();
  }
}

function invocation({ route, params }: RouteMatch, req: IncomingMessage, url: URL, invocationId: string) {
  return {
    invocationId,
    inputs: [{ name: route.fn.trigger.name, data: { http: {} } }],
    triggerMetadata: {
      ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { string: value }])),
      Headers: { json: JSON.stringify(requestHeaders(req)) },
      Query: { json: JSON.stringify(requestQuery(url)) },
    },
  };
}

async function forward(
  req: IncomingMessage,
  res: ServerResponse,
  target: URL,
  url: URL,
  invocationId: string,
  signal: AbortSignal,
): Promise<void> {
  const upstream = request(target, {
    method: req.method ?? "GET",
    signal,
    headers: {
      ...withoutHopByHop(req.headers),
      [INVOCATION_ID]: invocationId,
      "x-forwarded-host": url.host,
      "x-forwarded-proto": "http",
    },
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once("response", resolve).once("error", reject);
    // A function may answer before it has read the body, or without reading it. Its response counts.
    pipeline(bodyChunks(req), upstream).catch(reject);
  });
  res.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
  await pipeline(answer, res);
}

function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !HOP_BY_HOP.has(name) && !named.includes(name) && name !== INVOCATION_ID && name !== "host",
    ),
  );
}
