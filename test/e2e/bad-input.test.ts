import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { type Problem, problemSchema } from "../../src/api/problem.js";
import { ROUTES } from "../../src/api/routes.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { SHARED_HOSTS } from "../support/host-program.js";
import { RunningApp } from "../support/running-app.js";

let app: RunningApp;
let shop: { worldId: string; planId: string };
beforeAll(async () => {
  app = await RunningApp.start(SHARED_HOSTS.quick);
  shop = await app.loadShop();
});
afterAll(() => app.stop());

interface Sent {
  method: "PUT" | "POST" | "GET";
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

/** Sends a request and checks that it is refused and changes nothing. */
async function refused({ method, path, body, headers }: Sent): Promise<Problem> {
  const before = await app.dump();
  const answer = await fetch(`${app.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body }),
  });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = problemSchema.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  expect(problem.action.length).toBeGreaterThan(10);
  expect(await app.dump()).toBe(before);
  return problem;
}

async function refusedPlan(change: (plan: PlanInput) => object, headers = {}): Promise<Problem> {
  const plan = await app.samplePlan(shop.worldId);
  return refused({
    method: "PUT",
    path: `/api/recovery-plans/${plan.id}`,
    body: stringify(change(plan), { aliasDuplicateObjects: false }),
    headers: { "content-type": "application/yaml", ...headers },
  });
}

test("malformed JSON", async () => {
  const problem = await refused({ method: "PUT", path: "/api/recovery-plans/p", body: '{"id": "p",' });
  expect(problem).toMatchObject({ status: 400, code: "malformed-body" });
});

test("YAML with a duplicate among too many keys to compare pairwise", async () => {
  const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}: 1`);
  const body = [...keys, "k7: 2"].join("\n");
  const headers = { "content-type": "application/yaml" };
  const problem = await refused({ method: "PUT", path: "/api/worlds/w", body, headers });
  expect(problem).toMatchObject({ status: 400, code: "malformed-body" });
  expect(problem.detail).toContain('duplicate key "k7" at line 3001, column 1');
});

test("YAML that would keep the parser busy for a minute: aliases of aliases, nested keys, commas", async () => {
  const anchors = Array.from({ length: 900 }, (_, index) => `- &a${index} x`);
  const aliases = Array.from({ length: 2_000 }, (_, index) => `- *a${index % 900}`);
  const slow: [string, RegExp][] = [
    [[...anchors, ...aliases].join("\n"), /more than 50 aliases/],
    [`${"{".repeat(400)}${"a".repeat(60_000)}${": 1}".repeat(400)}`, /a key that is not a text at line 1/],
    [`[${",".repeat(20_000)}]`, /Unexpected , in flow sequence at line 1, column 3/],
  ];
  const headers = { "content-type": "application/yaml" };
  for (const [body, why] of slow) {
    const problem = await refused({ method: "PUT", path: "/api/worlds/w", body, headers });
    expect(problem).toMatchObject({ status: 400, code: "malformed-body" });
    expect(problem.detail).toMatch(why);
  }
  const large = await refused({ method: "PUT", path: "/api/worlds/w", body: "- a\n".repeat(20_000), headers });
  expect(large).toMatchObject({ status: 413, code: "body-too-large" });
});

test("YAML with half a million open brackets", async () => {
  const headers = { "content-type": "application/yaml" };
  const problem = await refused({ method: "PUT", path: "/api/worlds/w", body: "[".repeat(500_000), headers });
  expect(problem).toMatchObject({ status: 400, code: "malformed-body" });
  expect(problem.detail).toContain("brackets are open at the same time");
});

test.each(["*", '"a", "b"', "bare"])("If-Match that does not name one version: %s", async (ifMatch) => {
  const problem = await refusedPlan((plan) => plan, { "if-match": ifMatch });
  expect(problem).toMatchObject({ status: 400, code: "invalid-input" });
});

test("an idempotency key that is reused for another verb or another plan", async () => {
  const [own, other] = [await app.loadShop(), await app.loadShop()];
  const key = `intent-${own.planId}`;
  const executionId = await app.start(own.planId, { verb: "test-failover" }, key);
  await app.ended(executionId);
  for (const [planId, verb, named] of [
    [own.planId, "unplanned-failover", true],
    [other.planId, "test-failover", false], // who may not read another plan learns nothing of its executions
  ] as const) {
    const path = `/api/recovery-plans/${planId}/executions`;
    const headers = { "idempotency-key": key };
    const problem = await refused({ method: "POST", path, headers, body: JSON.stringify({ verb }) });
    expect(problem).toMatchObject({ status: 422, code: "idempotency-key-reused" });
    expect(problem.detail.includes(executionId)).toBe(named);
  }
  expect(await app.start(own.planId, { verb: "test-failover" }, key)).toBe(executionId);
});

test("malformed YAML", async () => {
  const headers = { "content-type": "application/yaml" };
  const problem = await refused({ method: "PUT", path: "/api/recovery-plans/p", body: "id: [p\nname: x", headers });
  expect(problem).toMatchObject({ status: 400, code: "malformed-body" });
});

test("YAML with unknown keys names them", async () => {
  const problem = await refusedPlan((plan) => ({ ...plan, owner: "me" }));
  expect(problem).toMatchObject({ status: 400, code: "invalid-input" });
  expect(problem.fields?.[0]).toMatchObject({ part: "body", path: "owner" });
});

test("an item in two groups", async () => {
  const problem = await refusedPlan((plan) => ({
    ...plan,
    groups: [...plan.groups, { ...plan.groups[3], id: "again" }],
  }));
  expect(problem).toMatchObject({ status: 422, code: "plan-invalid" });
  expect(problem.details?.join()).toContain("item jump is in group again and already in group management");
});

test("groups that depend on each other", async () => {
  const problem = await refusedPlan((plan) => ({
    ...plan,
    groups: plan.groups.map((group, index) => (index === 0 ? { ...group, dependsOn: ["web"] } : group)),
  }));
  expect(problem).toMatchObject({ status: 422, code: "plan-invalid" });
  expect(problem.details?.join()).toContain("wait for one another");
});

test("an empty group, and a plan without groups", async () => {
  const empty = await refusedPlan((plan) => ({
    ...plan,
    groups: [...plan.groups, { id: "none", name: "None", items: [] }],
  }));
  expect(empty).toMatchObject({ status: 422, code: "plan-invalid" });
  expect(await refusedPlan((plan) => ({ ...plan, groups: [] }))).toMatchObject({ status: 400, code: "invalid-input" });
});

test("an action that would never run", async () => {
  const action = { id: "a", name: "A", kind: "manual", instructions: "look", failoverTypes: [] };
  const problem = await refusedPlan((plan) => ({ ...plan, shutdown: { before: [action] } }));
  expect(problem).toMatchObject({ status: 400, code: "invalid-input" });
});

test("an unknown scenario in a world", async () => {
  const body = JSON.stringify({
    id: "w",
    name: "W",
    sites: [{ id: "s", name: "S", kind: "vcenter" }],
    policies: [{ id: "p" }],
    machines: [],
    items: [
      { id: "i", machineId: "m", scenario: "mainframe-to-azure", sourceSiteId: "s", targetSiteId: "s", policyId: "p" },
    ],
  });
  const problem = await refused({ method: "PUT", path: "/api/worlds/w", body });
  expect(problem).toMatchObject({ status: 400, code: "invalid-input" });
  expect(problem.fields?.some(({ path }) => path === "items.0.scenario")).toBe(true);
});

test("a wrong ETag, and a plan that already exists", async () => {
  const plan = { ...(await app.samplePlan(shop.worldId)), id: shop.planId, name: "Another plan" };
  const sent = { method: "PUT", path: `/api/recovery-plans/${shop.planId}`, body: JSON.stringify(plan) } as const;
  const wrong = await refused({ ...sent, headers: { "if-match": "W/\"datetime'2020-01-01T00%3A00%3A00Z'\"" } });
  expect(wrong).toMatchObject({ status: 412, code: "etag-mismatch" });
  expect(await refused(sent)).toMatchObject({ status: 409, code: "already-exists" });
});

test("unknown world, plan, item and execution", async () => {
  expect(await refused({ method: "GET", path: "/api/worlds/none" })).toMatchObject({
    status: 404,
    code: "world-not-found",
  });
  expect(await refused({ method: "GET", path: "/api/recovery-plans/none" })).toMatchObject({
    status: 404,
    code: "plan-not-found",
  });
  const item = `/api/worlds/${shop.worldId}/protected-items/none`;
  expect(await refused({ method: "GET", path: item })).toMatchObject({ status: 404, code: "item-not-found" });
  const execution = `/api/executions/${randomUUID()}`;
  expect(await refused({ method: "GET", path: execution })).toMatchObject({ status: 404, code: "execution-not-found" });
  expect(await refused({ method: "POST", path: `${execution}/cancel`, body: "{}" })).toMatchObject({ status: 404 });
});

test("a body that is too large: a plan over 1 MiB, a world over 8 MiB", async () => {
  const tooLarge = { status: 413, code: "body-too-large" };
  const plan = JSON.stringify({ id: "p", name: "x".repeat(1_100_000) });
  expect(await refused({ method: "PUT", path: "/api/recovery-plans/p", body: plan })).toMatchObject(tooLarge);
  const world = JSON.stringify({ id: "w", name: "x".repeat(8_400_000) });
  expect(await refused({ method: "PUT", path: "/api/worlds/w", body: world })).toMatchObject(tooLarge);
});

test("bodies that are nested too deeply or would change a prototype", async () => {
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  expect(await refused({ method: "PUT", path: "/api/worlds/w", body: deep })).toMatchObject({
    status: 400,
    code: "malformed-body",
  });
  const headers = { "content-type": "application/yaml" };
  expect(await refused({ method: "PUT", path: "/api/worlds/w", body: deep, headers })).toMatchObject({
    status: 400,
    code: "malformed-body",
  });
  for (const key of ["__proto__", "constructor", "prototype"]) {
    const body = `{"id":"w","${key}":{"polluted":true}}`;
    expect(await refused({ method: "PUT", path: "/api/worlds/w", body })).toMatchObject({
      status: 400,
      code: "malformed-body",
    });
    expect(await refused({ method: "PUT", path: "/api/worlds/w", body, headers })).toMatchObject({
      status: 400,
      code: "malformed-body",
    });
  }
});

test("an unsupported content type, a compressed body, and a start without an idempotency key", async () => {
  const headers = { "content-type": "text/plain" };
  expect(await refused({ method: "PUT", path: "/api/worlds/w", body: "x", headers })).toMatchObject({ status: 415 });
  const packed = { "content-encoding": "gzip" };
  const refusal = await refused({ method: "PUT", path: "/api/worlds/w", body: "{}", headers: packed });
  expect(refusal).toMatchObject({ status: 415, code: "unsupported-media-type" });
  expect(refusal.detail).toContain("gzip");
  const path = `/api/recovery-plans/${shop.planId}/executions`;
  const body = JSON.stringify({ verb: "planned-failover" });
  expect(await refused({ method: "POST", path, body })).toMatchObject({ status: 400, code: "header-missing" });
});

test.each(["a'b", "a%2Fb", "a%00b", "x".repeat(1_024), "%22or%22"])("the invalid id %s", async (id) => {
  expect(await refused({ method: "GET", path: `/api/recovery-plans/${id}` })).toMatchObject({
    status: 400,
    code: "invalid-input",
  });
});

test("verbs that are not allowed or unknown, and a custom point for a whole plan", async () => {
  const path = `/api/recovery-plans/${shop.planId}/executions`;
  const ask = (body: object) =>
    refused({ method: "POST", path, body: JSON.stringify(body), headers: { "idempotency-key": randomUUID() } });
  expect(await ask({ verb: "commit" })).toMatchObject({ status: 409, code: "verb-not-allowed" });
  expect(await ask({ verb: "reprotect" })).toMatchObject({ status: 409, code: "verb-not-allowed" });
  expect(await ask({ verb: "teleport" })).toMatchObject({ status: 400, code: "invalid-input" });
  const options = { recoveryPoint: { kind: "custom", pointId: "crash-1" } };
  expect(await ask({ verb: "unplanned-failover", options })).toMatchObject({
    status: 422,
    code: "custom-point-for-one-item",
  });
});

test("a decision that the execution does not await, and any decision after its end", async () => {
  const own = await app.loadShop();
  const executionId = await app.start(own.planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "confirm"));
  const path = `/api/executions/${executionId}`;
  const accept = { method: "POST", path: `${path}/validate`, body: '{"verdict":"accept"}' } as const;
  expect(await refused(accept)).toMatchObject({ status: 409, code: "nothing-awaited" });
  await app.client.call(ROUTES.cancel, { params: { executionId } });
  await app.ended(executionId);
  expect(await refused(accept)).toMatchObject({ status: 409, code: "execution-ended" });
  const confirm = { method: "POST", path: `${path}/confirm`, body: '{"actionId":"check-orders"}' } as const;
  expect(await refused(confirm)).toMatchObject({ status: 409, code: "execution-ended" });
  expect(await refused({ method: "POST", path: `${path}/cancel`, body: "{}" })).toMatchObject({
    status: 409,
    code: "execution-ended",
  });
  expect(await refused({ ...accept, body: '{"verdict":"reject"}' })).toMatchObject({
    status: 400,
    code: "invalid-input",
  });
});

test("the OpenAPI document describes the same routes", async () => {
  const { body } = await app.client.call(ROUTES.openApi, { params: {} });
  expect(body["openapi"]).toBe("3.1.0");
  expect(Object.keys(body["paths"] as object).sort()).toEqual(
    [...new Set(Object.values(ROUTES).map(({ path }) => `/${path}`))].sort(),
  );
});
