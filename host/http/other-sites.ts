import type { IncomingMessage } from "node:http";
import type { CorsSettings } from "../settings/local-settings.js";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * Whether a page of another site sent a request through the browser of the user: across sites, or under a foreign name
 * that leads to this machine (DNS rebinding). Only a host on loopback can tell, because it has no other names. Without
 * keys such a page could run every function.
 */
export function comesFromAnotherSite({ headers }: IncomingMessage, cors: CorsSettings | undefined): boolean {
  const host = headers.host?.toLowerCase() ?? "";
  if (!LOOPBACK.test(host)) return true;
  const origin = headers.origin?.toLowerCase();
  if (origin !== undefined)
    return origin !== `http://${host}` && !cors?.origins.some((one) => [origin, "*"].includes(one));
  const site = headers["sec-fetch-site"];
  const isLink = headers["sec-fetch-mode"] === "navigate";
  return (site === "cross-site" || site === "same-site") && !isLink;
}
