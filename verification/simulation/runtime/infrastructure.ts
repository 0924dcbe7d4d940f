import type { LoadedApp } from "../../../host/app/load-app.js";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import type { Tables } from "../../../src/store/tables/port.js";
import type { Effects, Limits } from "../evidence.js";
import type { Fault, FaultOf } from "../generators/faults.js";
import type { Mutant } from "../mutants/mutant.js";
import type { Random } from "../random.js";
import { seedLabel } from "../seed-labels.js";
import type { CorruptibleHistory } from "./corruptible-history.js";
import { FaultProxy } from "./fault-proxy.js";
import type { HubRecord } from "./history.js";
import { type CorruptionHandle, RowCorruptor } from "./row-corruptor.js";
import { Journal } from "./tables.js";

/** Everything in a run that outlives a host. */
export interface Infrastructure {
  app: LoadedApp;
  clock: VirtualClock;
  tables: Tables;
  history: CorruptibleHistory;
  proxy: FaultProxy;
  journal: Journal;
  rowCorruptor: RowCorruptor;
  hubRecord: HubRecord;
  effects: Effects;
  limits: Limits;
  durations: "realistic" | "zero";
  replay: "normal" | "every-step";
  activityFaults: ReadonlyMap<number, FaultOf<"activity">>;
  random: Random;
  /** A deliberately broken product, which the checker has to catch. */
  mutant: Mutant;
}

interface InfrastructureOptions extends Pick<Infrastructure, "app" | "clock" | "tables" | "history" | "mutant"> {
  /** The generator of the whole run; each part takes one of its own from it. */
  random: Random;
  faults: readonly Fault[];
  worldId: string;
  onCorrupted(handle: CorruptionHandle, forMs: number): void;
}

/** The composition's default. */
const OPERATION_CONCURRENCY = 50;

/** Builds what the hosts of a run share; the seed decides latencies, limits and durations. */
export function buildInfrastructure(options: InfrastructureOptions): Infrastructure {
  const { app, clock, tables, history, mutant, faults, worldId, onCorrupted } = options;
  const random = options.random.fork(seedLabel("infrastructure"));
  const latency = { delayProbability: random.pick([0, 0, 0.1, 0.4]), maxDelayMs: random.pick([20, 2_000]) };
  const journal = new Journal();
  const proxyRandom = options.random.fork(seedLabel("fault-proxy"));
  const corruptorRandom = options.random.fork(seedLabel("row-corruptor"));
  return {
    ...{ app, clock, tables, history, journal, random, mutant },
    proxy: new FaultProxy({ clock, latency, random: proxyRandom, faults }),
    rowCorruptor: new RowCorruptor({ clock, tables, history, journal, worldId, random: corruptorRandom, onCorrupted }),
    hubRecord: { commits: [], messages: [], log: [], changed: () => journal.wake() },
    effects: { activities: [], operations: [], webhooks: [] },
    limits: {
      operationConcurrency: OPERATION_CONCURRENCY,
      hypervisorConcurrency: random.pick([100, 100, 10, 2]),
      activityConcurrency: random.pick([20, 2]),
      orchestratorConcurrency: 20,
    },
    durations: random.chance(0.3) ? "zero" : "realistic",
    replay: random.chance(0.1) ? "every-step" : "normal",
    activityFaults: new Map(faults.flatMap((fault) => (fault.kind === "activity" ? [[fault.nth, fault]] : []))),
  };
}
