import type { RegisteredFunction } from "../app/function-app.js";
import { ConfigurationError } from "../settings/configuration-error.js";
import {
  comparePrecedence,
  matchRoute,
  parseRouteTemplate,
  type RouteParams,
  type RouteTemplate,
} from "./route-template.js";

export type AuthLevel = "anonymous" | "function" | "admin";

export interface HttpRoute {
  fn: RegisteredFunction;
  /** With the route prefix. */
  template: RouteTemplate;
  /** In upper case. */
  methods: readonly string[];
  authLevel: AuthLevel;
}

export interface RouteMatch {
  route: HttpRoute;
  params: RouteParams;
}

const ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/**
 * The route of an HTTP function.
 *
 * @param prefix from `host.json`, `""` for none
 * @throws ConfigurationError when the route is not valid, or is reserved for the host
 */
export function createRoute(fn: RegisteredFunction, prefix: string): HttpRoute {
  const own = typeof fn.trigger["route"] === "string" && fn.trigger["route"] !== "" ? fn.trigger["route"] : fn.name;
  // The genuine host checks the route without its prefix, and only the beginning of the text.
  if (/^\/?admin/i.test(own) || (prefix === "" && /^\/?runtime(\/|$)/i.test(own))) {
    throw new ConfigurationError(
      'a route must not begin with "admin" or "runtime", because the host reserves them. Give it another route.',
    );
  }
  const methods = Array.isArray(fn.trigger["methods"]) ? fn.trigger["methods"].map(String) : [];
  return {
    fn,
    template: parseRouteTemplate([prefix, own.replace(/^\//, "")].filter(Boolean).join("/")),
    methods: methods.length > 0 ? methods.map((method) => method.toUpperCase()) : ALL_METHODS,
    authLevel: parseAuthLevel(fn),
  };
}

function parseAuthLevel(fn: RegisteredFunction): AuthLevel {
  const level = String(fn.trigger["authLevel"] ?? "function").toLowerCase();
  if (level === "anonymous" || level === "function" || level === "admin") return level;
  throw new ConfigurationError(`its authLevel "${level}" is not anonymous, function or admin.`);
}

/** Finds the function for a request. The method is part of the route, so a wrong method is not found. */
export class Router {
  readonly routes: readonly HttpRoute[];

  constructor(routes: readonly HttpRoute[]) {
    this.routes = [...routes].sort((a, b) => comparePrecedence(a.template, b.template));
  }

  find(method: string, pathname: string): RouteMatch | undefined {
    const path = pathSegments(pathname);
    for (const route of this.routes) {
      if (!route.methods.includes(method)) continue;
      const params = matchRoute(route.template, path);
      if (params) return { route, params };
    }
    return undefined;
  }
}

/** Decodes everything except `%2F`: an escaped slash does not separate segments. */
function pathSegments(pathname: string): string[] {
  const trimmed = pathname.replace(/^\/|\/$/g, "");
  if (trimmed === "") return [];
  return trimmed.split("/").map((segment) => segment.split(/(%2f)/i).map(decodeSegmentPart).join(""));
}

function decodeSegmentPart(text: string): string {
  if (/^%2f$/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
