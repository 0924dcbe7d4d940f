import { createHash } from "node:crypto";
import type { InvocationContext } from "@azure/functions";
import type { Context, Services } from "./commands/context.js";
import { type Config, readConfig } from "./config.js";
import type { Clock } from "./domain/clock.js";
import { RecoveryError } from "./domain/errors.js";
import { orchestrationsOf } from "./durable/client.js";
import { createEmulator } from "./hypervisor/emulator/emulator.js";
import { takeTurns } from "./hypervisor/turns.js";
import type { Store } from "./store/port.js";
import { createStore } from "./store/store.js";
import { createAzureTables } from "./store/tables/azure-tables.js";

/** How long an answer about a cancel is used again. */
const CANCEL_FRESH_MS = 250;
const CANCEL_ENTRIES = 1_000;
/** Enough for whole transactions, few enough that a request in between is answered soon. */
const CALLS_AT_ONCE = 50;
const SHORTEST_STEP_LIMIT_MS = 10_000;

/** Builds every adapter from the settings. */
function compose(config: Config): Services {
  const clock: Clock = { now: () => Date.now() };
  const tables = createAzureTables(config.storage, config.tablePrefix);
  const store = createStore(tables);
  const { speed, durations, hypervisorOperations: operationsAtOnce } = config;
  const emulator = createEmulator({ tables, clock, speed, durations, operationsAtOnce });
  const stepLimitMs = Math.max((config.stepLimitMinutes * 60_000) / config.speed, SHORTEST_STEP_LIMIT_MS);
  return {
    store,
    hypervisor: takeTurns(emulator, CALLS_AT_ONCE),
    estate: emulator,
    clock,
    hash: (text) => createHash("sha256").update(text).digest("hex"),
    settings: { speed: config.speed, stepLimitMs, allowPrivateWebhooks: config.allowPrivateWebhooks },
    refuseIfCancelled: cancelGuard(store, clock),
  };
}

/** Every step asks whether its execution was cancelled; the answer is kept for a moment. */
function cancelGuard(store: Store, clock: Clock): (executionId: string) => Promise<void> {
  const known = new Map<string, { untilMs: number; cancelled: Promise<boolean> }>();
  const look = async (executionId: string): Promise<boolean> =>
    (await store.getExecution(executionId))?.value.cancelRequest !== undefined;
  return async (executionId) => {
    let entry = known.get(executionId);
    if (entry === undefined || entry.untilMs < clock.now()) {
      if (known.size >= CANCEL_ENTRIES) known.clear();
      entry = { untilMs: clock.now() + CANCEL_FRESH_MS, cancelled: look(executionId) };
      known.set(executionId, entry);
    }
    if (await entry.cancelled) throw new RecoveryError("cancelled", "the execution was cancelled before this step");
  };
}

/** What every function of this process works with. */
export const services: Services = compose(readConfig(process.env));

/** The same together with the task hub that the function was given. */
export function contextOf(invocation: InvocationContext): Context {
  return { ...services, orchestrations: orchestrationsOf(invocation) };
}
