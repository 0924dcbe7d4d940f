import type { z } from "zod";
import type { Caller } from "../domain/access/caller.js";
import type { Right } from "../domain/access/roles.js";
import type { ProblemCode } from "./problem.js";

export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

/** A header that a route reads, in lower case. */
export type RequestHeader = "idempotency-key" | "if-match" | "if-none-match";

/** A header that an answer carries, in lower case. */
export type AnswerHeader = "etag" | "location" | "retry-after";

/**
 * What the caller of a route must be allowed to do. `of-the-verb`: `test` for a rehearsal, `run` for the real thing.
 * `anonymous`: the request proves by itself who sends it.
 */
export type RouteRight = Right | "of-the-verb" | "anonymous";

/**
 * One route as data. Handlers, the OpenAPI document and the typed client derive from it, so they cannot disagree.
 * `params` and `query` are objects of texts.
 */
export interface Route<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  /** Name of the function and `operationId`, in kebab-case. */
  readonly id: string;
  readonly right: RouteRight;
  /** The right on anything is enough: the answer has only what the caller may read. */
  readonly answersWhatCallerMayRead?: true;
  readonly method: Method;
  /** Such as `api/executions/{executionId}`: `host.json` sets no prefix. */
  readonly path: string;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Its body is given to the handler as the bytes that were sent, because they are signed. It has no `body` then. */
  readonly rawBody?: { readonly limitBytes: number; readonly contentTypes: readonly string[] };
  /** The limit of its body, if it differs from the default. */
  readonly bodyLimitBytes?: number;
  readonly headers: Partial<Record<RequestHeader, "required" | "optional">>;
  readonly status: 200 | 201 | 202 | 204;
  /** Other statuses with the same response. */
  readonly answersAlso?: readonly number[];
  /** Answers 201 instead if it created something. */
  readonly creates?: true;
  /** Headers of every successful response. */
  readonly answers: readonly AnswerHeader[];
  readonly response: R;
  /** Of a response that is text and not JSON. */
  readonly mediaType?: "text/html; charset=utf-8";
  /** Problems that it can answer with, besides invalid input. */
  readonly problems: readonly ProblemCode[];
}

export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  description: Route<P, Q, B, R>,
): Route<P, Q, B, R> {
  return description;
}

/** A request that was parsed with the schemas of its route. */
export interface ParsedRequest<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly headers: Partial<Record<RequestHeader, string>>;
}

/** A request whose caller was identified and may do what the route does. */
export interface AuthorisedRequest<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>
  extends ParsedRequest<P, Q, B> {
  readonly caller: Caller;
}

/** The result of a handler: the body of the response, and headers such as `Location` or `ETag`. */
export interface Answer<R extends z.ZodType> {
  readonly body: z.input<R>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only if it differs from the status of the route, such as 201 for a new plan. */
  readonly status?: number;
}
