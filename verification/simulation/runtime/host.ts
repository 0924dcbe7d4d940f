import { createHash } from "node:crypto";
import type { LoadedApp } from "../../../host/app/load-app.js";
import { EngineTaskHub, type VirtualClock } from "../../../host/durable/engine/index.js";
import type { Logger } from "../../../host/logger.js";
import { endGuard } from "../../../src/activities/end-guard.js";
import type { Context, Services } from "../../../src/commands/context.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { takeTurns } from "../../../src/hypervisor/turns.js";
import { createStore } from "../../../src/store/store.js";
import type { Tables } from "../../../src/store/tables/port.js";
import { orchestrationsOf } from "../../../test/support/orchestrations.js";
import type { Effects, Limits } from "../evidence.js";
import type { Mutant } from "../mutants/mutant.js";
import type { Random } from "../random.js";
import type { MishapOf } from "../generators/faults.js";
import { activityRunner, gatedHypervisor } from "./effects.js";
import type { Gate, Passenger } from "./fault-proxy.js";
import { gatedHistory, type HubRecord } from "./history.js";
import { HostClock, type Life } from "./host-lifetime.js";
import type { Poisoner } from "./row-corruptor.js";
import type { SpoilableHistory } from "./corruptible-history.js";
import { gatedTables, type Journal } from "./tables.js";

/** What outlives every host. */
export interface Ground {
  app: LoadedApp;
  clock: VirtualClock;
  tables: Tables;
  history: SpoilableHistory;
  gate: Gate;
  journal: Journal;
  poisoner: Poisoner;
  hubRecord: HubRecord;
  effects: Effects;
  limits: Limits;
  durations: "realistic" | "zero";
  replay: "normal" | "every-step";
  activityMishaps: ReadonlyMap<number, MishapOf<"activity">>;
  random: Random;
  /** A broken product in place of the real one, to see that it is caught. */
  mutant: Mutant;
}

/** How long one step may take, in emulated time; the composition's default. */
const STEP_LIMIT_MS = 4 * 3_600_000;

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** One host process: the whole product but HTTP, built as the composition builds it, on the gated outside. */
export class SimulatedHost {
  readonly passenger: Passenger;
  readonly clock: HostClock;
  readonly hub: EngineTaskHub;
  readonly context: Context;

  constructor(ground: Ground, passenger: Passenger, { skewMs, onFatal }: { skewMs: number; onFatal: () => void }) {
    this.passenger = passenger;
    this.clock = new HostClock(ground.clock, this.life);
    this.clock.skewMs = skewMs;
    const { gate, clock, journal, effects, limits } = ground;
    const generation = String(this.life.generation);
    const order = ground.random.fork(`order/${generation}`);
    const guids = ground.random.fork(`guids/${generation}`);
    const { mutant } = ground;
    const gated = gatedTables(ground.tables, { gate, passenger, journal, clock });
    const tables = mutant.tables?.(gated) ?? gated;
    const store = createStore(tables);
    const webhooks = ground.random.fork(`webhooks/${generation}`);
    const { activityMishaps } = ground;
    const skew = (): number => this.clock.skewMs;
    const outside = { gate, passenger, clock, effects, skewMs: skew, webhooks, activityMishaps };
    // The estate's time is true whatever this host thinks; the hypervisor is another machine.
    const { durations } = ground;
    const emulator = createEmulator({
      tables,
      clock,
      speed: 1,
      durations,
      operationsAtOnce: limits.hypervisorOperations,
    });
    const runner = activityRunner(() => this.context, outside);
    this.hub = new EngineTaskHub({
      hubName: "Simulation",
      app: mutant.app?.(ground.app) ?? ground.app,
      store: gatedHistory(ground.history, { gate, passenger, record: ground.hubRecord, clock }),
      clock: this.clock,
      logger: this.#logger(ground),
      replay: ground.replay,
      activities: mutant.activities?.(runner) ?? runner,
      maxConcurrentOrchestrators: limits.orchestratorsAtOnce,
      maxConcurrentActivities: limits.activitiesAtOnce,
      choose: (count) => order.int(0, count - 1),
      newGuid: () => guidOf(guids),
      onFatal: ({ message }) => {
        ground.hubRecord.log.push({
          atMs: clock.now(),
          generation: this.life.generation,
          level: "error",
          message,
          instanceId: null,
        });
        onFatal();
      },
    });
    const services: Services = {
      store,
      hypervisor: takeTurns(gatedHypervisor(emulator, outside), limits.operationsAtOnce),
      estate: emulator,
      clock: this.clock,
      hash,
      settings: { speed: 1, stepLimitMs: STEP_LIMIT_MS, allowPrivateWebhooks: true },
      refuseIfOver: endGuard(store, this.clock),
    };
    const orchestrations = orchestrationsOf(this.hub);
    this.context = {
      ...(mutant.services?.(services, tables) ?? services),
      orchestrations: mutant.orchestrations?.(orchestrations) ?? orchestrations,
    };
  }

  get life(): Life {
    return this.passenger.life;
  }

  #logger({ clock, hubRecord }: Ground): Logger {
    const { generation } = this.life;
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
