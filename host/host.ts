import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { callableAddress, checkAddress, type HostAddress, isLoopback } from "./addresses.js";
import type { FunctionApp } from "./app/function-app.js";
import type { ExtensionFactory, HostExtension } from "./app/host-extension.js";
import { type LoadedApp, loadFunctionApp } from "./app/load-app.js";
import type { Serving } from "./app/serving.js";
import { AppServer } from "./app-server.js";
import { type Clock, systemClock } from "./clock.js";
import { type HostKeys, keysPath, loadKeys } from "./http/keys.js";
import { Listener } from "./http/listener.js";
import type { HttpRoute } from "./http/router.js";
import type { Logger } from "./logger.js";
import { type Configuration, readConfiguration } from "./settings/configuration.js";
import { ConfigurationError } from "./settings/configuration-error.js";
import { type HostStorage, openStorage } from "./storage.js";

export interface HostOptions {
  /** The folder with the app's `package.json`, `host.json` and `local.settings.json`. */
  appDirectory: string;
  /** 0 for any free port. Default: `LocalHttpPort` of `local.settings.json`, otherwise 7071. */
  port?: number | undefined;
  /** Default: 127.0.0.1. */
  address?: string | undefined;
  /** Require keys from callers. The keys are in the data folder. */
  enableAuth?: boolean | undefined;
  /** Let other machines call without keys. */
  allowUnsafeAddress?: boolean | undefined;
  /** The folder for all files of the host. Default: `.functions-host` in the app's folder. */
  dataDirectory?: string | undefined;
  /** `private`: an Azurite of this data folder, on free ports. */
  storage?: "default" | "private" | undefined;
  /** Runs the app's durable functions. Without it they are not served. */
  extension?: ExtensionFactory | undefined;
  logger: Logger;
  clock?: Clock | undefined;
  /** The app settings; those of `local.settings.json` are added. Default: the environment of the process, which user code sees. */
  env?: NodeJS.ProcessEnv | undefined;
  /** How long functions may continue after `stop`, in milliseconds. */
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
 * @throws ConfigurationError when the app or the settings are not valid; then nothing is left running
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

/** A host of one app, from start to stop. Made by {@link startHost}. */
export class FunctionsHost {
  readonly #options: HostOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #dataDirectory: string;
  #address: HostAddress = { url: "", hostname: "" };
  #storage: HostStorage | undefined;
  #listener: Listener | undefined;
  #app: LoadedApp | undefined;
  #extension: HostExtension | undefined;
  #server: AppServer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#clock = options.clock ?? systemClock;
    this.#directory = resolve(options.appDirectory);
    this.#dataDirectory = resolve(options.dataDirectory ?? join(this.#directory, ".functions-host"));
  }

  /** `http://127.0.0.1:7071`, without a trailing slash. */
  get url(): string {
    return this.#address.url;
  }

  get app(): FunctionApp {
    if (!this.#app) throw new Error("The host has not been started.");
    return this.#app;
  }

  get serving(): Serving {
    return this.#server?.serving ?? { served: [], disabled: [], refused: [] };
  }

  get routes(): readonly HttpRoute[] {
    return this.#server?.routes ?? [];
  }

  async start(): Promise<void> {
    const { address = LOOPBACK, enableAuth = false, allowUnsafeAddress = false, logger } = this.#options;
    checkAddress(address, enableAuth, allowUnsafeAddress);
    const configuration = await readConfiguration(this.#directory, this.#env);
    const { hostJson, local } = configuration;
    const keys = enableAuth ? await this.#readKeys() : undefined;
    const listener = await Listener.open(this.#options.port ?? local.port ?? DEFAULT_PORT, address);
    this.#listener = listener;
    this.#address = callableAddress(address, listener.port);
    this.#storage = await openStorage(
      this.#options.storage ?? "default",
      [hostJson.durableTask.connectionName],
      this.#env,
      this.#dataDirectory,
      logger,
    );
    this.#setEnvironment();
    this.#app = await this.#loadApp(configuration);
    this.#extension = this.#makeExtension(this.#app, configuration, keys);
    this.#server = new AppServer({
      app: this.#app,
      configuration,
      extension: this.#extension,
      keys,
      isOnLoopback: isLoopback(address),
      hostId: this.#hostId(),
      storage: this.#storage,
      env: this.#env,
      clock: this.#clock,
      logger,
    });
    await this.#server.start(listener);
  }

  /** Takes no new work, lets running functions end within the grace time, then runs the app's `appTerminate` hooks. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const graceMs = this.#options.graceMs ?? GRACE_MS;
    const timers = this.#server?.stopTimers() ?? Promise.resolve();
    await this.#listener?.close(this.#clock, graceMs);
    await this.#waitAtMost(graceMs, timers);
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

  /** The variables that Core Tools sets before it loads an app. */
  #setEnvironment(): void {
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
        `The app has durable functions, which need storage, but the setting ${connectionName} is missing. Set it to "UseDevelopmentStorage=true" in local.settings.json, or run with --storage private.`,
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

  /** The same for the same folder, so that the host finds its stored timer statuses again. */
  #hostId(): string {
    const chosen = this.#env["AzureFunctionsWebHost__hostid"];
    return chosen ?? createHash("sha256").update(this.#directory).digest("hex").slice(0, 32);
  }

  async #waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
    await new Promise<void>((done) => {
      const alarm = this.#clock.after(ms, done);
      work
        .finally(() => alarm.cancel())
        .then(
          () => done(),
          () => done(),
        );
    });
  }
}
