import { availableParallelism } from "node:os";
import { z } from "zod";
import type { VersionMatch } from "../durable/versions.js";
import type { LogLevel } from "../logger.js";
import { ConfigurationError } from "./configuration-error.js";
import { replaceNames } from "./names.js";

/** The part of `host.json` that the host uses, with all defaults. */
export interface HostJson {
  routePrefix: string;
  /** Only these functions run; absent means all. */
  functions?: readonly string[];
  /** Milliseconds; `undefined` for no limit. */
  functionTimeoutMs: number | undefined;
  /** By category; `log-levels.ts` finds the level of a line. */
  logLevels: Readonly<Record<string, LogLevel | "none">>;
  customHeaders: Readonly<Record<string, string>>;
  durableTask: DurableTaskSettings;
}

/** The section `extensions.durableTask`. */
export interface DurableTaskSettings {
  hubName: string;
  maxConcurrentActivityFunctions: number;
  maxConcurrentOrchestratorFunctions: number;
  maxOrchestrationActions: number;
  /** The version of instances that are started without one. */
  defaultVersion?: string;
  /** Which versions of unfinished orchestrations the host continues at start. */
  versionMatch: VersionMatch;
  storeInputsInOrchestrationHistory: boolean;
  overridableExistingInstanceStates: "NonRunningStates" | "AnyState";
  defaultAsyncRequestSleepTimeMs: number;
  /** Name of the app setting that holds the storage connection string. */
  connectionName: string;
}

const HALF_AN_HOUR_MS = 30 * 60_000;
const PER_CPU = 10;
const DEFAULT_CONNECTION = "AzureWebJobsStorage";
const OVERRIDE_PREFIX = "azurefunctionsjobhost__";
const LEVELS = ["trace", "debug", "information", "warning", "error", "critical", "none"] as const;

/** Settings from the environment are texts, so numbers and booleans are accepted as texts too. */
const bool = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(true|false)$/i)
    .transform((text) => text.toLowerCase() === "true"),
]);
const count = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().int().positive());
const level = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(LEVELS));

const durableTaskSchema = z
  .object({
    hubName: z.string().optional(),
    maxConcurrentActivityFunctions: count.optional(),
    maxConcurrentOrchestratorFunctions: count.optional(),
    maxOrchestrationActions: count.default(100_000),
    defaultVersion: z.string().optional(),
    versionMatchStrategy: z
      .string()
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(["none", "strict", "currentorolder"]))
      .default("none"),
    storeInputsInOrchestrationHistory: bool.default(false),
    overridableExistingInstanceStates: z.enum(["NonRunningStates", "AnyState"]).default("NonRunningStates"),
    http: z.object({ defaultAsyncRequestSleepTimeMilliseconds: count.default(30_000) }).prefault({}),
    storageProvider: z.object({ connectionName: z.string().min(1).default(DEFAULT_CONNECTION) }).prefault({}),
  })
  .prefault({});

const hostJsonSchema = z.object({
  version: z.literal("2.0", { error: 'must be "2.0"' }),
  functions: z.array(z.string()).optional(),
  functionTimeout: z.string().optional(),
  logging: z.object({ logLevel: z.record(z.string(), level).default({}) }).prefault({}),
  extensions: z
    .object({
      http: z
        .object({
          routePrefix: z.string().default("api"),
          customHeaders: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
      durableTask: durableTaskSchema,
    })
    .prefault({}),
});

/**
 * Reads `host.json`.
 *
 * @param text the text of the file; undefined when there is no file, which means defaults
 * @param env `%NAME%` values, and `AzureFunctionsJobHost__a__b` values, which override the file
 * @throws ConfigurationError that names the wrong property
 */
export function parseHostJson(text: string | undefined, env: NodeJS.ProcessEnv): HostJson {
  const tree = text === undefined ? { version: "2.0" } : parseJson(text);
  const parsed = hostJsonSchema.safeParse(withOverrides(tree, env));
  if (!parsed.success) throw new ConfigurationError(`host.json: ${describe(parsed.error)}`);
  const { extensions, functions, functionTimeout, logging } = parsed.data;
  return {
    routePrefix: replaceNames(extensions.http.routePrefix, env, "host.json: extensions.http.routePrefix").replace(
      /^\/+|\/+$/g,
      "",
    ),
    ...(functions && { functions }),
    functionTimeoutMs: functionTimeoutMs(functionTimeout),
    logLevels: logging.logLevel,
    customHeaders: extensions.http.customHeaders,
    durableTask: durableTaskSettings(extensions.durableTask, env),
  };
}

function durableTaskSettings(section: z.infer<typeof durableTaskSchema>, env: NodeJS.ProcessEnv): DurableTaskSettings {
  const perMachine = PER_CPU * availableParallelism();
  const { hubName, defaultVersion, http, storageProvider, ...rest } = section;
  return {
    hubName: checkedHubName(replaceNames(hubName ?? "TestHubName", env, "host.json: extensions.durableTask.hubName")),
    maxConcurrentActivityFunctions: rest.maxConcurrentActivityFunctions ?? perMachine,
    maxConcurrentOrchestratorFunctions: rest.maxConcurrentOrchestratorFunctions ?? perMachine,
    maxOrchestrationActions: rest.maxOrchestrationActions,
    ...(defaultVersion !== undefined && { defaultVersion }),
    versionMatch: rest.versionMatchStrategy,
    storeInputsInOrchestrationHistory: rest.storeInputsInOrchestrationHistory,
    overridableExistingInstanceStates: rest.overridableExistingInstanceStates,
    defaultAsyncRequestSleepTimeMs: http.defaultAsyncRequestSleepTimeMilliseconds,
    connectionName: storageProvider.connectionName,
  };
}

function checkedHubName(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9]{2,44}$/.test(name)) return name;
  throw new ConfigurationError(
    `host.json: extensions.durableTask.hubName "${name}" cannot be part of a table name: use 3 to 45 letters and digits, beginning with a letter.`,
  );
}

function functionTimeoutMs(text: string | undefined): number | undefined {
  if (text === undefined) return HALF_AN_HOUR_MS;
  if (text === "-1") return undefined;
  const parts = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(text);
  if (!parts)
    throw new ConfigurationError(`host.json: functionTimeout "${text}" must be "hh:mm:ss", or "-1" for no limit.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new ConfigurationError(`host.json is not JSON: ${(error as Error).message}`);
  }
}

function withOverrides(tree: unknown, env: NodeJS.ProcessEnv): unknown {
  if (!isBranch(tree)) return tree;
  const merged = structuredClone(tree);
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.toLowerCase().startsWith(OVERRIDE_PREFIX)) continue;
    setPath(merged, name.slice(OVERRIDE_PREFIX.length).split("__"), value);
  }
  return merged;
}

/** Every property name of the schema, by its lower-case form. */
const KNOWN_NAMES = new Map(
  propertyNames(z.toJSONSchema(hostJsonSchema, { io: "input", unrepresentable: "any" })).map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

function propertyNames(schema: unknown): string[] {
  if (!isBranch(schema)) return [];
  const own = isBranch(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  return [...own, ...Object.values(schema).flatMap(propertyNames)];
}

/** Property names match in any case, as in .NET configuration. */
function setPath(tree: Record<string, unknown>, [head = "", ...rest]: string[], value: string): void {
  const lower = head.toLowerCase();
  const key = Object.keys(tree).find((name) => name.toLowerCase() === lower) ?? KNOWN_NAMES.get(lower) ?? head;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const branch = Object.hasOwn(tree, key) ? tree[key] : undefined;
  const next = isBranch(branch) ? branch : {};
  Object.defineProperty(tree, key, { value: next, enumerable: true, writable: true, configurable: true });
  setPath(next, rest, value);
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "the file"} ${issue.message}`).join("; ");
}
