import { describe, expect, test } from "vitest";
import { openApiOf } from "../../src/api/openapi.js";
import { ALL_ROUTES } from "../../src/api/routes.js";

type Json = Record<string, unknown>;
const description = openApiOf(ALL_ROUTES, "1.0.0") as Json;
const operations = Object.entries(description["paths"] as Record<string, Record<string, Json>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const ref = (value as Json)["$ref"];
  return [...(typeof ref === "string" ? [ref] : []), ...Object.values(value).flatMap(references)];
}

/** Whether a reference leads somewhere in the document, and not to a schema that only its neighbours see. */
function resolves(ref: string): boolean {
  let at: unknown = description;
  for (const word of ref.split("/").slice(1)) {
    if (typeof at !== "object" || at === null) return false;
    at = (at as Json)[word];
  }
  return ref.startsWith("#/components/") && at !== undefined;
}

describe("the OpenAPI description", () => {
  test("has unique operation ids", () => {
    const ids = operations.map(({ operation }) => operation["operationId"]);
    expect(ids).toHaveLength(ALL_ROUTES.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("every reference has a target in the document", () => {
    const all = references(description);
    expect(all).toContain("#/components/schemas/Step");
    expect(all.filter((ref) => !resolves(ref))).toEqual([]);
  });

  test("says that callers prove who they are by a bearer, and which right each operation needs", () => {
    const { securitySchemes } = description["components"] as { securitySchemes: Json };
    expect(securitySchemes).toEqual({ bearer: { type: "http", scheme: "bearer" } });
    expect(description["security"]).toEqual([{ bearer: [] }]);
    const rightOf = new Map<unknown, string>(ALL_ROUTES.map(({ id, right }) => [id, right]));
    for (const { operation } of operations) {
      const { operationId, security, responses } = operation;
      const isAnonymous = rightOf.get(operationId) === "anonymous";
      expect([operationId, operation["x-right"]]).toEqual([operationId, rightOf.get(operationId)]);
      expect([operationId, security]).toEqual([operationId, isAnonymous ? [] : undefined]);
      const refusals = isAnonymous ? [] : ["401", "403"];
      expect(Object.keys(responses as Json)).toEqual(expect.arrayContaining(refusals));
    }
  });

  test.each(operations)("$method $path declares the parameters of its path, and answers", ({ path, operation }) => {
    const parameters = operation["parameters"] as { name: string; in: string; required: boolean }[];
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(inPath.filter(({ required }) => !required)).toEqual([]);
    const statuses = Object.keys(operation["responses"] as Json);
    expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
  });
});
