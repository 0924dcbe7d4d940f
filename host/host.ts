import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { addressOf, checkAddress, type HostAddress } from "./addresses.js";
import type { FunctionApp, RegisteredFunction } from "./app/function-app.js";
import type { ExtensionFactory, HostExtension } from "./app/host-extension.js";
import { type LoadedApp, loadFunctionApp } from "./app/load-app.js";
import { ServedApp, type Serving, sortFunctions } from "./app/serving.js";
import { type Clock, systemClock } from "./clock.js";
import { type HostKeys, keysPath, loadKeys } from "./http/keys.js";
import { Listener } from "./http/listener.js";
import { RequestPipeline } from "./http/request-pipeline.js";
import { type HttpRoute, Router, routeOf } from "./http/router.js";
import type { Logger } from "./logger.js";
import { type Configuration, readConfiguration } from "./settings/configuration.js";
import { ConfigurationError } from "./settings/configuration-error.js";
import { type HostStorage, openStorage } from "./storage.js";
import { BlobScheduleMonitor, MemoryScheduleMonitor } from "./timers/schedule-status.js";
import { TimerListener } from "./timers/timer-listener.js";

export interface HostOptions {
  /** The folder with the app's `package.json`, `host.json` and `local.settings.json`. */
  appDirectory: string;
  /** 0 for any free port. Default: `LocalHttpPort` of `local.settings.json`, else 7071. */
  port?: number | undefined;
  /** Default: 127.0.0.1. */
  address?: string | undefined;
  /** Ask callers for keys, which lie in the data folder. */
  enableAuth?: boolean | undefined;
  /** Let other machines in without keys. */
  allowUnsafeAddress?: boolean | undefined;
  /** Everything the host writes lies here. Default: `.functions-host` in the app's folder. */
  dataDirectory?: string | undefined;
  /** `private`: an Azurite of this data folder, on free ports. */
  storage?: "default" | "private" | undefined;
  /** Runs the app's durable functions; without it they are not served. */
  extension?: ExtensionFactory | undefined;
  logger: Logger;
  clock?: Clock | undefined;
  /** The settings; those of `local.settings.json` are added to it. Default: the process's environment, which user code sees. */
  env?: NodeJS.ProcessEnv | undefined;
  /** How long running functions may go on after `stop`, in milliseconds. */
  graceMs?: number | undefined;
}

const DEFAULT_PORT = 7071;
const LOOPBACK = "127.0.0.1";
const GRACE_MS = 10_000;
const STARTUP = { category: "Host.Startup" };
const DURABLE_BINDING = /^(orchestration|activity|entity)Trigger$|^durableClient$/i;

/**
 * Loads an app and serves it.
 *
 * @throws ConfigurationError when app or settings don't allow it; nothing is left running then
 */
export async function startHost(options: HostOptions): Promise<FunctionsHost> {
  const host = new FunctionsHost(options);
  try {
    await host.start();
    return host;
  } catch (error) {
    await host.stop();
    throw error;
  }
}

/** A host of one app; made by {@link startHost}. */
export class FunctionsHost {
  readonly #options: HostOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #dataDirectory: string;
  readonly #timers = new Map<RegisteredFunction, TimerListener>();
  #address: HostAddress = { url: "", hostname: "" };
  #storage: HostStorage | undefined;
  #listener: Listener | undefined;
  #app: LoadedApp | undefined;
  #extension: HostExtension | undefined;
  #serving: Serving = { served: [], disabled: [], refused: [] };
  #routes: readonly HttpRoute[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#clock = options.clock ?? systemClock;
    this.#directory = resolve(options.appDirectory);
    this.#dataDirectory = resolve(options.dataDirectory ?? join(this.#directory, ".functions-host"));
  }

  /** `http://127.0.0.1:7071`, without a slash at the end. */
  get url(): string {
    return this.#address.url;
  }

  get app(): FunctionApp {
    if (!this.#app) throw new Error("The host has not been started.");
    return this.#app;
  }

  get serving(): Serving {
    return this.#serving;
  }

  get routes(): readonly HttpRoute[] {
    return this.#routes;
  }

  async start(): Promise<void> {
    const { address = LOOPBACK, enableAuth = false, allowUnsafeAddress = false, logger } = this.#options;
    checkAddress(address, enableAuth, allowUnsafeAddress);
    const configuration = await readConfiguration(this.#directory, this.#env);
    const { hostJson, local } = configuration;
    const keys = enableAuth ? await this.#readKeys() : undefined;
    this.#listener = await Listener.open(this.#options.port ?? local.port ?? DEFAULT_PORT, address);
    this.#address = addressOf(address, this.#listener.port);
    this.#storage = await openStorage(
      this.#options.storage ?? "default",
      [hostJson.durableTask.connectionName],
      this.#env,
      this.#dataDirectory,
      logger,
    );
    this.#tellApp();
    const app = await this.#loadApp(configuration);
    this.#app = app;
    this.#extension = this.#makeExtension(app, configuration, keys);
    const types = this.#extension ? [...this.#extension.triggerTypes, "durableClient"] : [];
    this.#serving = this.#sortOut(sortFunctions(app, hostJson, this.#env, types), hostJson.routePrefix);
    const served = new ServedApp(app, this.#serving.served);
    this.#makeTimers(served);
    await this.#extension?.start(served);
    this.#serveHttp(app, served, configuration, keys);
    for (const timer of this.#timers.values()) await timer.start();
  }

  /** Takes no new work, lets running functions end within the grace time, then runs the app's `appTerminate` hooks. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const graceMs = this.#options.graceMs ?? GRACE_MS;
    const timers = Promise.all([...this.#timers.values()].map((timer) => timer.stop()));
    await this.#listener?.close(this.#clock, graceMs);
    await this.#within(graceMs, timers);
    await this.#extension?.stop();
    await this.#app?.terminate().catch((error: Error) => {
      this.#options.logger.log("error", `An appTerminate hook failed: ${error.message}`, STARTUP);
    });
    await this.#storage?.stop();
  }

  async #readKeys(): Promise<HostKeys> {
    const keys = await loadKeys(this.#dataDirectory);
    this.#options.logger.log("information", `Callers need a key from ${keysPath(this.#dataDirectory)}`, STARTUP);
    return keys;
  }

  /** What Core Tools sets before it loads an app. */
  #tellApp(): void {
    this.#env["WEBSITE_HOSTNAME"] = this.#address.hostname;
    this.#env["AZURE_FUNCTIONS_ENVIRONMENT"] ??= "Development";
    this.#env["FUNCTIONS_WORKER_RUNTIME"] ??= "node";
    this.#env["AzureWebJobsScriptRoot"] = this.#directory;
  }

  #loadApp({ hostJson }: Configuration): Promise<LoadedApp> {
    return loadFunctionApp({
      directory: this.#directory,
      logger: this.#options.logger,
      env: this.#env,
      clock: this.#clock,
      timeoutMs: hostJson.functionTimeoutMs,
      extraInputs: { durableClient: () => ({ string: this.#extension?.clientBinding?.() ?? "null" }) },
    });
  }

  #makeExtension(app: FunctionApp, { hostJson }: Configuration, keys: HostKeys | undefined): HostExtension | undefined {
    const isDurable = app.functions.some((fn) =>
      Object.values(fn.bindings).some((binding) => DURABLE_BINDING.test(binding.type)),
    );
    if (!this.#options.extension || !isDurable) return undefined;
    const { connectionName, hubName } = hostJson.durableTask;
    const connectionString = this.#storage?.connectionString(connectionName);
    if (connectionString === undefined) {
      throw new ConfigurationError(
        `The app has durable functions, which need storage, and the setting ${connectionName} is not set. Set it to "UseDevelopmentStorage=true" in local.settings.json, or run with --storage private.`,
      );
    }
    return this.#options.extension({
      hubName,
      connectionString,
      hostJson,
      clock: this.#clock,
      logger: this.#options.logger,
      baseUrl: () => this.#address.url,
      ...(keys && { systemKey: keys.system }),
    });
  }

  /** Finds the routes; a function whose route can't be had joins the refused. */
  #sortOut(serving: Serving, prefix: string): Serving {
    const routes: HttpRoute[] = [];
    const refused = [...serving.refused];
    for (const fn of serving.served.filter((one) => one.trigger.type.toLowerCase() === "httptrigger")) {
      try {
        routes.push(routeOf(fn, prefix));
      } catch (error) {
        refused.push({ fn, reason: (error as Error).message });
      }
    }
    this.#routes = routes;
    for (const { fn, reason } of refused) {
      this.#options.logger.log("warning", `Function "${fn.name}" is not served: ${reason}`, STARTUP);
    }
    return { ...serving, refused, served: serving.served.filter((fn) => !refused.some((other) => other.fn === fn)) };
  }

  #makeTimers(app: FunctionApp): void {
    const { logger } = this.#options;
    const connectionString = this.#storage?.connectionString("AzureWebJobsStorage");
    const monitor = connectionString
      ? new BlobScheduleMonitor(connectionString, this.#hostId())
      : new MemoryScheduleMonitor();
    for (const fn of app.functions.filter((one) => one.trigger.type.toLowerCase() === "timertrigger")) {
      this.#timers.set(fn, new TimerListener({ app, fn, clock: this.#clock, logger, monitor }));
    }
  }

  #serveHttp(app: LoadedApp, served: ServedApp, { hostJson, local }: Configuration, keys: HostKeys | undefined): void {
    const front = new RequestPipeline({
      app: served,
      router: new Router(this.#routes),
      admin: {
        app,
        hostId: this.#hostId(),
        routes: this.#routes,
        isDisabled: (fn) => !this.#serving.served.includes(fn),
        runByHand: (fn, input) => this.#runByHand(served, fn, input),
        runningCount: () => served.running,
      },
      extension: this.#extension,
      keys,
      cors: local.cors,
      customHeaders: hostJson.customHeaders,
      streamTo: app.capabilities["HttpUri"],
      showHomePage: !/^(true|1)$/i.test(this.#env["AzureWebJobsDisableHomepage"] ?? ""),
      logger: this.#options.logger,
    });
    this.#listener?.serve((req, res) => front.handle(req, res));
  }

  #runByHand(app: FunctionApp, fn: RegisteredFunction, input: unknown): Promise<void> | undefined {
    const timer = this.#timers.get(fn);
    if (timer) return timer.runByHand();
    if (fn.trigger.type.toLowerCase() !== "activitytrigger") return undefined;
    const data =
      input === undefined || input === null
        ? {}
        : typeof input === "string"
          ? { string: input }
          : { json: JSON.stringify(input) };
    return app.invoke(fn, { inputs: [{ name: fn.trigger.name, data }] }).then(() => undefined);
  }

  /** The same for the same folder, so that stored timer statuses are found again. */
  #hostId(): string {
    const chosen = this.#env["AzureFunctionsWebHost__hostid"];
    return chosen ?? createHash("sha256").update(this.#directory).digest("hex").slice(0, 32);
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    await new Promise<void>((done) => {
      const alarm = this.#clock.at(this.#clock.now() + ms, done);
      work
        .finally(() => alarm.cancel())
        .then(
          () => done(),
          () => done(),
        );
    });
  }
}
