/**
 * The identity that the settings choose. Outside of the local mode a caller proves who it is by an access token, by a
 * token of the issuer, or by the principal of the platform. An access token works in both modes: it is what is left when
 * the issuer is down together with the site.
 *
 * Tests: test/unit/identity/create-identity.test.ts.
 */

import { tokenIdIn } from "../domain/access/access-token.js";
import type { Caller } from "../domain/access/caller.js";
import { RecoveryError } from "../domain/errors.js";
import { createLocalIdentity, whyNotLocal } from "./local.js";
import { OpenIdConnectCallers } from "./open-id-connect.js";
import { platformCaller } from "./platform-principal.js";
import type { Identity, RequestHeaders } from "./port.js";
import type { IdentityConfig } from "./settings.js";
import { TokenCallers, type TokenServices } from "./tokens.js";

export function createIdentity(config: IdentityConfig, services: TokenServices): Identity {
  if (config.mode === "local") return createLocalIdentity(config.place);
  const tokens = new TokenCallers(services, config.firstTokenHash);
  const issuer = config.openIdConnect && new OpenIdConnectCallers(config.openIdConnect, services.clock);
  return {
    requireConfigured: () => undefined,
    async identify(headers): Promise<Caller> {
      const bearer = bearerIn(headers);
      if (bearer !== null && tokenIdIn(bearer) !== null) return tokens.callerOf(bearer);
      if (bearer !== null && issuer !== null) return issuer.callerOf(bearer);
      // Without an issuer of ours, a bearer is what the platform made the principal of.
      const caller = platformCaller(config.platform, headers);
      if (caller !== null) return caller;
      const what = bearer === null ? "no credential" : "a credential that is no access token";
      throw new RecoveryError("unauthenticated", `the request has ${what}`);
    },
  };
}

/** A second header comes with a comma, and fits no more than another scheme does. */
function bearerIn(headers: RequestHeaders): string | null {
  const header = headers.get("authorization");
  if (header === null) return null;
  return /^Bearer +([^\s,]+)$/i.exec(header)?.[1] ?? "";
}

/** Who every caller is, in a sentence for the log. */
export function describeIdentity(config: IdentityConfig): string {
  if (config.mode === "local") {
    const problem = whyNotLocal(config.place);
    return problem === null
      ? "Identity: local. Every caller on this machine is the local administrator."
      : `Identity: none. ${problem} Every request is answered with identity-not-configured.`;
  }
  const first = config.firstTokenHash === null ? "" : " The first administrator's token is that of the settings.";
  if (config.openIdConnect === null) return `Identity: tokens. Callers need an access token.${first}`;
  return `Identity: open-id-connect. Callers need a token of ${config.openIdConnect.issuer}, or an access token.${first}`;
}
