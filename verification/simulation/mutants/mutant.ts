import type { LoadedApp } from "../../../host/app/load-app.js";
import type { ActivityRunner } from "../../../host/durable/engine/index.js";
import type { Services } from "../../../src/commands/context.js";
import type { Orchestrations } from "../../../src/durable/client.js";
import type { Tables } from "../../../src/store/tables/port.js";
import type { Invariant } from "../checker/violation.js";

/**
 * A deliberately broken product. Its wrappers are applied each time the simulation builds a host. Evidence is recorded
 * and faults are injected outside the wrappers, so the evidence shows what the mutant does.
 */
export interface Mutant {
  /** The invariant that it breaks, and that has to catch it. */
  breaks: Invariant;
  /** What is broken, in words. */
  what: string;
  /** The tables of the store and of the emulated estate. */
  tables?: (tables: Tables) => Tables;
  /** Store, hypervisor, clock and the other services of activities and commands. */
  services?: (services: Services, tables: Tables) => Services;
  app?: (app: LoadedApp) => LoadedApp;
  /** Runs the activities of the engine. */
  activities?: (runner: ActivityRunner) => ActivityRunner;
  /** Starts orchestrations and sends them events, for commands. */
  orchestrations?: (orchestrations: Orchestrations) => Orchestrations;
}
