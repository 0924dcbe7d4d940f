import { z } from "zod";
import { readsBody } from "./parse-request.js";
import { PROBLEM_MEDIA_TYPE, problemSchema, statusOf } from "./problem.js";
import type { AnswerHeader, Route } from "./route.js";

type JsonObject = Record<string, unknown>;

/** The problems of every route. */
const COMMON_PROBLEMS = ["invalid-input", "too-many-requests", "identity-not-configured"] as const;
/** The problems of a caller. */
const CALLER_PROBLEMS = ["unauthenticated", "forbidden", "cross-site-request", "identity-unavailable"] as const;
/** The problems that reading a body can cause besides. */
const READING_PROBLEMS = ["malformed-body", "body-too-large", "unsupported-media-type"] as const;

const HEADERS: Record<AnswerHeader, string> = {
  etag: "The version of the resource, for If-Match.",
  location: "The address of the resource.",
  "retry-after": "Seconds to wait before the next request.",
};

/** The OpenAPI 3.1 document of a table of routes. */
export function openApiOf(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = `/${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const { paths: described, shared } = shareSchemas(paths);
  return {
    openapi: "3.1.0",
    info: { title: "Secondsite", version, description: "Disaster-recovery plans as durable workflows." },
    paths: described,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output"), ...shared },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
    security: [{ bearer: [] }],
  };
}

/**
 * Moves recursive schemas out of `paths` into shared components, because a `$ref` cannot reach them inside a path.
 * Returns the paths without them, and the schemas by name.
 */
function shareSchemas(paths: JsonObject): { paths: JsonObject; shared: JsonObject } {
  const shared: JsonObject = {};
  const text = JSON.stringify(paths, (key, value: unknown) => {
    if (key !== "$defs") return value;
    Object.assign(shared, value);
    return undefined;
  });
  const retarget = (json: string): JsonObject =>
    JSON.parse(json.replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonObject;
  return { paths: retarget(text), shared: retarget(JSON.stringify(shared)) };
}

function operationOf(route: Route): JsonObject {
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.right === "anonymous" ? { security: [] } : {}),
    "x-right": route.right,
    parameters: [...parameters(route.params, "path"), ...parameters(route.query, "query"), ...headerParameters(route)],
    ...(readsBody(route) ? { requestBody: requestBodyOf(route) } : {}),
    ...(route.rawBody ? { requestBody: rawBodyOf(route.rawBody) } : {}),
    responses: {
      [route.status]: successOf(route),
      ...Object.fromEntries((route.answersAlso ?? []).map((status) => [status, successOf(route)])),
      ...(route.creates ? { 201: { ...successOf(route), description: "Created." } } : {}),
      ...problemsOf(route),
    },
  };
}

function parameters(schema: z.ZodObject, place: "path" | "query"): JsonObject[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path" || !z.safeParse(field, undefined).success,
    schema: jsonSchema(field, "input"),
  }));
}

function headerParameters(route: Route): JsonObject[] {
  return Object.entries(route.headers).map(([name, need]) => ({
    name,
    in: "header",
    required: need === "required",
    schema: { type: "string" },
  }));
}

function requestBodyOf(route: Route): JsonObject {
  const schema = jsonSchema(route.body, "input");
  return {
    required: !route.body.safeParse(undefined).success,
    content: { "application/json": { schema }, "application/yaml": { schema } },
  };
}

const rawBodyOf = ({ contentTypes }: NonNullable<Route["rawBody"]>): JsonObject => ({
  required: true,
  content: Object.fromEntries(
    contentTypes.map((type) => [type, { schema: { description: "What the sender signed." } }]),
  ),
});

function successOf(route: Route): JsonObject {
  if (route.status === 204) return { description: "Done." };
  return {
    description:
      route.status === 202 && route.answers.includes("location")
        ? "Accepted. Location is the address of the result."
        : "Done.",
    headers: Object.fromEntries(
      route.answers.map((name) => [name, { required: true, schema: { type: "string" }, description: HEADERS[name] }]),
    ),
    content: { [route.mediaType ?? "application/json"]: { schema: jsonSchema(route.response, "output") } },
  };
}

function problemsOf(route: Route): Record<number, JsonObject> {
  const caller = route.right === "anonymous" ? [] : CALLER_PROBLEMS;
  const ofBody = route.rawBody ? (["body-too-large"] as const) : [];
  const reading = readsBody(route) ? READING_PROBLEMS : ofBody;
  const byStatus = new Map<number, string[]>();
  for (const code of [...COMMON_PROBLEMS, ...caller, ...reading, ...route.problems]) {
    const status = statusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: `One of: ${codes.join(", ")}.`,
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

function jsonSchema(schema: z.core.$ZodType, io: "input" | "output"): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
