/** What it takes to wait for people, on the product itself, and how soon an execution goes on when they have decided. */
import { execFileSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { estate } from "./plan.mjs";
import { percentile } from "./statistics.mjs";

const POLL_MS = 10;
const DECISIONS_OF_ONE = 20;
const EXECUTIONS = 8;
/** Longer than what the decision before leaves to be done. */
const BETWEEN_DECISIONS_MS = 50;
/** Starts and saved plans that are under way at the same time. */
const AT_ONCE = 16;

/** The first administrator's token, so that a bench can make the people who decide. */
export const ADMINISTRATOR = `sst_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("hex")}`;

/** Milliseconds from sending the second of two approvals, the last one needed, until the approved step, a call, arrives. */
export async function decisionToNextStep(host) {
  const arrivals = new Map();
  const server = createServer((request, response) => {
    arrivals.get(request.url)?.(performance.now());
    request.resume();
    response.writeHead(200).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  const admin = as(host, ADMINISTRATOR);
  const people = [await personOf(admin, "first"), await personOf(admin, "second")].map((token) => as(host, token));
  // Whoever requests an execution decides nothing with tokens of their own making, so it is not the administrator.
  const requester = as(host, await personOf(admin, "requester", "executor"));
  const taken = [];
  try {
    for (let at = 0; at < EXECUTIONS; at += 1)
      taken.push(...(await decideAll({ admin, requester, people, url, arrivals })));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

/** The host as one person calls it. */
const as = (host, token) => ({
  json: (method, path, body, headers) =>
    host.json(method, path, body, { ...headers, authorization: `Bearer ${token}` }),
});

async function personOf(admin, name, role = "approver") {
  const person = `${name}-${randomUUID().slice(0, 8)}`;
  const { token } = await admin.json("POST", "api/tokens", { person, grants: [{ role }] });
  return token;
}

async function decideAll({ admin, requester, people: [first, last], url, arrivals }) {
  const id = `decide-${randomUUID().slice(0, 8)}`;
  const numbers = Array.from({ length: DECISIONS_OF_ONE }, (_, at) => at + 1);
  const calls = numbers.map((n) => webhook(`call-${n}`, `${url}/${id}/${n}`));
  const approvals = calls.map((call) => approval(call.id, { kind: "action", actionId: call.id }, 2));
  await admin.json("PUT", `api/worlds/${id}`, estate(id, 1));
  await admin.json("PUT", `api/recovery-plans/${id}`, {
    ...planOfOne(id, id, "item-1"),
    shutdown: { before: calls },
    approvals,
  });
  const { executionId } = await start(requester, id);
  const taken = [];
  for (const n of numbers) {
    const { call } = await untilAwaited(admin, executionId, `call-${n}`);
    const arrived = new Promise((resolve) => arrivals.set(`/${id}/${n}`, resolve));
    await first.json(call.method, call.path, call.body);
    await delay(BETWEEN_DECISIONS_MS);
    const sentMs = performance.now();
    await last.json(call.method, call.path, call.body);
    taken.push((await arrived) - sentMs);
  }
  return taken;
}

async function untilAwaited(host, executionId, requirementId) {
  for (;;) {
    const { awaits, status, failure } = await host.json("GET", `api/executions/${executionId}`);
    const awaited = awaits.find((one) => one.requirementId === requirementId && one.hash !== null);
    if (awaited) return awaited;
    if (failure) throw new Error(`The execution ended ${status}: ${failure.message}`);
    await delay(POLL_MS);
  }
}

/** Storage requests a second while that many executions wait for a person, and how many MiB more they keep resident. */
export async function waiting(host, azurite, { count, seconds }) {
  const id = `wait-${randomUUID().slice(0, 8)}`;
  await host.json("PUT", `api/worlds/${id}`, estate(id, count));
  const before = residentMib(host.pid);
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  await lanes(numbers, async (n) => {
    const planId = `${id}-${n}`;
    await host.json("PUT", `api/recovery-plans/${planId}`, {
      ...planOfOne(planId, id, `item-${n}`),
      approvals: [approval("ask", { kind: "start" }, 1)],
    });
    await start(host, planId);
  });
  await untilAwaited(host, (await start(host, `${id}-${count}`)).executionId, "ask");
  await delay(5_000);
  const more = residentMib(host.pid) - before;
  const served = azurite.requests();
  await delay(seconds * 1_000);
  return { requestsPerSecond: (azurite.requests() - served) / seconds, mib: more };
}

export async function lanes(values, work, count = AT_ONCE) {
  const left = values.values();
  const lane = async () => {
    for (const value of left) await work(value);
  };
  await Promise.all(Array.from({ length: count }, lane));
}

/** The id of the plan is the key, so that the same start again is no second one. */
export const start = (host, planId) =>
  host.json(
    "POST",
    `api/recovery-plans/${planId}/executions`,
    { verb: "planned-failover", options: { acknowledgeNoTest: true } },
    { "idempotency-key": planId },
  );

const webhook = (id, url) => ({ id, name: id, kind: "webhook", url, failoverTypes: ["planned"] });

const approval = (id, before, needed) => ({ id, name: id, before, needed, approvers: { roles: ["approver"] } });

export const planOfOne = (id, worldId, itemId) => ({
  ...{ id, name: id, worldId, validation: { required: false } },
  groups: [{ id: "group", name: "Group", items: [{ id: itemId }] }],
});

const residentMib = (pid) =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
