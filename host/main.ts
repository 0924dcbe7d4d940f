import { parseArgs } from "node:util";
import { systemClock } from "./clock.js";
import { createConsoleLogger } from "./console-logger.js";
import { createDurableExtension } from "./durable/management/durable-extension.js";
import { openTaskHub } from "./durable/open-hub.js";
import { type FunctionsHost, type HostOptions, startHost } from "./host.js";
import type { Logger } from "./logger.js";
import { readConfiguration } from "./settings/configuration.js";
import { ConfigurationError } from "./settings/configuration-error.js";

const USAGE = `Usage: node main.js [options]

  --app DIR               folder of the Functions app (default: the current folder)
  --port N                port, 0 for any free one (default: LocalHttpPort, else 7071)
  --address A             address to listen on (default: 127.0.0.1)
  --enable-auth           require keys from callers; the keys are in the data folder
  --allow-unsafe-address  let other machines call without keys
  --data DIR              folder for all files of the host (default: .functions-host in the app)
  --storage MODE          default: as in the settings; private: an Azurite of this data folder
  --verbose               also log details for troubleshooting
  --help                  show this text
`;

const EXIT = { done: 0, fault: 1, badConfiguration: 2, forced: 130 } as const;

type Flags = Omit<HostOptions, "logger"> & { verbose: boolean };

async function main(): Promise<void> {
  ignoreClosedOutput();
  const flags = readFlags(process.argv.slice(2));
  if (!flags) {
    process.stdout.write(USAGE);
    return;
  }
  const logger = await makeLogger(flags);
  logUnhandledErrors(logger);
  const shutdown = new Shutdown(logger);
  const host = await startHost({
    ...flags,
    logger,
    extension: (context) =>
      createDurableExtension({
        ...context,
        openHub: (app) => openTaskHub(context, app, (error) => shutdown.fail(error)),
      }),
  });
  shutdown.watch(host);
  process.stdout.write(summary(host));
}

/** Undefined when the user asked for help only. */
function readFlags(args: string[]): Flags | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const { storage = "default" } = values;
  if (storage !== "default" && storage !== "private") {
    throw new ConfigurationError(`--storage is "default" or "private", not "${storage}".`);
  }
  return {
    appDirectory: values.app,
    port: parsePort(values.port),
    address: values.address,
    enableAuth: values["enable-auth"],
    allowUnsafeAddress: values["allow-unsafe-address"],
    dataDirectory: values.data,
    storage,
    verbose: values.verbose,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        app: { type: "string", default: "." },
        port: { type: "string" },
        address: { type: "string" },
        "enable-auth": { type: "boolean", default: false },
        "allow-unsafe-address": { type: "boolean", default: false },
        data: { type: "string" },
        storage: { type: "string" },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new ConfigurationError(`${(error as Error).message} Run with --help for the options.`);
  }
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ConfigurationError(`--port is a number from 0 to 65535, not "${text}".`);
}

async function makeLogger(flags: Flags): Promise<Logger> {
  const { hostJson } = await readConfiguration(flags.appDirectory, process.env);
  return createConsoleLogger({
    levels: flags.verbose ? {} : hostJson.logLevels,
    defaultLevel: flags.verbose ? "debug" : "information",
    pretty: process.stdout.isTTY === true && !process.env["NO_COLOR"],
    clock: systemClock,
    write: (line) => void process.stdout.write(line),
  });
}

/** Drops output when its reader is gone. Logging the write error would fail in the same way. */
function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/** Logs errors that user code does not handle. Other functions continue. */
function logUnhandledErrors(logger: Logger): void {
  const log = (kind: string) => (error: unknown) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.log("error", `${kind} in the app or the host: ${reason}`, { category: "Host.General" });
  };
  process.on("uncaughtException", log("Uncaught exception"));
  process.on("unhandledRejection", log("Unhandled rejection"));
}

/** Ends this process: on a signal after the running functions, on a second signal at once. */
class Shutdown {
  readonly #logger: Logger;
  #host: FunctionsHost | undefined;
  #isEnding = false;
  #code: number = EXIT.done;

  constructor(logger: Logger) {
    this.#logger = logger;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => this.#onSignal(signal));
    // A program that started the host with a Node IPC channel has ended.
    process.once("disconnect", () => this.#begin("The program that started the host has ended"));
  }

  /** From now on a signal stops `host`. A signal that came before stops it now. */
  watch(host: FunctionsHost): void {
    this.#host = host;
    if (this.#isEnding) void this.#end();
  }

  /**
   * Another host has the hub, or the storage has lost data. Nothing may be written any more, not even by running
   * functions. The process therefore exits at once and leaves its Azurite to the next host.
   */
  fail(error: Error): void {
    this.#logger.log("critical", error.message, { category: "Host.General" });
    process.exit(EXIT.fault);
  }

  #onSignal(signal: string): void {
    if (this.#isEnding) process.exit(EXIT.forced);
    this.#begin(signal);
  }

  #begin(why: string): void {
    if (this.#isEnding) return;
    this.#logger.log("information", `${why}: the host stops after the running functions`, {
      category: "Host.General",
    });
    void this.#end();
  }

  async #end(): Promise<void> {
    this.#isEnding = true;
    if (!this.#host) return;
    await this.#host.stop().catch((error: Error) => {
      this.#logger.log("error", `The host did not stop cleanly: ${error.message}`, { category: "Host.General" });
      this.#code = EXIT.fault;
    });
    process.exit(this.#code);
  }
}

function summary(host: FunctionsHost): string {
  const http = host.routes.map(
    ({ fn, methods, template }) => `  ${fn.name}: [${methods.join(",")}] ${host.url}/${template.text}`,
  );
  const others = host.serving.served
    .filter((fn) => !host.routes.some((route) => route.fn === fn))
    .map((fn) => `  ${fn.name}: ${fn.trigger.type}`);
  const disabled = host.serving.disabled.map((fn) => `  ${fn.name}: disabled`);
  return ["Functions:", ...http.sort(), ...others.sort(), ...disabled.sort(), `Host ready at ${host.url}`, ""].join(
    "\n",
  );
}

main().catch((error: Error) => {
  const isExpected = error instanceof ConfigurationError || error.name === "HubHeldError";
  process.stderr.write(`${isExpected ? error.message : (error.stack ?? error.message)}\n`);
  process.exit(isExpected ? EXIT.badConfiguration : EXIT.fault);
});
