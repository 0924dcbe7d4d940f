import { EngineTaskHub } from "../../../host/durable/engine/index.js";
import type { Logger } from "../../../host/logger.js";
import type { Context, Services } from "../../../src/commands/context.js";
import { executionGuard } from "../../../src/executions/execution-guard.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { withFairConcurrency } from "../../../src/hypervisor/fair-concurrency.js";
import { localIdentity } from "../../../src/identity/local.js";
import { Endpoints } from "../../../src/notifications/endpoints.js";
import { createStore } from "../../../src/store/store.js";
import { orchestrationsOf } from "../../../test/support/orchestrations.js";
import { sha256 } from "../../support/hash.js";
import { SECRETS } from "../generators/webhook-sources.js";
import type { Random } from "../random.js";
import { activityRunner, proxiedHypervisor } from "./effects.js";
import type { Caller } from "./fault-proxy.js";
import { proxiedHistory } from "./history.js";
import { HostClock, type HostLifetime } from "./host-lifetime.js";
import type { Infrastructure } from "./infrastructure.js";
import { proxiedTables } from "./tables.js";

/** The time limit of one step, in emulated time; the composition's default. */
const STEP_LIMIT_MS = 4 * 3_600_000;

/** One host process: the whole product except HTTP, built as the composition builds it, over proxied stores. */
export class SimulatedHost {
  readonly caller: Caller;
  readonly clock: HostClock;
  readonly hub: EngineTaskHub;
  readonly context: Context;

  constructor(
    infrastructure: Infrastructure,
    caller: Caller,
    { skewMs, onFatal }: { skewMs: number; onFatal: () => void },
  ) {
    this.caller = caller;
    this.clock = new HostClock(infrastructure.clock, this.lifetime);
    this.clock.skewMs = skewMs;
    const { proxy, clock, journal, effects, limits } = infrastructure;
    const generation = String(this.lifetime.generation);
    const order = infrastructure.random.fork(`order/${generation}`);
    const guids = infrastructure.random.fork(`guids/${generation}`);
    const { mutant } = infrastructure;
    const proxied = proxiedTables(infrastructure.tables, { proxy, caller, journal, clock });
    const tables = mutant.tables?.(proxied) ?? proxied;
    const store = createStore(tables);
    const webhooks = infrastructure.random.fork(`webhooks/${generation}`);
    const { activityFaults } = infrastructure;
    const skew = (): number => this.clock.skewMs;
    const proxyContext = { proxy, caller, clock, effects, skewMs: skew, webhooks, activityFaults };
    // The hypervisor is another machine, so the estate uses true time, whatever this host's clock says.
    const { durations } = infrastructure;
    const emulator = createEmulator({
      tables,
      clock,
      speed: 1,
      durations,
      maxConcurrentOperations: limits.hypervisorConcurrency,
    });
    const runner = activityRunner(() => this.context, proxyContext);
    this.hub = new EngineTaskHub({
      hubName: "Simulation",
      app: mutant.app?.(infrastructure.app) ?? infrastructure.app,
      store: proxiedHistory(infrastructure.history, { proxy, caller, record: infrastructure.hubRecord, clock }),
      clock: this.clock,
      logger: this.#logger(infrastructure),
      replay: infrastructure.replay,
      activities: mutant.activities?.(runner) ?? runner,
      maxConcurrentOrchestrators: limits.orchestratorConcurrency,
      maxConcurrentActivities: limits.activityConcurrency,
      choose: (count) => order.int(0, count - 1),
      newGuid: () => guidOf(guids),
      onFatal: ({ message }) => {
        infrastructure.hubRecord.log.push({
          atMs: clock.now(),
          generation: this.lifetime.generation,
          level: "error",
          message,
          instanceId: null,
        });
        onFatal();
      },
    });
    const services: Services = {
      store,
      hypervisor: withFairConcurrency(proxiedHypervisor(emulator, proxyContext), limits.operationConcurrency),
      estate: emulator,
      clock: this.clock,
      secrets: { get: (name) => SECRETS[name.toLowerCase()] },
      hash: sha256,
      identity: localIdentity,
      endpoints: new Endpoints(),
      settings: { speed: 1, stepLimitMs: STEP_LIMIT_MS, allowPrivateWebhooks: true, publicBaseUrl: null },
      ...executionGuard(store, this.clock),
    };
    const orchestrations = orchestrationsOf(this.hub);
    this.context = {
      ...(mutant.services?.(services, tables) ?? services),
      orchestrations: mutant.orchestrations?.(orchestrations) ?? orchestrations,
    };
  }

  get lifetime(): HostLifetime {
    return this.caller.lifetime;
  }

  #logger({ clock, hubRecord }: Infrastructure): Logger {
    const { generation } = this.lifetime;
    return {
      log: (level, message, fields) => {
        if (level !== "warning" && level !== "error") return;
        const instanceId = fields?.instanceId ?? null;
        hubRecord.log.push({ atMs: clock.now(), generation, level, message, instanceId });
      },
    };
  }
}

const HEX = "0123456789abcdef";

function guidOf(random: Random): string {
  const digits = (count: number): string => Array.from({ length: count }, () => HEX[random.int(0, 15)]).join("");
  return [8, 4, 4, 4, 12].map(digits).join("-");
}
