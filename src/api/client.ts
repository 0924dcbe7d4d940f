import type { z } from "zod";
import { defined } from "../domain/text.js";
import { type Problem, problemSchema } from "./problem.js";
import type { RequestHeader, Route } from "./route.js";

/** A request to a route. Parts that the route does not have can be omitted. */
export interface Call<P, Q, B> {
  params: P;
  query?: Q;
  body?: B;
  headers?: Partial<Record<RequestHeader, string>>;
}

/** A response with a problem document, as an error whose message says what to do. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.detail} ${problem.action}`);
    this.problem = problem;
  }
}

/** A client of the API, typed by its routes. */
export interface Client {
  call<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
    route: Route<P, Q, B, R>,
    call: Call<z.input<P>, z.input<Q>, z.input<B>>,
  ): Promise<{ body: z.output<R>; headers: Headers; status: number }>;
}

/**
 * @param baseUrl where the host listens, such as `http://127.0.0.1:7071`
 * @param options.token access token, or token of the issuer, outside of the local mode
 * @param options.observe receives every response body, as received and as parsed by the route
 */
export function createClient(
  baseUrl: string,
  { token, observe }: { token?: string; observe?: (route: Route, read: unknown, parsed: unknown) => void } = {},
): Client {
  return {
    async call(route, { params, query, body, headers }) {
      const url = urlOf(baseUrl, route.path, params, query ?? {});
      const sent = new Headers(headers);
      if (body !== undefined) sent.set("content-type", "application/json");
      if (token !== undefined) sent.set("authorization", `Bearer ${token}`);
      const answer = await fetch(url, {
        method: route.method,
        headers: sent,
        ...defined({ body: body === undefined ? undefined : JSON.stringify(body) }),
      });
      if (!answer.ok) throw new ApiError(await problemIn(answer));
      const read = answer.status === 204 ? undefined : await contentOf(route, answer);
      const parsed = route.response.parse(read);
      observe?.(route, read, parsed);
      return { body: parsed, headers: answer.headers, status: answer.status };
    },
  };
}

const contentOf = ({ mediaType }: Pick<Route, "mediaType">, answer: Response): Promise<unknown> =>
  mediaType === undefined ? answer.json() : answer.text();

function urlOf(baseUrl: string, path: string, params: Record<string, unknown>, query: Record<string, unknown>): URL {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(params[name])));
  const url = new URL(`/${filled}`, baseUrl);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

async function problemIn(answer: Response): Promise<Problem> {
  const text = await answer.text();
  const parsed = problemSchema.safeParse(readJson(text));
  if (parsed.success) return parsed.data;
  return {
    type: "about:blank",
    title: answer.statusText,
    status: answer.status,
    detail: `The host answered ${answer.status} without a problem document.`,
    code: "unexpected-fault",
    retryable: answer.status >= 500,
    causes: "Something other than Secondsite listens there, or Secondsite is starting.",
    action: "Check the address and the log of the host.",
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
