import type { Caller } from "../domain/access/caller.js";

/** The headers of a request; names in any case. */
export interface RequestHeaders {
  get(name: string): string | null;
}

/** Says who is behind a request. */
export interface Identity {
  /** Refuses `unauthenticated`, and `identity-not-configured` while the installation may not answer anybody. */
  identify(headers: RequestHeaders): Promise<Caller>;
}
