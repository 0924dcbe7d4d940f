import {
  app,
  type HttpMethod,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { z } from "zod";
import { type Admission, kindOf, type Leave, TooManyRequests } from "../api/admission.js";
import { readBytes } from "../api/body.js";
import { parseParams, parseRequest, type RawRequest } from "../api/parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemOf } from "../api/problem.js";
import type { Answer, AuthorisedRequest, ParsedRequest, Route, RouteRight } from "../api/route.js";
import { allowedMethods, routesAt, unknownRoute } from "../api/unknown-route.js";
import { requireAnyRole, requireRight, requireRightSomewhere } from "../commands/authorise.js";
import type { Context } from "../commands/context.js";
import { type LoggedRequest, logged } from "../commands/request-log.js";
import { admission, contextOf } from "../composition.js";
import { ANONYMOUS, type Caller } from "../domain/access/caller.js";
import { Verb } from "../domain/vocabulary.js";
import { orchestrationsBinding } from "../durable/client.js";
import type { PageRequest } from "../store/port.js";

/** What an endpoint needs of its process. `log` takes what only the operator should read. */
export interface Surroundings {
  readonly open: () => Context;
  readonly admission: Admission;
  readonly log: (text: string) => void;
}

/** Answers a request, or describes the problem. */
export type Endpoint = (request: RawRequest, surroundings: Surroundings) => Promise<HttpResponseInit>;

/** What the trigger of each route does, by the route's id. Verification programs call these without a Functions host. */
export const ENDPOINTS = new Map<string, Endpoint>();

/**
 * Registers the function of a route: identifies the caller, admits the request, parses it by the route's schemas, checks
 * that the caller may do this, then answers or describes the problem. To the host every function is anonymous, because its keys
 * say nothing about who calls.
 */
export function serve<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handle: (context: Context, request: AuthorisedRequest<P, Q, B>) => Promise<Answer<R>>,
): void {
  const kind = kindOf(route);
  const endpoint: Endpoint = async (request, { open, admission, log }) => {
    let leave: Leave | undefined;
    try {
      const context = open();
      const caller = await identify(context, route.right, request.headers);
      leave = await admission.enter(kind, kind === "webhook" ? senderOf(request) : caller.person);
      const parsed = await parseRequest(route, request);
      await authorise(context, route, caller, parsed);
      const answer = () => handle(context, { ...parsed, caller });
      const asked = { route: route.id, caller, params: parsed.params, body: parsed.body };
      return respond(route, changesSomething(route) ? await withLog(context, route, asked, answer) : await answer());
    } catch (thrown) {
      return describe(thrown, log);
    } finally {
      leave?.();
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

/**
 * Registers the function of a route with a raw body. The body is read before the request is admitted, so that nobody
 * keeps a place by sending slowly.
 */
export function serveRaw<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  route: Route<P, Q, B, R>,
  handle: (context: Context, request: SignedRequest<P>) => Promise<Answer<R>>,
): void {
  const { rawBody, right } = route;
  if (rawBody === undefined || right !== "anonymous") throw new Error(`${route.id} does not take signed requests`);
  register(route, async (request, { open, admission, log }) => {
    let leave: Leave | undefined;
    try {
      const body = await readBytes(request, rawBody.limitBytes);
      const params = parseParams(route, request);
      leave = await admission.enter("webhook", senderOf(request));
      const context = open();
      const answer = () => handle(context, { params, headers: request.headers, body });
      const asked = { route: route.id, caller: ANONYMOUS, params, body: undefined };
      return respond(route, await withLog(context, route, asked, answer));
    } catch (thrown) {
      return describe(thrown, log);
    } finally {
      leave?.();
    }
  });
}

function register(route: Pick<Route, "id" | "method" | "path">, endpoint: Endpoint): void {
  ENDPOINTS.set(route.id, endpoint);
  app.http(route.id, {
    methods: [route.method],
    route: route.path,
    authLevel: "anonymous",
    extraInputs: [orchestrationsBinding],
    handler: (request, invocation) => endpoint(rawRequest(request), surroundingsOf(invocation)),
  });
}

const surroundingsOf = (invocation: InvocationContext): Surroundings => ({
  open: () => contextOf(invocation),
  admission,
  log: (text) => invocation.error(text),
});

/** Who seems to send a request that proves by itself who sends it: what its path names, and the address before Azure. */
function senderOf({ headers, params }: RawRequest): string {
  const address = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  return `${Object.values(params).join(" ")} from ${address}`.slice(0, 200);
}

/** The caller of a request, who has the right on something at least. Nothing of the request was read before. */
async function identify({ identity }: Context, right: RouteRight, headers: RawRequest["headers"]): Promise<Caller> {
  identity.requireConfigured();
  if (right === "anonymous") return ANONYMOUS;
  const caller = await identity.identify(headers);
  requireRightSomewhere(caller, right === "of-the-verb" ? ["test", "run"] : [right]);
  return caller;
}

const id = z.string().optional();
const scope = z.object({ planId: id, executionId: id, approvalId: id, drillId: id });
const verbOf = z.object({ verb: Verb.optional() });

function authorise(
  context: Context,
  { right, answersWhatCallerMayRead }: Pick<Route, "right" | "answersWhatCallerMayRead">,
  caller: Caller,
  { params, body }: ParsedRequest<z.ZodObject, z.ZodObject, z.ZodType>,
): Promise<void> {
  if (right === "anonymous" || answersWhatCallerMayRead) return Promise.resolve();
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
      const surroundings = surroundingsOf(invocation);
      const path = `api/${request.params["path"] ?? ""}`;
      const matched = routesAt(routes, path);
      const read = request.method === "HEAD" ? matched.find(({ route }) => route.method === "GET") : undefined;
      const endpoint = read && ENDPOINTS.get(read.route.id);
      if (endpoint) {
        const raw = { ...rawRequest(request), params: read.params };
        const { status = 200, headers = {} } = await endpoint(raw, surroundings);
        return { status, headers: { "content-type": "application/json", ...headers } };
      }
      const stranger = await refuseStranger(request.headers, surroundings);
      if (stranger) return stranger;
      const allow = allowedMethods(matched).join(", ");
      if (matched.length > 0 && request.method === "OPTIONS") return { status: 204, headers: { allow } };
      const problem = describe(unknownRoute(routes, request.method, path), surroundings.log);
      return problem.status === 405 ? { ...problem, headers: { ...problem.headers, allow } } : problem;
    },
  });
}

/** The answer to a caller who may not even learn which routes there are. */
async function refuseStranger(
  headers: RawRequest["headers"],
  { open, admission, log }: Surroundings,
): Promise<HttpResponseInit | undefined> {
  try {
    const { identity } = open();
    identity.requireConfigured();
    const caller = await identity.identify(headers);
    requireAnyRole(caller);
    (await admission.enter("read", caller.person))();
    return undefined;
  } catch (thrown) {
    return describe(thrown, log);
  }
}

/** Some routes read by POST, because what they ask about is long. */
const changesSomething = ({ method, right }: Pick<Route, "method" | "right">): boolean =>
  method !== "GET" && right !== "read";

const withLog = <R extends z.ZodType>(
  context: Context,
  { status: usual }: Pick<Route, "status">,
  asked: LoggedRequest,
  answer: () => Promise<Answer<R>>,
): Promise<Answer<R>> =>
  logged(context, asked, answer, {
    done: ({ status = usual }) => status,
    failed: (thrown) => {
      const { status, code } = problemOf(thrown);
      return { status, code };
    },
  });

/** A page runs nothing and loads nothing, whatever its texts are. */
const PAGE_HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
};

/** Answers are typed by the route and not parsed again: that costs a large one more than making it. Tests parse them. */
function respond<R extends z.ZodType>(
  { status: usual, mediaType }: Pick<Route, "status" | "mediaType">,
  answer: Answer<R>,
): HttpResponseInit {
  const status = answer.status ?? usual;
  const headers = { "cache-control": "no-store", ...answer.headers };
  if (status === 204) return { status, headers };
  if (mediaType !== undefined) {
    return { status, headers: { ...headers, ...PAGE_HEADERS, "content-type": mediaType }, body: String(answer.body) };
  }
  return { status, headers, jsonBody: answer.body };
}

function describe(thrown: unknown, log: (text: string) => void): HttpResponseInit {
  const problem = problemOf(thrown);
  if (problem.status >= 500) log(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  const headers = {
    "content-type": PROBLEM_MEDIA_TYPE,
    "cache-control": "no-store",
    ...(thrown instanceof TooManyRequests && { "retry-after": String(thrown.retryAfterSeconds) }),
    ...(problem.status === 401 && { "www-authenticate": "Bearer" }),
  };
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}
