import { resolve } from "node:path";
import type { Clock } from "../clock.js";
import { systemClock } from "../clock.js";
import type { Logger } from "../logger.js";
import { ConfigurationError } from "../settings/configuration-error.js";
import { replaceNames } from "../settings/names.js";
import { type EntryFiles, findEntryFiles, loadEntryFiles } from "./entry-files.js";
import type {
  Binding,
  FunctionApp,
  InvocationRequest,
  InvocationResult,
  RegisteredFunction,
  TypedData,
} from "./function-app.js";
import { FunctionsCore, type Registration } from "./functions-core.js";
import { type AppHookData, hookContext, runHooks } from "./hooks.js";
import { type InvocationSetting, invoke, logLine } from "./invocation.js";

export interface LoadOptions {
  /** The app's folder, which has its `package.json`. */
  directory: string;
  logger: Logger;
  /** The settings for `%NAME%` in bindings. Default: the environment of the process. */
  env?: NodeJS.ProcessEnv;
  /** For durations and the time limit. */
  clock?: Clock;
  /** The time limit of an invocation in milliseconds. Default: no limit. */
  timeoutMs?: number | undefined;
  /** The values of inputs that a caller of `invoke` does not pass, by binding type (`durableClient`). */
  extraInputs?: Readonly<Record<string, () => TypedData>>;
}

/** A {@link FunctionApp} with members that only its host needs. */
export interface LoadedApp extends FunctionApp {
  readonly directory: string;
  /** The result of `getCapabilities`. It has `HttpUri` when the app streams HTTP. */
  readonly capabilities: Readonly<Record<string, string>>;
  /** Runs the app's `appTerminate` hooks. */
  terminate(): Promise<void>;
}

/** Node runs modules once per process, so a second load of the app takes its registrations from here. */
let loaded: { directory: string; core: FunctionsCore; capabilities: Promise<Record<string, string>> } | undefined;

/**
 * Loads an app into this process: runs its entry files and `appStart` hooks, then closes the registration. A second
 * load of the same folder returns the same functions. Another folder is refused.
 *
 * @throws ConfigurationError when the app cannot be loaded; the message names file and line if they are known
 */
export async function loadFunctionApp(options: LoadOptions): Promise<LoadedApp> {
  const directory = resolve(options.directory);
  const app: AppHookData = { hookData: {}, appHookData: {} };
  const core = loaded?.core ?? new FunctionsCore(() => undefined);
  core.sendLogsTo((level, category, message) => {
    const line = hookContext({ ...app }, { level, message, category });
    logLine({ core, logger: options.logger }, line, { category: `Worker.${category}` });
  });
  const capabilities = await loadOnce(directory, core, app);
  const setting: InvocationSetting = {
    core,
    app,
    clock: options.clock ?? systemClock,
    logger: options.logger,
    timeoutMs: options.timeoutMs,
    extraInputs: lowerCaseKeys(options.extraInputs ?? {}),
  };
  return createApp(directory, setting, capabilities, options.env ?? process.env);
}

async function loadOnce(directory: string, core: FunctionsCore, app: AppHookData): Promise<Record<string, string>> {
  if (loaded && loaded.directory !== directory) {
    throw new ConfigurationError(
      `This process has already loaded the app in ${loaded.directory}. Run one host process for each app.`,
    );
  }
  if (loaded) {
    const capabilities = await loaded.capabilities;
    await runStartHooks(directory, core, app);
    return capabilities;
  }
  const files = await findEntryFiles(directory);
  loaded = { directory, core, capabilities: loadFirst(directory, files, core, app) };
  return loaded.capabilities;
}

async function loadFirst(
  directory: string,
  files: EntryFiles,
  core: FunctionsCore,
  app: AppHookData,
): Promise<Record<string, string>> {
  core.install();
  await loadEntryFiles(directory, files);
  await runStartHooks(directory, core, app);
  core.close();
  return (await core.model?.getCapabilities?.({})) ?? {};
}

function runStartHooks(directory: string, core: FunctionsCore, app: AppHookData): Promise<void> {
  return runHooks(core.hooks("appStart"), hookContext({ ...app, functionAppDirectory: directory }, {}));
}

function createApp(
  directory: string,
  setting: InvocationSetting,
  capabilities: Record<string, string>,
  env: NodeJS.ProcessEnv,
): LoadedApp {
  const registrations = new Map<RegisteredFunction, Registration>();
  const byName = new Map<string, RegisteredFunction>();
  for (const registration of setting.core.registrations.values()) {
    const fn = registeredFunction(registration, env);
    const namesake = byName.get(fn.name.toLowerCase());
    if (namesake) {
      throw new ConfigurationError(
        `The functions "${namesake.name}" and "${fn.name}" have names that differ only in case. Rename one of them.`,
      );
    }
    byName.set(fn.name.toLowerCase(), fn);
    registrations.set(fn, registration);
  }
  return {
    directory,
    capabilities,
    functions: [...byName.values()],
    find: (name) => byName.get(name.toLowerCase()),
    invoke: (fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResult> => {
      const registration = registrations.get(fn);
      if (!registration) return Promise.reject(new Error(`"${fn.name}" is not a function of this app.`));
      return invoke(setting, registration, fn, request);
    },
    terminate: () => runHooks(setting.core.hooks("appTerminate"), hookContext({ ...setting.app }, {})),
  };
}

function registeredFunction({ metadata }: Registration, env: NodeJS.ProcessEnv): RegisteredFunction {
  const bindings = Object.fromEntries(
    Object.entries(metadata.bindings).map(([name, binding]) => [name, withSettings(metadata.name, binding, env)]),
  );
  const trigger = Object.values(bindings).find((binding) => binding.type.toLowerCase().endsWith("trigger"));
  if (!trigger) throw new ConfigurationError(`The function "${metadata.name}" has no trigger.`);
  return {
    name: metadata.name,
    trigger,
    bindings,
    ...(metadata.retryOptions !== undefined && { retryOptions: metadata.retryOptions }),
  };
}

/** Replaces `%NAME%` in every text of a binding except its own name. */
function withSettings(fn: string, binding: Binding, env: NodeJS.ProcessEnv): Binding {
  const replaced: Binding = { ...binding };
  for (const [property, value] of Object.entries(binding)) {
    if (typeof value === "string" && property !== "name") {
      replaced[property] = replaceNames(value, env, `Function "${fn}", ${property} of its ${binding.type}`);
    }
  }
  return replaced;
}

function lowerCaseKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toLowerCase(), value]));
}
