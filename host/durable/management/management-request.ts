import type { IncomingMessage } from "node:http";
import type { Clock } from "../../clock.js";
import type { TaskHub } from "../task-hub.js";
import { RequestError } from "./answer.js";
import type { LinkTarget } from "./client-payload.js";
import { parseQuery, type Query } from "./query.js";

/** A request to the management API, whichever of its two addresses it came to. */
export interface ManagementRequest {
  method: string;
  /** The path below the API's base, decoded, without empty segments at the end. */
  segments: readonly string[];
  query: Query;
  /** Scheme and authority that the caller used, for links back. */
  origin: string;
  /** The address as the caller wrote it. */
  href: string;
  message: IncomingMessage;
}

/** What routes work on. */
export interface RouteContext {
  hub: TaskHub;
  clock: Clock;
  links: LinkTarget;
  /** Aborted when the host stops, which ends waits. */
  stopping: AbortSignal;
}

/**
 * @param basePath path of the API, with a slash at the end; the caller may write it in any case.
 * @throws RequestError 400 for a path or a query that can't be read.
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

/** Whether `path` lies below `basePath`, in any case of its letters. */
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
