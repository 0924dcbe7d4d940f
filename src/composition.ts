import type { InvocationContext } from "@azure/functions";
import type { Anchoring } from "./activities/anchor-log.js";
import { Admission } from "./api/admission.js";
import type { Context, Services } from "./commands/context.js";
import { type Config, readConfig } from "./config.js";
import type { Clock } from "./domain/clock.js";
import { orchestrationsOf } from "./durable/client.js";
import { executionGuard } from "./executions/execution-guard.js";
import { hypervisorOf } from "./hypervisor/drivers.js";
import { createEmulator } from "./hypervisor/emulator/emulator.js";
import { withFairConcurrency } from "./hypervisor/fair-concurrency.js";
import { createIdentity, describeIdentity } from "./identity/create-identity.js";
import { Endpoints } from "./notifications/endpoints.js";
import { keepInBlobs } from "./store/blob-heads.js";
import { sha256 } from "./store/sha256.js";
import { createStore } from "./store/store.js";
import { createAzureTables } from "./store/tables/azure-tables.js";

/**
 * Enough to keep the storage busy. More calls at once do not get done sooner: they queue at the storage, and each read of
 * a request, such as the status of an execution, waits behind all of them.
 */
const MAX_CONCURRENT_CALLS = 16;

/** Builds every adapter from the settings. */
function compose(config: Config, clock: Clock): Services {
  const tables = createAzureTables(config.storage, config.tablePrefix);
  const store = createStore(tables);
  const { speed, durations, hypervisorOperations: maxConcurrentOperations } = config;
  const emulator = createEmulator({ tables, clock, speed, durations, maxConcurrentOperations });
  const drivers = { vcenter: emulator, "vmm-cloud": emulator, "azure-region": emulator };
  const stepLimitMs = (config.stepLimitMinutes * 60_000) / config.speed;
  return {
    store,
    hypervisor: withFairConcurrency(hypervisorOf(drivers, clock), MAX_CONCURRENT_CALLS),
    estate: emulator,
    clock,
    secrets: config.secrets,
    hash: sha256,
    endpoints: new Endpoints(),
    identity: createIdentity(config.identity, { store, clock, hash: sha256 }),
    settings: {
      speed: config.speed,
      stepLimitMs,
      allowPrivateWebhooks: config.allowPrivateWebhooks,
      publicBaseUrl: config.publicBaseUrl,
    },
    ...executionGuard(store, clock),
  };
}

const clock: Clock = { now: () => Date.now() };
const config = readConfig(process.env);

/** What every function of this process works with. */
export const services: Services = compose(config, clock);

/** Where this installation keeps heads of its log. */
export const anchoring: Anchoring = { keep: keepInBlobs(config.storage, config.tablePrefix), sendTo: config.anchor };

/** Who every caller is, for the log. */
export const identityInForce = describeIdentity(config.identity);

/** Which requests this process takes. */
export const admission = new Admission(config.admission, clock);

/** The same together with the task hub that the function was given. */
export function contextOf(invocation: InvocationContext): Context {
  return { ...services, orchestrations: orchestrationsOf(invocation) };
}
