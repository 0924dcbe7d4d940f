import { z } from "zod";
import { ConfigurationError } from "./configuration-error.js";

export interface CorsSettings {
  /** `*` among them allows every origin. */
  origins: readonly string[];
  credentials: boolean;
}

/** The contents of `local.settings.json`: app settings, and how to listen. */
export interface LocalSettings {
  /** Without null values. Connection strings are here as `ConnectionStrings:<name>`. */
  values: Readonly<Record<string, string>>;
  port?: number;
  cors?: CorsSettings;
}

const scalar = z.union([z.string(), z.number().transform(String), z.boolean().transform(String), z.null()], {
  error: "must be a text: settings cannot be nested",
});

const schema = z.object({
  IsEncrypted: z.boolean().default(true),
  Values: z.record(z.string(), scalar).default({}),
  Host: z
    .object({
      LocalHttpPort: z.coerce.number().int().min(0).max(65_535).optional(),
      CORS: z.string().optional(),
      CORSCredentials: z.boolean().default(false),
    })
    .prefault({}),
  ConnectionStrings: z.record(z.string(), z.string()).default({}),
});

/**
 * Reads `local.settings.json`.
 *
 * @param text the text of the file; undefined when there is no file
 * @throws ConfigurationError when the file is not valid, or its values are encrypted (the default)
 */
export function parseLocalSettings(text: string | undefined): LocalSettings {
  if (text === undefined) return { values: {} };
  const { IsEncrypted, Values, Host, ConnectionStrings } = parsed(text);
  if (IsEncrypted && Object.keys(Values).length > 0) {
    throw new ConfigurationError(
      'local.settings.json has encrypted values (IsEncrypted is true, which is the default). Only the tool that encrypted them can read them. Decrypt them there, or write plain values with "IsEncrypted": false.',
    );
  }
  const connections = Object.entries(ConnectionStrings).map(([name, value]) => [`ConnectionStrings:${name}`, value]);
  const values = Object.entries(Values).filter((entry): entry is [string, string] => entry[1] !== null);
  return {
    values: Object.fromEntries([...values, ...connections]),
    ...(Host.LocalHttpPort !== undefined && { port: Host.LocalHttpPort }),
    ...(Host.CORS && { cors: { origins: origins(Host.CORS), credentials: Host.CORSCredentials } }),
  };
}

/** Copies settings into the environment. A variable that is already set wins. */
export function applySettings(settings: LocalSettings, env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(settings.values)) env[name] ??= value;
}

function parsed(text: string): z.infer<typeof schema> {
  try {
    return schema.parse(JSON.parse(text.replace(/^\uFEFF/, "")));
  } catch (error) {
    const reason =
      error instanceof z.ZodError
        ? error.issues.map((issue) => `${issue.path.join(".") || "the file"} ${issue.message}`).join("; ")
        : (error as Error).message;
    throw new ConfigurationError(`local.settings.json can't be read: ${reason}`);
  }
}

function origins(text: string): string[] {
  return text
    .split(",")
    .map((origin) => origin.trim().replace(/\/$/, "").toLowerCase())
    .filter(Boolean);
}
