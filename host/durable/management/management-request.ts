import type { IncomingMessage } from "node:http";
import type { Clock } from "../../clock.js";
import type { TaskHub } from "../task-hub.js";
import { RequestError } from "./answer.js";
import type { LinkTarget } from "./client-payload.js";
import { parseQuery, type Query } from "./query.js";

/** A request to the management API, at either of its two addresses. */
export interface ManagementRequest {
  method: string;
  /** The decoded path below the base path, without empty segments at the end. */
  segments: readonly string[];
  query: Query;
  /** The scheme and authority that the caller used, for links in the answer. */
  origin: string;
  /** The full URL of the request. */
  href: string;
  message: IncomingMessage;
}

export interface RouteContext {
  hub: TaskHub;
  clock: Clock;
  links: LinkTarget;
  /** Aborted when the host stops, which ends all waits. */
  stopping: AbortSignal;
}

/**
 * @param basePath the path of the API with a trailing slash; the caller may write it in any case
 * @throws RequestError 400 for a path or a query that is not valid
 */
export function managementRequest(
  message: IncomingMessage,
  basePath: string,
  fallbackOrigin: string,
): ManagementRequest {
  const origin = message.headers.host === undefined ? fallbackOrigin : `http://${message.headers.host}`;
  const target = message.url ?? "/";
  const [path = "/", ...search] = target.split("?");
  return {
    method: message.method ?? "GET",
    segments: decodedSegments(path.slice(basePath.length)),
    query: parseQuery(new URLSearchParams(search.join("?"))),
    origin,
    href: `${origin}${target}`,
    message,
  };
}

/** Whether `path` is below `basePath`, in any case. */
export function isBelow(path: string, basePath: string): boolean {
  return path.slice(0, basePath.length).toLowerCase() === basePath;
}

function decodedSegments(path: string): string[] {
  const segments = path.split("/");
  while (segments.at(-1) === "") segments.pop();
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    throw new RequestError(400, {
      Message: "The path can't be read: '%' must be followed by two hex digits of UTF-8.",
    });
  }
}
