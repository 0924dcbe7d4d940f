/**
 * Callers by a signed token of an OpenID Connect issuer, verified by jose.
 *
 * - O1 Only algorithms of the list, which are all asymmetric, only this issuer and this audience, only within the times
 *   of the token: `alg: none`, an HMAC with the public key as its secret, and tokens for others are refused.
 * - O2 Keys rotate without a restart. A flood of unknown key ids fetches keys once per cooldown, and a failing issuer is
 *   asked once per pause.
 * - O3 Without the keys of the issuer nobody gets in: `identity-unavailable`, which a retry may pass.
 * - O4 A token of more than 8 KiB is refused before it is parsed.
 *
 * Tests: test/unit/identity/open-id-connect.test.ts, against an issuer in a process of its own.
 */
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import type { Caller } from "../domain/access/caller.js";
import { grantsClaimed } from "../domain/access/claimed-grants.js";
import type { Clock } from "../domain/clock.js";
import { RecoveryError } from "../domain/errors.js";
import { Name } from "../domain/text.js";

export interface OpenIdConnectConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Null: the issuer's discovery document names it. */
  readonly jwksUri: string | null;
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  readonly personClaim: string;
  readonly rolesClaim: string;
}

/** How often and how long the issuer is asked. */
export interface IssuerLimits {
  readonly timeoutMs: number;
  /** Between two fetches because of an unknown key id. */
  readonly cooldownMs: number;
  /** After this the keys are fetched again, so that a withdrawn one stops to count. */
  readonly maxAgeMs: number;
  /** After a failed fetch. */
  readonly pauseMs: number;
}

const LIMITS: IssuerLimits = { timeoutMs: 5_000, cooldownMs: 30_000, maxAgeMs: 600_000, pauseMs: 2_000 };
const MAX_TOKEN_CHARACTERS = 8_192;

export class OpenIdConnectCallers {
  readonly #config: OpenIdConnectConfig;
  readonly #clock: Clock;
  readonly #keys: IssuerKeys;

  constructor(config: OpenIdConnectConfig, clock: Clock, limits: IssuerLimits = LIMITS) {
    this.#config = config;
    this.#clock = clock;
    this.#keys = new IssuerKeys(config, clock, limits);
  }

  /** The caller of a signed token. Refuses `unauthenticated` and `identity-unavailable`. */
  async callerOf(token: string): Promise<Caller> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw refused("it is too long");
    const claims = await this.#verify(token);
    const { personClaim, rolesClaim } = this.#config;
    const person = Name.safeParse(claims[personClaim]);
    if (!person.success) throw refused(`its claim ${personClaim} is not a name of up to 80 characters`);
    return { person: person.data, credential: "open-id-connect", grants: grantsClaimed(textsIn(claims[rolesClaim])) };
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms, clockToleranceSeconds: clockTolerance } = this.#config;
    try {
      const options = { issuer, audience, algorithms: [...algorithms], clockTolerance, requiredClaims: ["exp"] };
      const currentDate = new Date(this.#clock.now());
      return (await jwtVerify(token, this.#keys.get, { ...options, currentDate })).payload;
    } catch (thrown) {
      if (thrown instanceof RecoveryError) throw thrown;
      if (thrown instanceof errors.JOSEError) throw refused(WHY[thrown.code] ?? "it is not valid");
      throw refused("it is not valid");
    }
  }
}

/** What a caller may know: nothing that helps to guess. */
const WHY: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: "it is expired",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "its issuer, audience or times are not those that the installation accepts",
  ERR_JOSE_ALG_NOT_ALLOWED: "its algorithm is not in the list of the installation",
  ERR_JWKS_NO_MATCHING_KEY: "its key is none of the issuer",
};

const refused = (why: string): RecoveryError => new RecoveryError("unauthenticated", `the token is refused: ${why}`);

/** A claim of one text, of texts between spaces, or of a list of texts. */
function textsIn(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((entry): entry is string => typeof entry === "string") : [];
}

/** The key set of the issuer, fetched when it is needed. */
class IssuerKeys {
  readonly #config: OpenIdConnectConfig;
  readonly #clock: Clock;
  readonly #limits: IssuerLimits;
  #remote: Promise<JWTVerifyGetKey> | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(config: OpenIdConnectConfig, clock: Clock, limits: IssuerLimits) {
    this.#config = config;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The key for a header. A key that the issuer does not have is the fault of the token; anything else is not. */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    try {
      this.#remote ??= this.#open();
      return await (await this.#remote)(header, token);
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) throw thrown;
      if (!(thrown instanceof Paused)) this.#failedAtMs = this.#clock.now();
      throw new RecoveryError("identity-unavailable", "the keys of the issuer could not be fetched");
    }
  };

  async #open(): Promise<JWTVerifyGetKey> {
    const { timeoutMs, cooldownMs, maxAgeMs } = this.#limits;
    try {
      const url = new URL(this.#config.jwksUri ?? (await this.#discover()));
      return createRemoteJWKSet(url, {
        timeoutDuration: timeoutMs,
        cooldownDuration: cooldownMs,
        cacheMaxAge: maxAgeMs,
        [customFetch]: (...asked) => this.#fetch(...asked),
      });
    } catch (thrown) {
      this.#remote = undefined;
      throw thrown;
    }
  }

  /** Where the issuer says that its keys are. A document of another issuer does not count. */
  async #discover(): Promise<string> {
    const { issuer } = this.#config;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const answer = await this.#fetch(url, {
      redirect: "error",
      signal: AbortSignal.timeout(this.#limits.timeoutMs),
    });
    const { issuer: named, jwks_uri: keys } = Discovered.parse(await answer.json());
    if (named !== issuer) throw new Error(`the discovery document is one of ${named}`);
    if (!isTrustworthyUrl(keys)) throw new Error(`the keys are not behind https: ${keys}`);
    return keys;
  }

  async #fetch(...asked: Parameters<typeof fetch>): Promise<Response> {
    if (Math.abs(this.#clock.now() - this.#failedAtMs) < this.#limits.pauseMs) throw new Paused();
    return fetch(...asked);
  }
}

/** The issuer failed a moment ago and is not asked again yet. */
class Paused extends Error {}

const Discovered = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** HTTPS, or an issuer on this machine. */
export function isTrustworthyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}
