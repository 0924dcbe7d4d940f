import { app, type HttpMethod, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { z } from "zod";
import { readBytes } from "../api/body.js";
import { parseParams, parseRequest, type RawRequest } from "../api/parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemOf } from "../api/problem.js";
import type { Answer, AuthorisedRequest, ParsedRequest, Route, RouteRight } from "../api/route.js";
import { allowedMethods, routesAt, unknownRoute } from "../api/unknown-route.js";
import { requireRight, requireRightSomewhere } from "../commands/authorise.js";
import type { Context } from "../commands/context.js";
import { contextOf } from "../composition.js";
import { ANONYMOUS, type Caller } from "../domain/access/caller.js";
import { RecoveryError } from "../domain/errors.js";
import { Verb } from "../domain/vocabulary.js";
import { orchestrationsBinding } from "../durable/client.js";
import type { PageRequest } from "../store/port.js";

/** Answers a request, or describes the problem. `log` takes what only the operator should read. */
export type Endpoint = (
  request: RawRequest,
  open: () => Context,
  log: (text: string) => void,
) => Promise<HttpResponseInit>;

/** What the trigger of each route does, by the route's id. Verification programs call these without a Functions host. */
export const ENDPOINTS = new Map<string, Endpoint>();

/**
 * Registers the function of a route: identifies the caller, parses the request by the route's schemas, checks that the
 * caller may do this, then answers or describes the problem. To the host every function is anonymous, because its keys
 * say nothing about who calls.
 */
export function serve<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handle: (context: Context, request: AuthorisedRequest<P, Q, B>) => Promise<Answer<R>>,
): void {
  const endpoint: Endpoint = async (request, open, log) => {
    try {
      const context = open();
      const caller = await identify(context, route.right, request);
      const parsed = await parseRequest(route, request);
      await authorise(context, route.right, caller, parsed);
      return respond(route.status, await handle(context, { ...parsed, caller }));
    } catch (thrown) {
      return describe(thrown, log);
    }
  };
  register(route, endpoint);
}

/** A request whose body nobody has read: its sender proves by a signature over the bytes who it is. */
export interface SignedRequest<P extends z.ZodObject> {
  readonly params: z.output<P>;
  readonly headers: RawRequest["headers"];
  readonly body: Uint8Array;
}

/** More requests at once are answered 429, so that a flood cannot take the memory and the storage of the process. */
const MAX_SIGNED_REQUESTS = 64;

/** Registers the function of a route with a raw body. */
export function serveRaw<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handle: (context: Context, request: SignedRequest<P>) => Promise<Answer<R>>,
): void {
  const { rawBody, right } = route;
  if (rawBody === undefined || right !== "anonymous") throw new Error(`${route.id} does not take signed requests`);
  let count = 0;
  register(route, async (request, open, log) => {
    try {
      const body = await readBytes(request, rawBody.limitBytes);
      const params = parseParams(route, request);
      if (count >= MAX_SIGNED_REQUESTS) return tooMany(log);
      count += 1;
      try {
        return respond(route.status, await handle(open(), { params, headers: request.headers, body }));
      } finally {
        count -= 1;
      }
    } catch (thrown) {
      return describe(thrown, log);
    }
  });
}

function tooMany(log: (text: string) => void): HttpResponseInit {
  const text = `${MAX_SIGNED_REQUESTS} requests of this kind are under way`;
  const problem = describe(new RecoveryError("too-many-requests", text), log);
  return { ...problem, headers: { ...problem.headers, "retry-after": "1" } };
}

function register(route: Pick<Route, "id" | "method" | "path">, endpoint: Endpoint): void {
  ENDPOINTS.set(route.id, endpoint);
  app.http(route.id, {
    methods: [route.method],
    route: route.path,
    authLevel: "anonymous",
    extraInputs: [orchestrationsBinding],
    handler: (request, invocation) =>
      endpoint(
        rawRequest(request),
        () => contextOf(invocation),
        (text) => invocation.error(text),
      ),
  });
}

/** The caller of a request, who has the right on something at least. Nothing of the request was read before. */
async function identify({ identity }: Context, right: RouteRight, { headers }: RawRequest): Promise<Caller> {
  if (right === "anonymous") return ANONYMOUS;
  const caller = await identity.identify(headers);
  requireRightSomewhere(caller, right === "of-the-verb" ? ["test", "run"] : [right]);
  return caller;
}

const scope = z.object({ planId: z.string().optional(), executionId: z.string().optional() });
const verbOf = z.object({ verb: Verb.optional() });

function authorise(
  context: Context,
  right: RouteRight,
  caller: Caller,
  { params, body }: ParsedRequest<z.ZodObject, z.ZodObject, z.ZodType>,
): Promise<void> {
  if (right === "anonymous") return Promise.resolve();
  const { verb } = verbOf.safeParse(body).data ?? {};
  return requireRight(context, caller, right, { ...scope.parse(params), verb });
}

/** A request that was accepted, and where its execution can be followed. */
export interface Accepted {
  body: { executionId: string; warnings?: string[] };
  headers: Record<string, string>;
}

export function acceptedFor(executionId: string): Accepted {
  return { body: { executionId }, headers: { location: `/api/executions/${executionId}`, "retry-after": "1" } };
}

/** A page as the store takes it: without a cursor rather than with an undefined one. */
export function pageRequest({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageRequest {
  return cursor === undefined ? { limit } : { limit, cursor };
}

function rawRequest(request: HttpRequest): RawRequest {
  return { headers: request.headers, body: request.body, params: request.params, query: request.query };
}

/** The methods that functions take. The host answers OPTIONS itself when it is set up for CORS. */
const EVERY_METHOD: HttpMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/**
 * Registers the function for every request under `api/` that fits no route: HEAD is answered as GET without its body,
 * OPTIONS with the methods of the path, and anything else with a problem document. A host takes a more specific route
 * first. Paths outside `api/` stay with the host, because a route for all of them would also take its `admin` and
 * `runtime` pages.
 */
export function serveUnknown(routes: readonly Route[]): void {
  app.http("unknown-route", {
    methods: EVERY_METHOD,
    route: "api/{*path}",
    authLevel: "anonymous",
    extraInputs: [orchestrationsBinding],
    handler: async (request, invocation) => {
      const log = (text: string) => invocation.error(text);
      const path = `api/${request.params["path"] ?? ""}`;
      const matched = routesAt(routes, path);
      const allow = allowedMethods(matched).join(", ");
      if (matched.length > 0 && request.method === "OPTIONS") return { status: 204, headers: { allow } };
      const read = request.method === "HEAD" ? matched.find(({ route }) => route.method === "GET") : undefined;
      const endpoint = read && ENDPOINTS.get(read.route.id);
      if (endpoint) {
        const raw = { ...rawRequest(request), params: read.params };
        const { status = 200, headers = {} } = await endpoint(raw, () => contextOf(invocation), log);
        return { status, headers: { "content-type": "application/json", ...headers } };
      }
      const problem = describe(unknownRoute(routes, request.method, path), log);
      return problem.status === 405 ? { ...problem, headers: { ...problem.headers, allow } } : problem;
    },
  });
}

/** Answers are typed by the route and not parsed again: that costs a large one more than making it. Tests parse them. */
function respond<R extends z.ZodType>(usual: number, answer: Answer<R>): HttpResponseInit {
  const status = answer.status ?? usual;
  const headers = { "cache-control": "no-store", ...answer.headers };
  if (status === 204) return { status, headers };
  return { status, headers, jsonBody: answer.body };
}

function describe(thrown: unknown, log: (text: string) => void): HttpResponseInit {
  const problem = problemOf(thrown);
  if (problem.status >= 500) log(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  const headers = { "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store" };
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}
