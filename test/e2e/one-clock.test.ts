import { expect, test } from "vitest";
import { ALL_ROUTES, ROUTES } from "../../src/api/routes.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { finish } from "../support/execution-driver.js";
import { poll, RunningApp } from "../support/running-app.js";

/** Fast enough that emulated time leaves real time behind at once. */
const SPEED = 3_000;
const DAY_MS = 86_400_000;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
/** Deadlines, which lie ahead. */
const AHEAD: ReadonlySet<string> = new Set(["until", "readyAt", "expiresAt", "latest"]);

type Json = Record<string, unknown>;
type Moment = { path: string; name: string; value: string; siblings: Json };

/** Every instant in an answer, with the name that it stands under. */
function momentsIn(value: unknown, path: string, siblings: Json = {}, name = ""): Moment[] {
  if (typeof value === "string") return INSTANT.test(value) ? [{ path, name, value, siblings }] : [];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one, at) => momentsIn(one, `${path}[${at}]`, siblings, name));
  return Object.entries(value).flatMap(([key, one]) => momentsIn(one, `${path}.${key}`, value as Json, key));
}

/** The real name beside an emulated one: `time` beside `emulatedTime`. */
const realNameOf = (name: string): string => {
  const rest = name.slice("emulated".length);
  return `${rest.charAt(0).toLowerCase()}${rest.slice(1)}`;
};

const isEmulated = (name: string): boolean => name.startsWith("emulated");

/** Every property of the described answers that is an instant, with its neighbours. */
function describedMoments(schema: unknown, name = "", siblings: string[] = []): { name: string; siblings: string[] }[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = (schema as Json)["format"] === "date-time" ? [{ name, siblings }] : [];
  const properties = (schema as { properties?: Json }).properties ?? {};
  const inside = Object.entries(properties).flatMap(([key, one]) =>
    describedMoments(one, key, Object.keys(properties)),
  );
  const others = Object.entries(schema).flatMap(([key, one]) =>
    key === "properties" ? [] : describedMoments(one, name, siblings),
  );
  return [...own, ...inside, ...others];
}

test("every emulated time in the description of the API has the real time of the same moment beside it", async () => {
  const { body } = await RunningApp.shared("realistic").client.call(ROUTES.openApi, { params: {} });
  const answers = Object.values(body["paths"] as Record<string, Record<string, Json>>)
    .flatMap((methods) => Object.values(methods))
    .map(({ responses }) => responses);
  const emulated = describedMoments([answers, body["components"]]).filter(({ name }) => isEmulated(name));
  expect(emulated.length).toBeGreaterThan(10);
  const alone = emulated.filter(({ name, siblings }) => !siblings.includes(realNameOf(name)));
  expect(alone.filter(({ name }) => name !== "emulatedNotAfter")).toEqual([]); // a question, not an answer
});

test("every time in an answer is real time, unless its name says that it is emulated", {
  timeout: 170_000,
}, async () => {
  const startMs = Date.now();
  const app = await RunningApp.start({ EMULATOR_SPEED: String(SPEED) });
  const seen: Moment[] = [];
  const asked = new Set<string>();
  const read = async (id: string, path: string) => {
    const answer = await fetch(`${app.url}/${path}`);
    const text = await answer.text();
    expect(answer.status, `${path} ${text.slice(0, 300)}`).toBe(200);
    asked.add(id);
    // A page for people has the moments of the JSON that it is made of.
    if (answer.headers.get("content-type")?.startsWith("text/html")) return;
    seen.push(...momentsIn(JSON.parse(text), id));
  };
  const { worldId, planId } = await app.loadShop();
  const executions: string[] = [];
  const run = async (verb: Verb) => {
    const executionId = await app.start(planId, { verb });
    executions.push(executionId);
    await read("running", `api/executions/${executionId}`);
    const { status } = await finish(app, executionId);
    expect(status).toMatch(/^succeeded/);
  };
  const drillId = await drillOf(app, planId);
  for (const verb of ["test-failover", "test-clean-up", "planned-failover", "commit"] as const) await run(verb);

  const people = [{ external: "U1", person: "ann", roles: ["approver" as const] }];
  await app.client.call(ROUTES.saveWebhookSource, {
    params: { sourceId: "desk" },
    body: { scheme: "standard", secrets: ["DESK"], people },
  });
  await app.client.call(ROUTES.saveSubscription, {
    params: { subscriptionId: "desk" },
    body: { target: { format: "slack", urlSecret: "DESK" }, paused: true },
  });
  const values: Record<string, string> = {
    worldId,
    planId,
    sourceId: "desk",
    subscriptionId: "desk",
    approvalId: await approvalIn(app),
    drillId,
    itemId: "web-1",
    executionId: executions[0] ?? "",
    version: "1",
  };
  const fault = { target: { itemId: "web-1" }, mode: "slow", factor: 2 } as const;
  await app.client.call(ROUTES.addFault, { params: { worldId }, body: fault });
  await app.client.call(ROUTES.simulateSourceReturn, { params: { worldId, itemId: "web-1" } });
  for (const { id, method, path } of ALL_ROUTES) {
    if (method !== "GET" || id === "openapi") continue;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? `no-${name}`);
    await read(id, `${filled}${QUERIES[id] ?? ""}`);
  }
  for (const executionId of executions) await read("ended", `api/executions/${executionId}`);
  await app.stop();

  const endMs = Date.now();
  const wrong = seen.filter(({ name, value }) => {
    if (isEmulated(name)) return false;
    const ms = Date.parse(value);
    const lastMs = AHEAD.has(name) ? endMs + 30 * DAY_MS : endMs;
    return ms < startMs - DAY_MS / SPEED - 1_000 || ms > lastMs; // a new world has replicated for a day of its own
  });
  expect(wrong.map(({ path, value }) => `${path} ${value}`)).toEqual([]);
  const emulated = seen.filter(({ name }) => isEmulated(name));
  expect(emulated.length).toBeGreaterThan(20);
  expect(emulated.some(({ value }) => Date.parse(value) > endMs)).toBe(true); // the two clocks are far apart
  for (const { name, path, siblings } of emulated) expect(siblings, path).toHaveProperty(realNameOf(name));
  expect(asked.size).toBeGreaterThan(12);
});

/** A drill of the plan, which has ended. */
async function drillOf(app: RunningApp, planId: string): Promise<string> {
  const call = { params: { planId }, headers: { "idempotency-key": "drill" }, body: {} };
  const { drillId } = (await app.client.call(ROUTES.startDrill, call)).body;
  await poll(
    async () => (await app.client.call(ROUTES.getDrill, { params: { drillId } })).body,
    ({ status }) => status === "ended",
  );
  return drillId;
}

/** An approval that a failover of another world waits for. */
async function approvalIn(app: RunningApp): Promise<string> {
  const { planId } = await app.loadShop(undefined, withApprovals(TWO_BEFORE_START));
  const executionId = await app.start(planId, { verb: "unplanned-failover", options: { acknowledgeNoTest: true } });
  const { awaits } = await app.until(executionId, (seen) => seen.awaits.some(({ kind }) => kind === "approval"));
  return awaits.flatMap((one) => (one.kind === "approval" ? [one.approvalId] : []))[0] ?? "";
}

/** What routes need besides their path. */
const QUERIES: Readonly<Record<string, string>> = {
  "check-plan-prerequisites": "?verb=reprotect",
  "check-item-prerequisites": "?verb=reprotect",
  "diff-plan": "?from=1",
};
