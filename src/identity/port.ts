import type { Caller } from "../domain/access/caller.js";

/** The headers of a request; names in any case. */
export interface RequestHeaders {
  get(name: string): string | null;
}

/** Says who is behind a request. */
export interface Identity {
  /** Refuses `identity-not-configured` while the installation may not answer anybody, whatever the request proves. */
  requireConfigured(): void;
  /**
   * Refuses `identity-not-configured`; `unauthenticated`; `cross-site-request` for a page of another site; and
   * `identity-unavailable` while the credential cannot be checked.
   */
  identify(headers: RequestHeaders): Promise<Caller>;
}
