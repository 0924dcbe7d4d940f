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

/** A function that answers HTTP, and where. */
export interface HttpRoute {
  fn: RegisteredFunction;
  /** With the route prefix. */
  template: RouteTemplate;
  /** In capital letters. */
  methods: readonly string[];
  authLevel: AuthLevel;
}

export interface RouteMatch {
  route: HttpRoute;
  params: RouteParams;
}

const EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/**
 * The route of an HTTP function.
 *
 * @param prefix from `host.json`, `""` for none
 * @throws ConfigurationError when the route is not valid, or is one that the host keeps for itself
 */
export function routeOf(fn: RegisteredFunction, prefix: string): HttpRoute {
  const own = typeof fn.trigger["route"] === "string" && fn.trigger["route"] !== "" ? fn.trigger["route"] : fn.name;
  // The genuine host looks at the route without its prefix, and at the beginning of the text only.
  if (/^\/?admin/i.test(own) || (prefix === "" && /^\/?runtime(\/|$)/i.test(own))) {
    throw new ConfigurationError(
      'a route must not begin with "admin" or "runtime", which the host keeps. Give it another route.',
    );
  }
  const methods = Array.isArray(fn.trigger["methods"]) ? fn.trigger["methods"].map(String) : [];
  return {
    fn,
    template: parseRouteTemplate([prefix, own.replace(/^\//, "")].filter(Boolean).join("/")),
    methods: methods.length > 0 ? methods.map((method) => method.toUpperCase()) : EVERY_METHOD,
    authLevel: authLevelOf(fn),
  };
}

function authLevelOf(fn: RegisteredFunction): AuthLevel {
  const level = String(fn.trigger["authLevel"] ?? "function").toLowerCase();
  if (level === "anonymous" || level === "function" || level === "admin") return level;
  throw new ConfigurationError(`its authLevel "${level}" is not anonymous, function or admin.`);
}

/** Finds the function for a request. The method is part of the route: a wrong one is simply not found. */
export class Router {
  readonly routes: readonly HttpRoute[];

  constructor(routes: readonly HttpRoute[]) {
    this.routes = [...routes].sort((a, b) => comparePrecedence(a.template, b.template));
  }

  find(method: string, pathname: string): RouteMatch | undefined {
    const path = segmentsOf(pathname);
    for (const route of this.routes) {
      if (!route.methods.includes(method)) continue;
      const params = matchRoute(route.template, path);
      if (params) return { route, params };
    }
    return undefined;
  }
}

/** Decoded, but for `%2F`: a slash that was written so is not a border. */
function segmentsOf(pathname: string): string[] {
  const trimmed = pathname.replace(/^\/|\/$/g, "");
  if (trimmed === "") return [];
  return trimmed.split("/").map((segment) => segment.split(/(%2f)/i).map(decoded).join(""));
}

function decoded(text: string): string {
  if (/^%2f$/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
