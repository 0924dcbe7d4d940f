import type { IncomingMessage, ServerResponse } from "node:http";
import type { FunctionApp } from "../app/function-app.js";
import { readBody } from "./request-body.js";
import { sendEmpty, sendFunctionResponse } from "./respond.js";
import type { RouteMatch } from "./router.js";

/**
 * Gives a request to its function with the whole body, and sends what it returns. A function that throws, or
 * returns what is not an answer, gives 500 with an empty body: its error is for the log, not for the caller.
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
    nullableHeaders: wrapped(headersOf(req)),
    nullableQuery: wrapped(queryOf(url)),
    nullableParams: wrapped(params),
    ...(body.length > 0 && { body: { bytes: body } }),
  };
}

/** Header names are in small letters; several of one name become one, as HTTP allows. */
export function headersOf(req: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headersDistinct).map(([name, values = []]) => [
      name,
      values.join(name === "cookie" ? "; " : ", "),
    ]),
  );
}

/** Several values of one name are joined by commas, as the genuine host does. */
export function queryOf(url: URL): Record<string, string> {
  const names = [...new Set(url.searchParams.keys())];
  return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name).join(",")]));
}

function wrapped(texts: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, { value }]));
}
