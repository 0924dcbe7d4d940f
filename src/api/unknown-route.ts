import { ApiProblem } from "./problem.js";
import type { Method, Route } from "./route.js";

/** A route and its parameters in a path. */
export interface Matched<R extends Pick<Route, "path">> {
  route: R;
  params: Record<string, string>;
}

type Described = Pick<Route, "path" | "method">;

/** How many of the closest routes a problem names. */
const MAX_CLOSEST = 3;

/** The routes with the path, whatever their methods. Words are compared without case, as the host does. */
export function routesAt<R extends Pick<Route, "path">>(routes: readonly R[], path: string): Matched<R>[] {
  const asked = segmentsOf(path);
  return routes.flatMap((route) => {
    const template = segmentsOf(route.path);
    if (template.length !== asked.length) return [];
    const params: Record<string, string> = {};
    for (const [at, segment] of template.entries()) {
      const text = asked[at] ?? "";
      const name = parameterIn(segment);
      if (name !== undefined) params[name] = text;
      else if (!isSame(segment, text)) return [];
    }
    return [{ route, params }];
  });
}

/** The methods that a path takes. HEAD goes with GET, and OPTIONS with everything. */
export function allowedMethods(matched: readonly Matched<Described>[]): string[] {
  const methods = new Set<Method>(matched.map(({ route }) => route.method));
  return [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"];
}

/** Why a request fits no route: its path is unknown, or takes other methods. */
export function unknownRoute(routes: readonly Described[], method: string, path: string): ApiProblem {
  const matched = routesAt(routes, path);
  const shown = `/${segmentsOf(path).join("/")}`;
  if (matched.length > 0) {
    const allowed = allowedMethods(matched);
    return new ApiProblem("method-not-allowed", `${shown} does not take ${method}. It takes ${allowed.join(", ")}.`);
  }
  const closest = closestTo(routes, method, path);
  return new ApiProblem("route-not-found", `There is no route ${shown}. The closest one is ${closest[0]}.`, {
    details: closest,
  });
}

/** The routes whose paths have the most in common with a path, as `GET /api/worlds`, closest first. */
function closestTo(routes: readonly Described[], method: string, path: string): string[] {
  const asked = segmentsOf(path);
  const scored = routes.map((route) => ({ route, score: likeness(route, method, asked) }));
  const best = scored.toSorted((a, b) => b.score - a.score).slice(0, MAX_CLOSEST);
  return best.map(({ route }) => `${route.method} /${route.path}`);
}

/** Words count most, then parameters that something stands for, then the method; segments without a partner cost. */
function likeness({ path, method: own }: Described, method: string, asked: readonly string[]): number {
  const template = segmentsOf(path);
  let score = own === method ? 0.5 : 0;
  for (const [at, segment] of template.entries()) {
    const text = asked[at];
    if (text === undefined) continue;
    score += parameterIn(segment) === undefined ? 3 * similarity(segment, text) : 1;
  }
  return score - Math.abs(template.length - asked.length);
}

/** 0 to 1: how much of two words is the same, by the pairs of neighbouring letters that they share. */
function similarity(a: string, b: string): number {
  if (isSame(a, b)) return 1;
  const pairs = (word: string): string[] =>
    Array.from(word.toLowerCase().slice(0, 100), (_, at) => word.slice(at, at + 2));
  const [own, other] = [pairs(a), new Set(pairs(b))];
  return own.length === 0 ? 0 : (own.filter((pair) => other.has(pair)).length / Math.max(own.length, other.size)) * 0.9;
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const segmentsOf = (path: string): string[] => path.split("/").filter((segment) => segment !== "");
const parameterIn = (segment: string): string | undefined => /^\{(\w+)\}$/.exec(segment)?.[1];
