import type { IncomingMessage, ServerResponse } from "node:http";
import type { CorsSettings } from "../settings/local-settings.js";

/**
 * Adds the CORS headers to the response when the origin is allowed.
 *
 * @returns true when the request was a preflight, which is answered then
 */
export function applyCors(cors: CorsSettings | undefined, req: IncomingMessage, res: ServerResponse): boolean {
  const { origin } = req.headers;
  if (!cors || origin === undefined) return false;
  const allowsAll = cors.origins.includes("*");
  if (!allowsAll && !cors.origins.includes(origin.toLowerCase())) return false;
  res.setHeader("Access-Control-Allow-Origin", allowsAll && !cors.credentials ? "*" : origin);
  res.setHeader("Vary", "Origin");
  if (cors.credentials) res.setHeader("Access-Control-Allow-Credentials", "true");
  const method = req.headers["access-control-request-method"];
  if (req.method !== "OPTIONS" || method === undefined) return false;
  res.setHeader("Access-Control-Allow-Methods", method);
  const headers = req.headers["access-control-request-headers"];
  if (headers !== undefined) res.setHeader("Access-Control-Allow-Headers", headers);
  res.writeHead(204).end();
  return true;
}
