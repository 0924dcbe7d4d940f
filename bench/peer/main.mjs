/**
 * The peer: openworkflow on SQLite, synchronous=FULL, in a process of its own. Runs one shape once to warm up,
 * then as often as asked, and prints what each gave, as a JSON array.
 *
 * Usage: node peer/main.mjs SHAPE REPETITIONS
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "./sqlite.cjs";
import { percentile } from "../statistics.mjs";

const { OpenWorkflow } = await import("openworkflow");
const { BackendSqlite } = await import("openworkflow/sqlite");

const WORKERS = 32;
const CYCLES = 50;
const nothing = () => ({ ok: true });

const folder = mkdtempSync(join(tmpdir(), "secondsite-peer-"));
const backend = BackendSqlite.connect(join(folder, "peer.db"));
const client = new OpenWorkflow({ backend });
/**
 * Who waits for a run to reach its end, or its marked step. The peer's own `result()` asks once a second, which would
 * measure the asking.
 */
const waiting = new Map();
let names = 0;
const newName = () => `run-${names++}`;
const reached = (name) => waiting.get(name)?.();
const untilReached = (name) => new Promise((resolve) => waiting.set(name, resolve));

const sequence = client.defineWorkflow({ name: "sequence" }, async ({ input, step }) => {
  for (let at = 0; at < input.steps; at += 1) await step.run({ name: `noop-${at}` }, nothing);
  reached(input.name);
});
const fan = client.defineWorkflow({ name: "fan" }, async ({ input, step }) => {
  await Promise.all(Array.from({ length: input.steps }, (_, at) => step.run({ name: `noop-${at}` }, nothing)));
  reached(input.name);
});
const marked = client.defineWorkflow({ name: "marked" }, async ({ input, step }) => {
  await step.run({ name: "mark" }, () => reached(input.name));
});
const event = client.defineWorkflow({ name: "event" }, async ({ input, step }) => {
  await step.waitForSignal({ signal: input.name });
  await step.run({ name: "mark" }, () => reached(input.name));
});

const SHAPES = {
  "sequence-100": () => rate(100, () => one(sequence, 100)),
  "sequence-1000": () => rate(1_000, () => one(sequence, 1_000)),
  "fan-1000": () => rate(1_000, () => one(fan, 1_000)),
  "many-100x5": () => rate(100, () => many(100)),
  "start-latency": () => latencies(startToFirst),
  "event-latency": () => latencies(eventToContinuation),
  "memory-1000x5": async () => {
    await many(1_000);
    return { value: process.memoryUsage.rss() / 2 ** 20 };
  },
};

async function one(workflow, steps) {
  const name = newName();
  const end = untilReached(name);
  await workflow.run({ name, steps });
  await end;
}

async function many(count) {
  await Promise.all(Array.from({ length: count }, () => one(sequence, 5)));
}

async function rate(units, run) {
  const startedMs = performance.now();
  await run();
  return { value: (units / (performance.now() - startedMs)) * 1_000 };
}

async function latencies(cycle) {
  const taken = [];
  for (let at = 0; at < CYCLES; at += 1) taken.push(await cycle(newName()));
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

async function startToFirst(name) {
  const mark = untilReached(name);
  const startedMs = performance.now();
  await marked.run({ name });
  await mark;
  return performance.now() - startedMs;
}

/** A signal that nobody waits for is dropped, so it is sent until it was received; only the last one counts. */
async function eventToContinuation(name) {
  const mark = untilReached(name);
  await event.run({ name });
  for (;;) {
    const startedMs = performance.now();
    const { workflowRunIds } = await client.sendSignal({ signal: name, data: {} });
    if (workflowRunIds.length > 0) {
      await mark;
      return performance.now() - startedMs;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const [shape, repetitions] = process.argv.slice(2);
const worker = client.newWorker({ concurrency: WORKERS });
await worker.start();
await SHAPES[shape]();
const values = [];
for (let at = 0; at < Number(repetitions); at += 1) values.push(await SHAPES[shape]());
process.stdout.write(`${JSON.stringify(values)}\n`);
await worker.stop();
await backend.stop();
rmSync(folder, { recursive: true, force: true });
