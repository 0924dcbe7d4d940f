import type { Context } from "../../src/commands/context.js";
import type { Clock } from "../../src/domain/clock.js";
import type { Orchestrations } from "../../src/durable/client.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { localIdentity } from "../../src/identity/local.js";
import { Endpoints } from "../../src/notifications/endpoints.js";
import type { Secrets } from "../../src/ports.js";
import { actionStepId, askStepId, VALIDATION_STEP } from "../../src/steps/plan-steps.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { sha256 } from "../support/hash.js";

export const NOW_MS = Date.UTC(2026, 0, 15, 12);

/** An execution that waits for every decision that a person can make. */
const AWAITING_ORCHESTRATIONS: Orchestrations = {
  start: async () => undefined,
  raise: async () => undefined,
  getStatus: async () => ({
    runtimeStatus: "Running",
    steps: [VALIDATION_STEP, actionStepId("look"), askStepId(1)].map((id) => [id, "awaiting-input", NOW_MS, 0, ""]),
    itemSteps: new Map(),
    blockedReason: undefined,
    output: null,
  }),
};

/** What the triggers work with, over the given tables. */
export function fuzzedContext(
  tables: Tables,
  clock: Clock = { now: () => NOW_MS },
  secrets: Secrets = { get: () => undefined },
): Context {
  const emulator = createEmulator({ tables, clock, speed: 1, durations: "zero" });
  const store = createStore(tables);
  return {
    store,
    hypervisor: emulator,
    estate: emulator,
    clock,
    secrets,
    hash: sha256,
    identity: localIdentity,
    endpoints: new Endpoints(),
    settings: { speed: 1, stepLimitMs: 60_000, allowPrivateWebhooks: false, publicBaseUrl: null },
    orchestrations: AWAITING_ORCHESTRATIONS,
    assertActive: async () => undefined,
    steeringOf: async () => null,
    executionNow: async (executionId) => (await store.getExecution(executionId))?.value ?? null,
  };
}
