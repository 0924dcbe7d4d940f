/**
 * The local mode: every caller is the local administrator, because nobody else can reach the installation.
 *
 * - L1 An app on Azure, or at any other address than loopback, answers nobody. A host that does not say where it listens
 *   is such an app.
 * - L2 A page of another site gets nothing through the browser of the user: neither under a foreign name that leads to
 *   this machine (DNS rebinding) nor with a request that it sends across sites.
 *
 * Tests: test/unit/identity/local.test.ts.
 */
import { LOCAL_ADMINISTRATOR } from "../domain/access/caller.js";
import { RecoveryError } from "../domain/errors.js";
import type { Identity, RequestHeaders } from "./port.js";

/** Where the app runs, as its host says. */
export interface Place {
  /** Host and port; null when the host does not say. */
  readonly hostname: string | null;
  readonly isOnAzure: boolean;
}

/** Every caller, without any check: for tests and programs that call without HTTP. */
export const localIdentity: Identity = {
  requireConfigured: () => undefined,
  identify: async () => LOCAL_ADMINISTRATOR,
};

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

export function createLocalIdentity(place: Place): Identity {
  const problem = whyNotLocal(place);
  const requireConfigured = (): void => {
    if (problem !== null) throw new RecoveryError("identity-not-configured", problem);
  };
  return {
    requireConfigured,
    async identify(headers) {
      requireConfigured();
      refuseOtherSites(headers);
      return LOCAL_ADMINISTRATOR;
    },
  };
}

/** Why the mode answers nobody here; null on loopback. */
export function whyNotLocal({ hostname, isOnAzure }: Place): string | null {
  if (isOnAzure) return "IDENTITY_MODE is local, and the app runs on Azure, where everybody would be administrator.";
  if (hostname !== null && LOOPBACK.test(hostname)) return null;
  const where = hostname === null ? "at an address that the host does not name" : `at ${hostname}`;
  return `IDENTITY_MODE is local, and the app listens ${where}, where everybody would be administrator.`;
}

function refuseOtherSites(headers: RequestHeaders): void {
  const host = headers.get("host") ?? "";
  if (!LOOPBACK.test(host))
    throw refused(`The request was sent to "${host.slice(0, 100)}", which is no name of loopback.`);
  const origin = headers.get("origin");
  if (origin !== null && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    throw refused(`A page of ${origin.slice(0, 100)} sent the request.`);
  }
  // A link on another site may lead here: a browser follows it with GET, which changes nothing.
  const isLink = origin === null && headers.get("sec-fetch-mode") === "navigate";
  const site = headers.get("sec-fetch-site");
  if ((site === "cross-site" || site === "same-site") && !isLink)
    throw refused("A page of another site sent the request.");
}

const refused = (message: string): RecoveryError => new RecoveryError("cross-site-request", message);
