import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionApp } from "../app/function-app.js";
import { readBody } from "./request-body.js";
import { sendEmpty, sendFunctionResponse } from "./respond.js";
import type { RouteMatch } from "./router.js";

/**
 * Calls a function with the whole body of its request, and sends its response. A function that throws, or returns no
 * valid response, results in 500 with an empty body: its error is for the log, not for the caller.
 */
export async function callFunction(
  app: FunctionApp,
  { route, params }: RouteMatch,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
): Promise<void> {
  const body = await readBody(req);
  try {
    const { returnValue } = await app.invoke(route.fn, {
      inputs: [{ name: route.fn.trigger.name, data: { http: httpData(req, url, params, body) } }],
    });
    sendFunctionResponse(res, returnValue?.http ?? returnValue);
  } catch {
    if (!res.headersSent) sendEmpty(res, 500);
  }
}

function httpData(req: IncomingMessage, url: URL, params: Record<string, string>, body: Buffer): object {
  return {
    method: req.method,
    url: url.href,
    nullableHeaders: wrapValues(requestHeaders(req)),
    nullableQuery: wrapValues(requestQuery(url)),
    nullableParams: wrapValues(params),
    ...(body.length > 0 && { body: { bytes: body } }),
  };
}

/** Header names are in lower case. Several headers of one name are joined, as HTTP allows. */
export function requestHeaders(req: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headersDistinct).map(([name, values = []]) => [
      name,
      values.join(name === "cookie" ? "; " : ", "),
    ]),
  );
}

/** Several values of one name are joined by commas, as on the genuine host. */
export function requestQuery(url: URL): Record<string, string> {
  const names = [...new Set(url.searchParams.keys())];
  return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name).join(",")]));
}

function wrapValues(texts: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, { value }]));
}
