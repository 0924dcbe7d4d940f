import { z } from "zod";
import type { Place } from "./local.js";
import { isTrustworthyUrl, type OpenIdConnectConfig } from "./open-id-connect.js";
import type { PlatformConfig } from "./platform-principal.js";

/** How callers are identified, as the settings say. */
export type IdentityConfig =
  | { readonly mode: "local"; readonly place: Place }
  | {
      readonly mode: "tokens" | "open-id-connect";
      readonly firstTokenHash: string | null;
      /** Null in the mode `tokens`. */
      readonly openIdConnect: OpenIdConnectConfig | null;
      readonly platform: PlatformConfig;
    };

/** A shared secret cannot prove who signed, so no HMAC is in this list. */
const Algorithm = z.enum([
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
]);

const url = z.string().refine(isTrustworthyUrl, "use https, or http on loopback");
const isTrue = (text: string | undefined): boolean => /^(true|1)$/i.test(text ?? "");

const schema = z
  .object({
    IDENTITY_MODE: z.enum(["local", "tokens", "open-id-connect"]).default("local"),
    FIRST_ADMINISTRATOR_TOKEN_HASH: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "use the SHA-256 of the whole token, as 64 hexadecimal digits")
      .optional(),
    OPEN_ID_CONNECT_ISSUER: url.optional(),
    OPEN_ID_CONNECT_AUDIENCE: z.string().min(1).optional(),
    OPEN_ID_CONNECT_JWKS_URI: url.optional(),
    OPEN_ID_CONNECT_ALGORITHMS: z
      .string()
      .default("RS256,PS256,ES256,EdDSA")
      .transform((text) => text.split(",").map((name) => name.trim()))
      .pipe(z.array(Algorithm).min(1)),
    OPEN_ID_CONNECT_CLOCK_TOLERANCE_SECONDS: z.coerce.number().int().min(0).max(300).default(60),
    OPEN_ID_CONNECT_PERSON_CLAIM: z.string().min(1).default("sub"),
    OPEN_ID_CONNECT_ROLES_CLAIM: z.string().min(1).default("roles"),
    TRUST_PLATFORM_PRINCIPAL: z.enum(["true", "false"]).default("false"),
    PLATFORM_PERSON_CLAIM: z.string().min(1).default("http://schemas.microsoft.com/identity/claims/objectidentifier"),
    /** Set by Azure. */
    WEBSITE_INSTANCE_ID: z.string().optional(),
    WEBSITE_AUTH_ENABLED: z.string().optional(),
    /** Set by the Functions host: its name, and its port on a laptop. */
    WEBSITE_HOSTNAME: z.string().optional(),
  })
  .superRefine(({ IDENTITY_MODE, ...settings }, context) => {
    if (IDENTITY_MODE !== "open-id-connect") return;
    for (const name of ["OPEN_ID_CONNECT_ISSUER", "OPEN_ID_CONNECT_AUDIENCE"] as const) {
      if (settings[name] === undefined) {
        context.addIssue({ code: "custom", path: [name], message: "the mode open-id-connect needs it" });
      }
    }
  });

/** The settings of identity, parsed. Other variables are ignored. */
export const identitySettings = schema.transform((settings): IdentityConfig => {
  const isOnAzure = (settings.WEBSITE_INSTANCE_ID ?? "") !== "";
  const mode = settings.IDENTITY_MODE;
  if (mode === "local") return { mode, place: { hostname: settings.WEBSITE_HOSTNAME ?? null, isOnAzure } };
  return {
    mode,
    firstTokenHash: settings.FIRST_ADMINISTRATOR_TOKEN_HASH ?? null,
    openIdConnect: mode === "tokens" ? null : openIdConnectOf(settings),
    platform: {
      isAuthenticationOn: isTrue(settings.WEBSITE_AUTH_ENABLED),
      isOnAzure,
      isTrusted: settings.TRUST_PLATFORM_PRINCIPAL === "true",
      personClaim: settings.PLATFORM_PERSON_CLAIM,
    },
  };
});

const openIdConnectOf = (settings: z.output<typeof schema>): OpenIdConnectConfig => ({
  issuer: settings.OPEN_ID_CONNECT_ISSUER ?? "",
  audience: settings.OPEN_ID_CONNECT_AUDIENCE ?? "",
  jwksUri: settings.OPEN_ID_CONNECT_JWKS_URI ?? null,
  algorithms: settings.OPEN_ID_CONNECT_ALGORITHMS,
  clockToleranceSeconds: settings.OPEN_ID_CONNECT_CLOCK_TOLERANCE_SECONDS,
  personClaim: settings.OPEN_ID_CONNECT_PERSON_CLAIM,
  rolesClaim: settings.OPEN_ID_CONNECT_ROLES_CLAIM,
});
