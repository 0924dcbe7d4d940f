/**
 * What this machine's storage can do with no engine on top, and the limits that follow. The engine's pattern is one
 * transaction of about five rows per episode and nothing else on the hot path (ADR 0002).
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { TableClient } from "@azure/data-tables";
import { startAzurite } from "./azurite.mjs";
import { median } from "./statistics.mjs";

const WARM_UP_MS = 2_500;
const WINDOW_MS = 1_500;
/** Rows that the failover of one machine writes, by which the limit of a plan is reckoned. */
const ROWS_PER_MACHINE = 12;
const TEXT = "x".repeat(250);

/** Rates are operations per second, round trips are medians in milliseconds at one request at a time. */
export async function calibrate() {
  const azurite = await startAzurite();
  try {
    const table = TableClient.fromConnectionString(azurite.connectionString, "Calibration", {
      allowInsecureConnection: true,
    });
    await table.createTable();
    await table.createEntity({ partitionKey: "point", rowKey: "0", text: TEXT });
    const work = operations(table);
    await measure(work.transaction(5), 4, WARM_UP_MS);
    const measured = {
      insert: await measure(work.insert, 1),
      get: await measure(work.get, 1),
      transaction10: await measure(work.transaction(10), 1),
      transaction5: await measure(work.transaction(5), 1),
      transaction5Parallel: await measure(work.transaction(5), 8),
      transaction100Parallel: await measure(work.transaction(98), 4),
      loopback: await loopback(),
      fdatasync: fdatasync(),
    };
    return { measured, limits: limitsOf(measured) };
  } finally {
    await azurite.stop();
  }
}

function operations(table) {
  let next = 0;
  const row = (partitionKey) => ({ partitionKey, rowKey: String(next++).padStart(10, "0"), text: TEXT });
  return {
    insert: () => table.createEntity(row(`insert-${next >> 7}`)),
    get: () => table.getEntity("point", "0"),
    transaction: (rows) => () => {
      const partitionKey = `transaction-${rows}-${next >> 8}-${next}`;
      return table.submitTransaction(Array.from({ length: rows }, () => ["create", row(partitionKey)]));
    },
  };
}

/** Runs `operation` over and over, `parallel` at a time. */
async function measure(operation, parallel, windowMs = WINDOW_MS) {
  const times = [];
  const startedMs = performance.now();
  const lane = async () => {
    while (performance.now() - startedMs < windowMs) {
      const beganMs = performance.now();
      await operation();
      times.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return { perSecond: (times.length / (performance.now() - startedMs)) * 1_000, roundTripMs: median(times) };
}

/** A request and its answer between two threads of this machine. */
async function loopback() {
  const source = `
    const { createServer } = require("node:http");
    const { parentPort } = require("node:worker_threads");
    const server = createServer((request, response) => request.resume().on("end", () => response.end("ok")));
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;
  const worker = new Worker(source, { eval: true });
  const port = await new Promise((resolve) => worker.once("message", resolve));
  const agent = new Agent({ keepAlive: true });
  const once = () =>
    new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", method: "POST", agent };
      request(options, (response) => response.resume().on("end", resolve))
        .on("error", reject)
        .end(TEXT);
    });
  await measure(once, 1, 500);
  const result = await measure(once, 1);
  agent.destroy();
  await worker.terminate();
  return result;
}

/** 4 KiB written and made durable, one after the other, in one file. */
function fdatasync() {
  const file = join(tmpdir(), `secondsite-bench-${process.pid}.sync`);
  const descriptor = openSync(file, "w");
  const block = Buffer.alloc(4_096, 1);
  const times = [];
  const startedMs = performance.now();
  while (performance.now() - startedMs < WINDOW_MS) {
    const beganMs = performance.now();
    writeSync(descriptor, block);
    fdatasyncSync(descriptor);
    times.push(performance.now() - beganMs);
  }
  closeSync(descriptor);
  rmSync(file);
  return { perSecond: (times.length / (performance.now() - startedMs)) * 1_000, roundTripMs: median(times) };
}

/**
 * L_B: what the storage alone allows an engine that commits once per episode. A step of a sequence is one commit; a
 * step of a fan-out is two rows of a large one, and so are the rows of a plan, whose machines go side by side.
 */
function limitsOf(measured) {
  const commitMs = measured.transaction5.roundTripMs;
  return {
    sequentialPerSecond: measured.transaction5.perSecond,
    fivesPerSecond: measured.transaction5Parallel.perSecond / 5,
    planOf100Seconds: planSeconds(measured, 100),
    planOf1000Seconds: planSeconds(measured, 1_000),
    fanPerSecond: (measured.transaction100Parallel.perSecond * 98) / 2,
    startToFirstMs: 2 * commitMs + measured.loopback.roundTripMs,
    eventToContinuationMs: 2 * commitMs + measured.loopback.roundTripMs,
  };
}

const planSeconds = ({ transaction100Parallel }, machines) =>
  (machines * ROWS_PER_MACHINE) / (transaction100Parallel.perSecond * 98);
