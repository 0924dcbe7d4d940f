import { z } from "zod";
import type { AdmissionLimits, KindLimits, RequestKind } from "./api/admission.js";
import { SecretName } from "./domain/text.js";
import { type IdentityConfig, identitySettings } from "./identity/settings.js";
import type { Secrets } from "./ports.js";
import { MAX_CONCURRENT_OPERATIONS } from "./steps/catalogue.js";

const flag = z.enum(["true", "false"]).transform((text) => text === "true");

const rate = z.coerce.number().int().min(1).max(100_000);

/**
 * Requests that are worked on at once. More starts do not get done sooner: they queue at the storage, and each read waits
 * behind them. Those that wait for a place may be as many as come at once from a caller.
 */
const CONCURRENT = { start: 8, webhook: 16, change: 32, read: 64 };

/** What a caller may send at once, in seconds of its rate: nobody is refused who only sends everything together. */
const BURST_SECONDS = { start: 20, webhook: 2, change: 5, read: 2 };

const settingsSchema = z.object({
  AzureWebJobsStorage: z.string().min(1),
  /** Emulated seconds per real second. */
  EMULATOR_SPEED: z.coerce.number().positive().max(1_000_000).default(60),
  /** `zero`: every operation is done when it begins, for benchmarks. */
  EMULATOR_DURATIONS: z.enum(["realistic", "zero"]).default("realistic"),
  /** Operations under way at each hypervisor. One slot in ten, at least one, is kept for undo operations. */
  HYPERVISOR_OPERATIONS: z.coerce.number().int().min(2).max(1_000).default(MAX_CONCURRENT_OPERATIONS),
  /** How much emulated time one step may take. */
  STEP_LIMIT_MINUTES: z.coerce.number().positive().max(43_200).default(240),
  /** Lets webhook actions call loopback and private addresses. */
  ALLOW_PRIVATE_WEBHOOKS: flag.default(false),
  /** Where others reach this installation, such as `https://dr.example.com`. The default is the host's own name. */
  PUBLIC_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Another system that gets each head of the log, signed with the secret. */
  EVIDENCE_ANCHOR_URL: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  EVIDENCE_ANCHOR_SECRET: SecretName.optional(),
  /** Set by the Functions host: its name, and its port on a laptop. */
  WEBSITE_HOSTNAME: z.string().optional(),
  /** Requests of one caller in a second, by their kind. */
  MAX_STARTS_PER_SECOND: rate.default(10),
  MAX_WEBHOOKS_PER_SECOND: rate.default(100),
  MAX_CHANGES_PER_SECOND: rate.default(200),
  MAX_READS_PER_SECOND: rate.default(1_000),
  /** First letters of every table, so that several installations can share a storage account. */
  TABLE_PREFIX: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{0,30}$/)
    .default("Secondsite"),
});

export interface Config {
  readonly storage: string;
  readonly speed: number;
  readonly durations: "realistic" | "zero";
  readonly hypervisorOperations: number;
  readonly stepLimitMinutes: number;
  readonly allowPrivateWebhooks: boolean;
  readonly publicBaseUrl: string | null;
  readonly anchor: { readonly url: string; readonly secret: string | undefined } | null;
  readonly admission: AdmissionLimits;
  readonly identity: IdentityConfig;
  readonly tablePrefix: string;
  /** A function and not a record, so that nobody prints the values together with the rest. */
  readonly secrets: Secrets;
}

/** Reads the settings once. Throws one error that names every setting that is missing or out of range. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = settingsSchema.safeParse(environment);
  const identity = identitySettings.safeParse(environment);
  if (!parsed.success || !identity.success) {
    const issues = [...(parsed.error?.issues ?? []), ...(identity.error?.issues ?? [])];
    const lines = issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`Settings are not valid. ${lines.join("; ")}. Set them in local.settings.json or the environment.`);
  }
  const settings = parsed.data;
  const anchor = settings.EVIDENCE_ANCHOR_URL;
  return {
    storage: settings.AzureWebJobsStorage,
    speed: settings.EMULATOR_SPEED,
    durations: settings.EMULATOR_DURATIONS,
    hypervisorOperations: settings.HYPERVISOR_OPERATIONS,
    stepLimitMinutes: settings.STEP_LIMIT_MINUTES,
    allowPrivateWebhooks: settings.ALLOW_PRIVATE_WEBHOOKS,
    publicBaseUrl: settings.PUBLIC_BASE_URL ?? hostUrl(settings.WEBSITE_HOSTNAME),
    anchor: anchor === undefined ? null : { url: anchor, secret: settings.EVIDENCE_ANCHOR_SECRET },
    admission: {
      start: limits("start", settings.MAX_STARTS_PER_SECOND),
      webhook: limits("webhook", settings.MAX_WEBHOOKS_PER_SECOND),
      change: limits("change", settings.MAX_CHANGES_PER_SECOND),
      read: limits("read", settings.MAX_READS_PER_SECOND),
    },
    identity: identity.data,
    tablePrefix: settings.TABLE_PREFIX,
    secrets: secretsIn(environment),
  };
}

/** What Azure leaves in a setting whose Key Vault reference it could not resolve. */
const UNRESOLVED = /^@Microsoft\.KeyVault\(/i;

/** The settings `SECRET_<name>`. On Azure they are Key Vault references; an unresolved one is a missing secret. */
function secretsIn(environment: Readonly<Record<string, string | undefined>>): Secrets {
  const values = new Map<string, string>();
  for (const [setting, text] of Object.entries(environment)) {
    const name = SecretName.safeParse(setting.startsWith("SECRET_") ? setting.slice("SECRET_".length) : "");
    const value = text?.trim() ?? "";
    if (name.success && value !== "" && !UNRESOLVED.test(value)) values.set(name.data, value);
  }
  return { get: (name) => values.get(name) };
}

function limits(kind: RequestKind, perSecond: number): KindLimits {
  const burst = perSecond * BURST_SECONDS[kind];
  return { perSecond, burst, concurrent: CONCURRENT[kind], waiting: 2 * burst };
}

/** A host on a laptop speaks HTTP and is named with its port; one on Azure speaks HTTPS. Nobody can call a wildcard. */
function hostUrl(hostname: string | undefined): string | null {
  if (hostname === undefined || hostname === "" || /^(0\.0\.0\.0|\[::\])(:|$)/.test(hostname)) return null;
  return /^(localhost|127\.|\[::1\])/.test(hostname) ? `http://${hostname}` : `https://${hostname}`;
}
