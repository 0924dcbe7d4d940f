/** Runs shapes: each gets the processes it needs, fresh or shared, and is repeated on them while they are warm. */

import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startAzurite } from "./azurite.mjs";
import { startHost } from "./host.mjs";
import * as notifications from "./notifications.mjs";
import * as plans from "./plan.mjs";
import * as shapes from "./shapes.mjs";
import * as waits from "./waits.mjs";

const BENCH_APP = fileURLToPath(new URL("app", import.meta.url));
const PRODUCT = fileURLToPath(new URL("..", import.meta.url));

/** Below this, half of what is measured is the compiler: the library's code is large. */
const WARM_UP_MS = 8_000;

/** What a shape does on a warm host with the bench app. */
const ON_BENCH_APP = {
  sequence: (host, { steps }) => shapes.oneOrchestration(host, "sequence", steps),
  fan: (host, { steps }) => shapes.oneOrchestration(host, "fan", steps),
  many: (host, { count, steps }) => shapes.manyOrchestrations(host, count, steps),
  "start-latency": (host) => shapes.startToFirstActivity(host),
  "event-latency": (host) => shapes.eventToContinuation(host),
};

/** What a shape does on a warm host with the product. */
const ON_PRODUCT = {
  plan: (host, { machines }) => plans.planOf(host, machines),
  "plan-growth": (host, shape) => plans.growth(host, shape),
  "plan-memory": (host, { machines }) => plans.memoryDuring(host, machines),
  "plan-status": (host, { machines }) => plans.statusDuring(host, machines),
  "plans-at-once": (host, shape) => plans.plansAtOnce(host, shape),
};

/** Every operation of the emulated hypervisor is done when it begins, so that the engine alone is timed. */
const NO_DURATIONS = { EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1000", ALLOW_PRIVATE_WEBHOOKS: "true" };

/** One caller fills the host with executions. */
const NO_RATES = { MAX_STARTS_PER_SECOND: "100000", MAX_CHANGES_PER_SECOND: "100000" };

/** Repeats a shape. Gives what each repetition did: `{ value }`, `{ p50, p99 }` for latencies, or what its figures name. */
export function repeat(shape, repetitions) {
  if (shape.kind in ON_PRODUCT) return planRuns(shape, repetitions);
  if (shape.kind === "plan-kill") return separately(repetitions, (azurite) => planKillRun(azurite, shape));
  if (shape.kind === "memory") return separately(repetitions, (azurite) => memoryRun(azurite, shape));
  if (shape.kind === "kill") return separately(repetitions, (azurite) => killRun(azurite, shape));
  if (shape.kind === "decision-latency") return decisionRuns(repetitions);
  if (shape.kind === "notification-latency") return notificationRuns(repetitions);
  if (shape.kind === "waiting") return waitingRuns(shape);
  if (shape.kind === "idle") return idleRuns(shape, repetitions);
  return benchRuns(shape, repetitions);
}

async function benchRuns(shape, repetitions) {
  return withHost(BENCH_APP, {}, {}, async (host) => {
    await warmUp(() => shapes.manyOrchestrations(host, 100, 5));
    return times(repetitions, () => ON_BENCH_APP[shape.kind](host, shape));
  });
}

async function planRuns(shape, repetitions) {
  return withHost(PRODUCT, NO_DURATIONS, {}, async (host) => {
    await warmUp(() => plans.planOf(host, 20));
    return times(repetitions, () => ON_PRODUCT[shape.kind](host, shape));
  });
}

async function decisionRuns(repetitions) {
  const hash = createHash("sha256").update(waits.ADMINISTRATOR).digest("hex");
  const people = { IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH: hash };
  return withHost(PRODUCT, { ...NO_DURATIONS, ...NO_RATES, ...people }, {}, async (host) => {
    await waits.decisionToNextStep(host);
    return times(repetitions, () => waits.decisionToNextStep(host));
  });
}

async function notificationRuns(repetitions) {
  return withHost(PRODUCT, { ...NO_DURATIONS, ...NO_RATES }, {}, async (host) => {
    await notifications.eventToSocket(host);
    return times(repetitions, () => notifications.eventToSocket(host));
  });
}

/** Seconds from starting the host again after SIGKILL until the plan is further than it was. */
async function planKillRun(azurite, { machines }) {
  const settings = { ...NO_DURATIONS, AzureWebJobsStorage: azurite.connectionString };
  const killed = await startHost(PRODUCT, settings);
  const before = await plans.startHalf(killed, machines);
  await killed.stop("SIGKILL");
  const startedMs = performance.now();
  const host = await startHost(PRODUCT, settings);
  try {
    await plans.untilFurther(host, before);
    return { value: (performance.now() - startedMs) / 1_000 };
  } finally {
    await host.stop("SIGKILL");
  }
}

function memoryRun(azurite, { count, steps }) {
  return onHost(BENCH_APP, azurite, {}, (host) => shapes.memoryAfterMany(host, count, steps));
}

/** Seconds from starting the host again after SIGKILL until every interrupted activity runs again. */
async function killRun(azurite, { count }) {
  const settings = { AzureWebJobsStorage: azurite.connectionString };
  const killed = await startHost(BENCH_APP, settings);
  await shapes.startHeld(killed, count);
  await killed.stop("SIGKILL");
  const startedMs = performance.now();
  const host = await startHost(BENCH_APP, settings);
  try {
    await shapes.untilMarks(host, count);
    return { value: (performance.now() - startedMs) / 1_000 };
  } finally {
    await host.stop("SIGKILL");
  }
}

/** Storage requests per second of a host that has worked and now has nothing to do. */
async function idleRuns({ seconds }, repetitions) {
  return withHost(BENCH_APP, {}, { countRequests: true }, async (host, azurite) => {
    await shapes.manyOrchestrations(host, 50, 5);
    await delay(2_000);
    return times(repetitions, async () => {
      const before = azurite.requests();
      await delay(seconds * 1_000);
      return { value: (azurite.requests() - before) / seconds };
    });
  });
}

/** Once only: the executions of the first run still wait. */
async function waitingRuns(shape) {
  return withHost(PRODUCT, { ...NO_DURATIONS, ...NO_RATES }, { countRequests: true }, async (host, azurite) => [
    await waits.waiting(host, azurite, shape),
  ]);
}

async function withHost(folder, settings, storage, work) {
  const azurite = await startAzurite(storage);
  try {
    return await onHost(folder, azurite, settings, (host) => work(host, azurite));
  } finally {
    await azurite.stop();
  }
}

async function onHost(folder, azurite, settings, work) {
  const host = await startHost(folder, { ...settings, AzureWebJobsStorage: azurite.connectionString });
  try {
    return await work(host);
  } finally {
    await host.stop();
  }
}

/** Each repetition on storage and host of its own. */
async function separately(repetitions, run) {
  return times(repetitions, async () => {
    const azurite = await startAzurite();
    try {
      return await run(azurite);
    } finally {
      await azurite.stop();
    }
  });
}

async function warmUp(run) {
  const startedMs = performance.now();
  while (performance.now() - startedMs < WARM_UP_MS) await run();
}

async function times(repetitions, run) {
  const values = [];
  for (let at = 0; at < repetitions; at += 1) values.push(await run());
  return values;
}
