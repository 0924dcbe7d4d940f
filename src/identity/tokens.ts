/**
 * Callers by access token.
 *
 * - T1 Only the SHA-256 of a token is kept and compared, in constant time; a token of an unknown id costs the same.
 * - T2 A revocation counts in every process after 5 seconds at the latest, and an expiry at once.
 * - T3 No request writes, except the first use of the first administrator's token, which records it, so that it is
 *   listed and revoked like any other.
 * - T4 A row that cannot be read lets nobody in.
 *
 * Tests: test/unit/identity/tokens.test.ts.
 */
import { timingSafeEqual } from "node:crypto";
import { type AccessToken, isInForce, tokenIdIn } from "../domain/access/access-token.js";
import type { Caller } from "../domain/access/caller.js";
import type { Clock } from "../domain/clock.js";
import { hasCode, RecoveryError } from "../domain/errors.js";
import type { HashFunction } from "../domain/identity.js";
import { toInstant } from "../domain/text.js";
import type { Store } from "../store/port.js";

export interface TokenServices {
  readonly store: Pick<Store, "getToken" | "createToken">;
  readonly clock: Clock;
  readonly hash: HashFunction;
}

/** How long a process goes by what it read. */
const CACHE_MS = 5_000;
const MAX_CACHED = 1_000;
const NO_HASH = "0".repeat(64);
const FIRST_ADMINISTRATOR = "first administrator";

interface Known {
  token: AccessToken | null;
  readAtMs: number;
}

/** @param firstHash the hash of the first administrator's token, from the settings; null for none */
export class TokenCallers {
  readonly #services: TokenServices;
  readonly #firstHash: string | null;
  /** The token that was read longest ago comes first. */
  readonly #cache = new Map<string, Known>();

  constructor(services: TokenServices, firstHash: string | null) {
    this.#services = services;
    this.#firstHash = firstHash;
  }

  /** The caller of a token. Refuses `unauthenticated`, without a word on what is wrong with the token. */
  async callerOf(text: string): Promise<Caller> {
    const { clock, hash } = this.#services;
    const tokenId = tokenIdIn(text);
    const sent = hash(text);
    const known = tokenId === null ? null : await this.#find(tokenId);
    const isSame = sameHash(known?.hash ?? NO_HASH, sent);
    const token = tokenId !== null && known === null ? await this.#first(tokenId, sent) : isSame ? known : null;
    if (token === null || !isInForce(token, clock.now())) {
      throw new RecoveryError("unauthenticated", "the token is unknown, expired or revoked");
    }
    return { person: token.person, credential: "token", grants: token.grants, madeBy: token.createdBy };
  }

  async #find(tokenId: string): Promise<AccessToken | null> {
    const nowMs = this.#services.clock.now();
    const known = this.#cache.get(tokenId);
    if (known && nowMs >= known.readAtMs && nowMs - known.readAtMs < CACHE_MS) return known.token;
    const token = await this.#read(tokenId);
    this.#remember(tokenId, { token, readAtMs: nowMs });
    return token;
  }

  async #read(tokenId: string): Promise<AccessToken | null> {
    try {
      return (await this.#services.store.getToken(tokenId))?.value ?? null;
    } catch (thrown) {
      if (!hasCode(thrown, "row-unreadable")) throw thrown;
      throw new RecoveryError("unauthenticated", "the record of the token cannot be read");
    }
  }

  #remember(tokenId: string, known: Known): void {
    this.#cache.delete(tokenId);
    this.#cache.set(tokenId, known);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
  }

  /** The first administrator's token at its first use. Of two processes one records it, and both go by that record. */
  async #first(tokenId: string, sent: string): Promise<AccessToken | null> {
    if (this.#firstHash === null || !sameHash(this.#firstHash, sent)) return null;
    const { store, clock } = this.#services;
    await store.createToken({
      tokenId,
      person: FIRST_ADMINISTRATOR,
      grants: [{ role: "administrator" }],
      hash: sent,
      createdAt: toInstant(clock.now()),
      createdBy: "settings",
      expiresAt: null,
    });
    const recorded = await this.#read(tokenId);
    this.#remember(tokenId, { token: recorded, readAtMs: clock.now() });
    return recorded !== null && sameHash(recorded.hash, sent) ? recorded : null;
  }
}

const sameHash = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a, "hex"), Buffer.from(b, "hex"));
