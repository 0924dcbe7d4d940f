import { expect, test } from "vitest";
import { problemSchema } from "../../src/api/problem.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

const ask = (method: string, path: string) => fetch(`${app.url}${path}`, { method });

async function problem(method: string, path: string) {
  const answer = await ask(method, path);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const document = problemSchema.strict().parse(await answer.json());
  expect(document.status).toBe(answer.status);
  return { ...document, allow: answer.headers.get("allow") };
}

test("an unknown path is a problem document that names the closest routes", async () => {
  const typo = await problem("GET", "/api/execution");
  expect(typo).toMatchObject({ status: 404, code: "route-not-found", allow: null });
  expect(typo.details?.[0]).toBe("GET /api/executions");
  const deep = await problem("POST", "/api/recovery-plans/shop/execution");
  expect(deep.details?.[0]).toBe("POST /api/recovery-plans/{planId}/executions");
  for (const path of ["/api", "/api/", "/api/%zz", "/api/a/b/c/d/e/f/g/h/i", `/api/${"x".repeat(4_000)}`]) {
    expect(await problem("GET", path)).toMatchObject({ status: 404, code: "route-not-found" });
  }
});

test("a known path with another method is a problem document that says which it takes", async () => {
  const document = await problem("DELETE", "/api/worlds");
  expect(document).toMatchObject({ status: 405, code: "method-not-allowed", allow: "GET, HEAD, OPTIONS" });
  expect(await problem("PATCH", "/API/Worlds")).toMatchObject({ status: 405 });
});

test("HEAD is answered as GET without its body, and OPTIONS with the methods of the path", async () => {
  const head = await ask("HEAD", "/api/executions?limit=1");
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await ask("HEAD", "/api/worlds/none")).status).toBe(404);
  const options = await ask("OPTIONS", "/api/executions");
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
});

test("the pages of the host stay with the host", async () => {
  expect((await ask("GET", "/admin/host/status")).status).toBe(200);
  const instances = await ask("GET", "/runtime/webhooks/durabletask/instances?top=1");
  expect(instances.status).toBe(200);
  expect((await ask("GET", "/runtime/webhooks/none")).headers.get("content-type")).not.toBe("application/problem+json");
});
