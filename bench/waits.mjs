/** What it takes to wait for people, on the product itself, and how soon an execution goes on when they have decided. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { estate } from "./plan.mjs";
import { percentile } from "./statistics.mjs";

const POLL_MS = 10;
const DECISIONS_OF_ONE = 20;
const EXECUTIONS = 8;
/** Starts and saved plans that are under way at the same time. */
const AT_ONCE = 16;

/** Milliseconds from sending the decision that an execution waits for until its next step, a call, arrives. */
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
  const taken = [];
  try {
    for (let at = 0; at < EXECUTIONS; at += 1) taken.push(...(await decideAll(host, url, arrivals)));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

async function decideAll(host, url, arrivals) {
  const id = `decide-${randomUUID().slice(0, 8)}`;
  const numbers = Array.from({ length: DECISIONS_OF_ONE }, (_, at) => at + 1);
  const before = numbers.flatMap((n) => [manual(`ask-${n}`), webhook(`call-${n}`, `${url}/${id}/${n}`)]);
  await host.json("PUT", `api/worlds/${id}`, estate(id, 1));
  await host.json("PUT", `api/recovery-plans/${id}`, planOfOne(id, id, "item-1", before));
  const { executionId } = await start(host, id);
  const taken = [];
  for (const n of numbers) {
    await untilAwaited(host, executionId, `ask-${n}`);
    const arrived = new Promise((resolve) => arrivals.set(`/${id}/${n}`, resolve));
    const sentMs = performance.now();
    await host.json("POST", `api/executions/${executionId}/confirm`, { actionId: `ask-${n}` });
    taken.push((await arrived) - sentMs);
  }
  return taken;
}

async function untilAwaited(host, executionId, actionId) {
  for (;;) {
    const { awaits, status, failure } = await host.json("GET", `api/executions/${executionId}`);
    if (awaits.some((awaited) => awaited.actionId === actionId)) return;
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
    await host.json("PUT", `api/recovery-plans/${planId}`, planOfOne(planId, id, `item-${n}`, [manual("ask")]));
    await start(host, planId);
  });
  await untilAwaited(host, (await start(host, `${id}-${count}`)).executionId, "ask");
  await delay(5_000);
  const more = residentMib(host.pid) - before;
  const served = azurite.requests();
  await delay(seconds * 1_000);
  return { requestsPerSecond: (azurite.requests() - served) / seconds, mib: more };
}

async function lanes(values, work) {
  const left = values.values();
  const lane = async () => {
    for (const value of left) await work(value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** The id of the plan is the key, so that the same start again is no second one. */
const start = (host, planId) =>
  host.json(
    "POST",
    `api/recovery-plans/${planId}/executions`,
    { verb: "planned-failover", options: { acknowledgeNoTest: true } },
    { "idempotency-key": planId },
  );

const manual = (id) => ({ id, name: id, kind: "manual", instructions: "Decide.", failoverTypes: ["planned"] });
const webhook = (id, url) => ({ id, name: id, kind: "webhook", url, failoverTypes: ["planned"] });

const planOfOne = (id, worldId, itemId, before) => ({
  ...{ id, name: id, worldId, validation: { required: false } },
  shutdown: { before },
  groups: [{ id: "group", name: "Group", items: [{ id: itemId }] }],
});

const residentMib = (pid) =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
