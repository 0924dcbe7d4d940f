import type { z } from "zod";
import { MAX_HEADER_CHARACTERS } from "../domain/text.js";
import { type BodySource, readBody } from "./body.js";
import { ApiProblem, type InvalidField } from "./problem.js";
import type { ParsedRequest, RequestHeader, Route } from "./route.js";

/** The part of an HTTP request that a route reads. */
export interface RawRequest extends BodySource {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Iterable<[string, string]>;
}

/** Parses the path of a request. Its query is left alone, because some senders add to it. */
export const parseParams = <P extends z.ZodObject>({ params }: { params: P }, request: RawRequest): z.output<P> =>
  parsePart(params, { ...request.params }, "path");

/** Parses every part of a request with the schemas of its route. Throws an {@link ApiProblem} for the first invalid part. */
export async function parseRequest<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  route: Route<P, Q, B>,
  request: RawRequest,
): Promise<ParsedRequest<P, Q, B>> {
  const params = parsePart(route.params, { ...request.params }, "path");
  const query = parsePart(route.query, Object.fromEntries(request.query), "query");
  const headers = readHeaders(route, request);
  const body = parsePart(
    route.body,
    readsBody(route) ? await readBody(request, route.bodyLimitBytes) : undefined,
    "body",
  );
  return { params, query, headers, body };
}

/** Whether a route has a body. The schema of a route without one accepts only `undefined`. */
export function readsBody(route: Pick<Route, "body">): boolean {
  return route.body.type !== "undefined";
}

function readHeaders(route: Pick<Route, "headers">, request: RawRequest): Partial<Record<RequestHeader, string>> {
  const read: Partial<Record<RequestHeader, string>> = {};
  for (const [name, need] of Object.entries(route.headers) as [RequestHeader, "required" | "optional"][]) {
    const value = request.headers.get(name)?.trim() ?? "";
    if (value.length > MAX_HEADER_CHARACTERS) {
      throw new ApiProblem("invalid-input", `The header ${name} is longer than ${MAX_HEADER_CHARACTERS} characters.`);
    }
    if (value !== "") read[name] = value;
    else if (need === "required") throw new ApiProblem("header-missing", `The header ${name} is missing.`);
  }
  return read;
}

function parsePart<S extends z.ZodType>(schema: S, value: unknown, part: "path" | "query" | "body"): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 20).map((issue): InvalidField => {
    const unknownKeys = issue.code === "unrecognized_keys" ? issue.keys : [];
    return { part, path: [...issue.path, ...unknownKeys].map(String).join("."), message: issue.message };
  });
  const first = fields[0];
  const where = first?.path ? ` at ${first.path}` : "";
  throw new ApiProblem("invalid-input", `The ${part} is not valid${where}: ${first?.message ?? "unknown"}`, { fields });
}

/** A body that contains its own id must be sent to the path of that id. */
export function requireSameId(inPath: string, inBody: string): void {
  if (inPath === inBody) return;
  throw new ApiProblem("invalid-input", `The path names ${inPath}, the body ${inBody}. Make them the same.`);
}
