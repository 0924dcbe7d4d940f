import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import type { z } from "zod";
import { parseRequest } from "../api/parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemOf } from "../api/problem.js";
import type { Answer, ParsedRequest, Route } from "../api/route.js";
import type { Context } from "../commands/context.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";

/** Registers the function of a route: reads the request by the route's schemas, answers or describes the problem. */
export function serve<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handle: (context: Context, request: ParsedRequest<P, Q, B>) => Promise<Answer<R>>,
): void {
  app.http(route.id, {
    methods: [route.method],
    route: route.path,
    authLevel: "function",
    extraInputs: [orchestrationsBinding],
    handler: async (request, invocation) => {
      try {
        const answer = await handle(contextOf(invocation), await parseRequest(route, bodySource(request)));
        return respond(route, answer);
      } catch (thrown) {
        return describe(thrown, invocation);
      }
    },
  });
}

function bodySource(request: HttpRequest) {
  return { headers: request.headers, body: request.body, params: request.params, query: request.query };
}

function respond<R extends z.ZodType>(route: { status: number; response: R }, answer: Answer<R>): HttpResponseInit {
  const status = answer.status ?? route.status;
  const headers = { "cache-control": "no-store", ...answer.headers };
  if (status === 204) return { status, headers };
  return { status, headers, jsonBody: route.response.parse(answer.body) };
}

function describe(thrown: unknown, invocation: InvocationContext): HttpResponseInit {
  const problem = problemOf(thrown);
  if (problem.status >= 500)
    invocation.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  const headers = { "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store" };
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}
