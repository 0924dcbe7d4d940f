import { expect, test } from "vitest";
import { ALL_ROUTES } from "../../src/api/routes.js";
import { allowedMethods, routesAt, unknownRoute } from "../../src/api/unknown-route.js";

test("every route is found at its own path, with its parameters", () => {
  for (const { id, path } of ALL_ROUTES) {
    const filled = path.replaceAll(/\{(\w+)\}/g, "some.$1");
    const own = routesAt(ALL_ROUTES, `/${filled}/`).find(({ route }) => route.id === id);
    expect(own?.params, id).toEqual(
      Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, `some.${name}`])),
    );
  }
});

test("a mistyped word leads to the route with that word spelled right", () => {
  for (const route of ALL_ROUTES) {
    const words = route.path.split("/");
    const last = words.findLastIndex((word) => !word.startsWith("{"));
    const typo = words.map((word, at) => (at === last ? `${word.slice(0, -2)}${word.slice(-1)}` : word));
    if (routesAt(ALL_ROUTES, typo.join("/")).length > 0) continue; // it may be an id of another route
    const { code, details } = unknownRoute(ALL_ROUTES, route.method, typo.join("/"));
    expect([code, details[0]], typo.join("/")).toEqual(["route-not-found", `${route.method} /${route.path}`]);
  }
});

test("the methods of a path are those of all of its routes, HEAD beside GET, and OPTIONS", () => {
  expect(allowedMethods(routesAt(ALL_ROUTES, "api/worlds/w/faults"))).toEqual([
    "POST",
    "GET",
    "DELETE",
    "HEAD",
    "OPTIONS",
  ]);
  expect(unknownRoute(ALL_ROUTES, "PUT", "api/worlds/w/faults").code).toBe("method-not-allowed");
});
