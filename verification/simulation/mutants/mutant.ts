import type { LoadedApp } from "../../../host/app/load-app.js";
import type { ActivityRunner } from "../../../host/durable/engine/index.js";
import type { Services } from "../../../src/commands/context.js";
import type { Orchestrations } from "../../../src/durable/client.js";
import type { Tables } from "../../../src/store/tables/port.js";
import type { Invariant } from "../checker/violation.js";

/**
 * A deliberately broken product: its parts are wrapped where the simulation puts a host together, each time one starts.
 * What records evidence and injects faults stands nearer to the outside world than a wrapper, so that it sees what the
 * broken product does.
 */
export interface Mutant {
  /** The invariant that it breaks, and that has to catch it. */
  breaks: Invariant;
  /** What is broken, in words. */
  what: string;
  /** The tables that store and emulated estate stand on. */
  tables?: (tables: Tables) => Tables;
  /** Store, hypervisor, clock and the rest that activities and commands are given. */
  services?: (services: Services, tables: Tables) => Services;
  app?: (app: LoadedApp) => LoadedApp;
  /** What runs an activity of the engine. */
  activities?: (runner: ActivityRunner) => ActivityRunner;
  /** What commands start and tell orchestrations through. */
  orchestrations?: (orchestrations: Orchestrations) => Orchestrations;
}
