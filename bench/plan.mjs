/** Recovery plans of many machines on the product itself, made of the sample's first web server. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { percentile } from "./statistics.mjs";

const POLL_MS = 50;
const MEMORY_POLL_MS = 250;
const GROUPS = 10;
const RUNNING = new Set(["running", "awaiting-input", "awaiting-approval", "paused"]);

/** Seconds from the start request until a planned failover of that many machines has ended. */
export async function planOf(host, machines) {
  const id = await prepare(host, machines);
  return { value: await secondsOf(host, id) };
}

/** How much more a machine of a large plan costs than one of a small plan: 1 is flat. */
export async function growth(host, { few, many }) {
  const small = (await planOf(host, few)).value / few;
  return { value: (await planOf(host, many)).value / many / small };
}

/** The most MiB that the host's process is seen to keep resident during a plan. */
export async function memoryDuring(host, machines) {
  const id = await prepare(host, machines);
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, residentMib(host.pid));
  }, MEMORY_POLL_MS);
  try {
    await secondsOf(host, id);
  } finally {
    clearInterval(look);
  }
  return { value: most };
}

/** Milliseconds that reading a running execution takes, steps and all, one read after the other. */
export async function statusDuring(host, machines) {
  const id = await prepare(host, machines);
  const { executionId } = await start(host, id);
  const taken = [];
  for (;;) {
    const askedMs = performance.now();
    const execution = await host.json("GET", `api/executions/${executionId}`);
    if (ended(execution)) return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
    taken.push(performance.now() - askedMs);
    await delay(POLL_MS);
  }
}

/** Plans side by side: seconds until all have ended, and how much longer than their mean the slowest took. */
export async function plansAtOnce(host, { plans, machines }) {
  const ids = [];
  for (let at = 0; at < plans; at += 1) ids.push(await prepare(host, machines));
  const seconds = await Promise.all(ids.map((id) => secondsOf(host, id)));
  const slowest = Math.max(...seconds);
  return { seconds: slowest, unevenness: slowest / (seconds.reduce((sum, one) => sum + one, 0) / plans) };
}

/** Starts a plan and waits until it is half done. */
export async function startHalf(host, machines) {
  const { executionId } = await start(host, await prepare(host, machines));
  for (;;) {
    const { progress } = await host.json("GET", `api/executions/${executionId}`);
    if (progress >= 50) return { executionId, progress };
    await delay(POLL_MS);
  }
}

/** Waits until an execution is further than it was. */
export async function untilFurther(host, { executionId, progress }) {
  for (;;) {
    const execution = await host.json("GET", `api/executions/${executionId}`);
    if (ended(execution) || execution.progress > progress) return;
    await delay(POLL_MS);
  }
}

async function prepare(host, machines) {
  const id = `bench-${randomUUID().slice(0, 8)}`;
  await host.json("PUT", `api/worlds/${id}`, estate(id, machines));
  await host.json("PUT", `api/recovery-plans/${id}`, recoveryPlan(id, machines));
  return id;
}

const start = (host, id) =>
  host.json("POST", `api/recovery-plans/${id}/executions`, { verb: "planned-failover" }, { "idempotency-key": id });

/** The list is asked, which shows the status without the steps. */
async function secondsOf(host, id) {
  const startedMs = performance.now();
  const { executionId } = await start(host, id);
  for (;;) {
    const page = await host.json("GET", "api/executions?limit=50");
    const execution = page.entries.find((one) => one.executionId === executionId);
    if (execution && ended(execution)) return (performance.now() - startedMs) / 1_000;
    await delay(POLL_MS);
  }
}

function ended(execution) {
  if (execution.status === "succeeded") return true;
  if (RUNNING.has(execution.status)) return false;
  throw new Error(`The plan ended ${execution.status}: ${JSON.stringify(execution).slice(0, 2_000)}`);
}

function residentMib(pid) {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
}

/** An estate of that many machines, each replicated. */
export function estate(id, machines) {
  const sample = parse(readFileSync(new URL("../samples/shop/world.yaml", import.meta.url), "utf8"));
  const item = sample.items.find((one) => one.id === "web-1");
  const machine = sample.machines.find((one) => one.id === item.machineId);
  const numbers = Array.from({ length: machines }, (_, at) => at + 1);
  return {
    ...sample,
    id,
    name: `Estate of ${machines} machines`,
    sites: sample.sites.map((site) => ({ ...site, quota: undefined })),
    replicationGroups: [],
    machines: numbers.map((n) => ({
      ...machine,
      id: `machine-${n}`,
      name: `machine-${n}`,
      nics: machine.nics.map(({ ip, ...nic }) => nic),
    })),
    items: numbers.map((n) => ({
      ...item,
      id: `item-${n}`,
      machineId: `machine-${n}`,
      target: { ...item.target, name: `replica-${n}` },
    })),
  };
}

function recoveryPlan(id, machines) {
  const size = Math.ceil(machines / GROUPS);
  const groups = Array.from({ length: Math.ceil(machines / size) }, (_, group) => ({
    id: `group-${group + 1}`,
    name: `Group ${group + 1}`,
    items: Array.from({ length: Math.min(size, machines - group * size) }, (_, at) => ({
      id: `item-${group * size + at + 1}`,
    })),
  }));
  return { id, name: `Plan of ${machines} machines`, worldId: id, groups, validation: { required: false } };
}
