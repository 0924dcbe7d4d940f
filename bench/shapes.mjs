/** The shapes of work that are timed, on a host that runs the bench app. Each runs once and gives its values. */
import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "./statistics.mjs";

const MANAGEMENT = "runtime/webhooks/durabletask/instances";
const POLL_MS = 5;
const CYCLES = 100;
const MAX_WAIT_MS = 180_000;

let instances = 0;
const newId = (shape) => `${shape}-${process.pid}-${instances++}`;
const start = (host, orchestration, id, steps) => host.json("POST", `start/${orchestration}/${id}`, { steps });

/** Steps per second, from the start request until the instance is seen completed. */
export async function oneOrchestration(host, orchestration, steps) {
  const id = newId(orchestration);
  const startedMs = performance.now();
  await start(host, orchestration, id, steps);
  await until(async () => (await statusOf(host, id)) === "Completed");
  return { value: (steps / (performance.now() - startedMs)) * 1_000 };
}

/** Orchestrations per second, all started at once, until all are seen completed. */
export async function manyOrchestrations(host, count, steps) {
  const prefix = newId("many");
  const { ran } = await host.json("GET", "seen");
  const startedMs = performance.now();
  await inParallel(count, 32, (at) => start(host, "sequence", `${prefix}-${at}`, steps));
  // The cheap question first: the list of instances is asked only when the last activity has run.
  await until(async () => (await host.json("GET", "seen")).ran >= ran + count * steps);
  await until(async () => (await completed(host, `${prefix}-`, count)) === count);
  return { value: (count / (performance.now() - startedMs)) * 1_000 };
}

/** Milliseconds from sending a start request until the first activity runs, one at a time. */
export async function startToFirstActivity(host) {
  return latencies(async () => {
    const id = newId("marked");
    const sentNs = process.hrtime.bigint();
    await start(host, "marked", id);
    return { id, sentNs };
  }, host);
}

/** Milliseconds from raising an event until the activity after it runs, one at a time. */
export async function eventToContinuation(host) {
  return latencies(async () => {
    const id = newId("event");
    await start(host, "event", id);
    await markedAt(host, `${id}-waits`);
    await settled(host, id);
    const sentNs = process.hrtime.bigint();
    await host.json("POST", `${MANAGEMENT}/${id}/raiseEvent/go`, {});
    return { id, sentNs };
  }, host);
}

/** MiB that the host keeps resident after the orchestrations of a large run. */
export async function memoryAfterMany(host, count, steps) {
  await manyOrchestrations(host, count, steps);
  return { value: (await host.json("GET", "seen")).rssBytes / 2 ** 20 };
}

/** Starts orchestrations whose one activity never ends, and waits until all of them run. */
export async function startHeld(host, count) {
  await inParallel(count, 32, (at) => start(host, "held", newId(`held-${at}`)));
  await untilMarks(host, count);
}

export function untilMarks(host, count) {
  return until(async () => (await host.json("GET", "seen")).marks >= count);
}

async function latencies(cycle, host) {
  const taken = [];
  for (let at = 0; at < CYCLES; at += 1) {
    const { id, sentNs } = await cycle();
    taken.push(Number((await markedAt(host, id)) - sentNs) / 1e6);
    await until(async () => (await statusOf(host, id)) === "Completed");
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

/** When the app's activity ran, on the clock that the processes of a machine share. */
async function markedAt(host, name) {
  let ns = null;
  await until(async () => {
    ns = (await host.json("GET", `marks/${name}`)).ns;
    return ns !== null;
  });
  return BigInt(ns);
}

/** The episode after the first activity has been committed: the instance now waits for its event. */
async function settled(host, id) {
  let last;
  await until(async () => {
    const status = await host.json("GET", `${MANAGEMENT}/${id}?showHistory=true&showInput=false`);
    const events = status.historyEvents.length;
    const same = events === last;
    last = events;
    return same && status.historyEvents.some((event) => event.EventType === "TaskCompleted");
  });
}

async function statusOf(host, id) {
  return (await host.json("GET", `${MANAGEMENT}/${id}?showInput=false`)).runtimeStatus;
}

async function completed(host, prefix, top) {
  const query = `instanceIdPrefix=${prefix}&runtimeStatus=Completed&showInput=false&top=${top}`;
  return (await host.json("GET", `${MANAGEMENT}?${query}`)).length;
}

async function until(condition) {
  const limitMs = performance.now() + MAX_WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > limitMs) throw new Error(`Nothing more happened for ${MAX_WAIT_MS} ms.`);
    await delay(POLL_MS);
  }
}

async function inParallel(count, lanes, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
