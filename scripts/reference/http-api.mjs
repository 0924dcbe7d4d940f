/** The page of the HTTP API, from the OpenAPI document that the app itself serves. */
export function httpApiPage({ openApiOf, ROUTES }) {
  const { paths } = openApiOf(Object.values(ROUTES), "0");
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  return [
    "# HTTP API",
    "",
    "Made from `src/api/routes.ts` by `npm run reference`. The schemas of bodies and answers are in the OpenAPI document",
    "that the app serves at `GET /api/openapi.json`. Problems are RFC 9457 documents; their codes are listed in",
    "[errors.md](errors.md).",
    "",
    "| | route | headers | answers |",
    "| --- | --- | --- | --- |",
    ...operations.map(summary),
    ...operations.flatMap(problems),
  ].join("\n");
}

function summary({ path, method, summary: text, parameters, responses }) {
  const headers = parameters
    .filter((parameter) => parameter.in === "header")
    .map(({ name, required }) => (required ? `\`${name}\`` : `\`${name}\` (optional)`));
  const success = Object.keys(responses).find((status) => Number(status) < 300);
  return `| ${text} | \`${method} ${path}\` | ${headers.join(", ")} | ${success} |`;
}

function problems({ path, method, parameters, responses }) {
  const query = parameters.filter((parameter) => parameter.in === "query").map(({ name }) => `\`${name}\``);
  return [
    "",
    `## ${method} ${path}`,
    "",
    ...(query.length > 0 ? [`Query: ${query.join(", ")}.`, ""] : []),
    ...Object.entries(responses)
      .filter(([status]) => Number(status) >= 400)
      .map(([status, { description }]) => `- ${status}: ${description}`),
  ];
}
