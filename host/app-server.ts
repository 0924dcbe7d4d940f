import type { FunctionApp, RegisteredFunction } from "./app/function-app.js";
import type { HostExtension } from "./app/host-extension.js";
import type { LoadedApp } from "./app/load-app.js";
import { ServedApp, type Serving, sortFunctions } from "./app/serving.js";
import type { Clock } from "./clock.js";
import type { HostKeys } from "./http/keys.js";
import type { Listener } from "./http/listener.js";
import { RequestPipeline } from "./http/request-pipeline.js";
import { createRoute, type HttpRoute, Router } from "./http/router.js";
import type { Logger } from "./logger.js";
import type { Configuration } from "./settings/configuration.js";
import type { HostStorage } from "./storage.js";
import { BlobScheduleMonitor, MemoryScheduleMonitor } from "./timers/schedule-status.js";
import { TimerListener } from "./timers/timer-listener.js";

interface AppServerOptions {
  app: LoadedApp;
  configuration: Configuration;
  extension: HostExtension | undefined;
  keys: HostKeys | undefined;
  isOnLoopback: boolean;
  hostId: string;
  storage: HostStorage;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  logger: Logger;
}

/** Gives the functions of a loaded app their work: HTTP requests, timers, and the work of an extension. */
export class AppServer {
  /** What the host does with each function of the app. */
  readonly serving: Serving;
  readonly routes: readonly HttpRoute[];
  readonly #options: AppServerOptions;
  readonly #served: ServedApp;
  readonly #timers: ReadonlyMap<RegisteredFunction, TimerListener>;

  /** @throws ConfigurationError when a timer is not valid */
  constructor(options: AppServerOptions) {
    this.#options = options;
    const { app, configuration, env, extension } = options;
    const extensionTypes = extension ? [...extension.triggerTypes, "durableClient"] : [];
    const sorted = sortFunctions(app, configuration.hostJson, env, extensionTypes);
    const { routes, refused } = findRoutes(sorted, configuration.hostJson.routePrefix);
    this.routes = routes;
    for (const { fn, reason } of refused) {
      options.logger.log("warning", `Function "${fn.name}" is not served: ${reason}`, { category: "Host.Startup" });
    }
    const served = sorted.served.filter((fn) => !refused.some((other) => other.fn === fn));
    this.serving = { ...sorted, refused, served };
    this.#served = new ServedApp(app, served);
    this.#timers = this.#makeTimers();
  }

  async start(listener: Listener): Promise<void> {
    await this.#options.extension?.start(this.#served);
    const pipeline = this.#makePipeline();
    listener.serve((req, res) => pipeline.handle(req, res));
    for (const timer of this.#timers.values()) await timer.start();
  }

  /** Starts no further run of a timer. Resolves when the present runs have ended. */
  async stopTimers(): Promise<void> {
    await Promise.all([...this.#timers.values()].map((timer) => timer.stop()));
  }

  #makeTimers(): ReadonlyMap<RegisteredFunction, TimerListener> {
    const { clock, hostId, logger, storage } = this.#options;
    const connectionString = storage.connectionString("AzureWebJobsStorage");
    const monitor = connectionString ? new BlobScheduleMonitor(connectionString, hostId) : new MemoryScheduleMonitor();
    const timers = this.#served.functions.filter((fn) => hasTrigger(fn, "timertrigger"));
    return new Map(
      timers.map((fn) => [fn, new TimerListener({ app: this.#served, fn, clock, logger, monitor })] as const),
    );
  }

  #makePipeline(): RequestPipeline {
    const { app, configuration, env, extension, hostId, keys, isOnLoopback, logger } = this.#options;
    return new RequestPipeline({
      app: this.#served,
      router: new Router(this.routes),
      admin: {
        app,
        hostId,
        routes: this.routes,
        isDisabled: (fn) => !this.serving.served.includes(fn),
        runManually: (fn, input) => this.#runManually(fn, input),
        runningCount: () => this.#served.running,
      },
      extension,
      keys,
      isOnLoopback,
      cors: configuration.local.cors,
      customHeaders: configuration.hostJson.customHeaders,
      streamTo: app.capabilities["HttpUri"],
      showHomePage: !/^(true|1)$/i.test(env["AzureWebJobsDisableHomepage"] ?? ""),
      logger,
    });
  }

  #runManually(fn: RegisteredFunction, input: unknown): Promise<void> | undefined {
    const timer = this.#timers.get(fn);
    if (timer) return timer.runManually();
    return hasTrigger(fn, "activitytrigger") ? runActivity(this.#served, fn, input) : undefined;
  }
}

const hasTrigger = (fn: RegisteredFunction, type: string): boolean => fn.trigger.type.toLowerCase() === type;

/** The routes of the HTTP functions. A function without a valid route is refused. */
function findRoutes(serving: Serving, prefix: string): { routes: HttpRoute[]; refused: Serving["refused"] } {
  const routes: HttpRoute[] = [];
  const refused = [...serving.refused];
  for (const fn of serving.served.filter((one) => hasTrigger(one, "httptrigger"))) {
    try {
      routes.push(createRoute(fn, prefix));
    } catch (error) {
      refused.push({ fn, reason: (error as Error).message });
    }
  }
  return { routes, refused };
}

async function runActivity(app: FunctionApp, fn: RegisteredFunction, input: unknown): Promise<void> {
  const data =
    input === undefined || input === null
      ? {}
      : typeof input === "string"
        ? { string: input }
        : { json: JSON.stringify(input) };
  await app.invoke(fn, { inputs: [{ name: fn.trigger.name, data }] });
}
