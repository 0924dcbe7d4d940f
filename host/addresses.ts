import { isIP } from "node:net";
import { ConfigurationError } from "./settings/configuration-error.js";

/** The address of a host, as its app and its callers know it. */
export interface HostAddress {
  /** Without a trailing slash. */
  url: string;
  /** Host and port, as in the setting `WEBSITE_HOSTNAME`. */
  hostname: string;
}

/** Nobody can call the wildcard address, so callers on this machine use loopback instead. */
export function callableAddress(address: string, port: number): HostAddress {
  const name = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  const hostname = `${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
  return { url: `http://${hostname}`, hostname };
}

/**
 * Without keys, every caller can run every function. Therefore only this machine may reach the port.
 *
 * @throws ConfigurationError for another address without keys, unless the user allows it
 */
export function checkAddress(address: string, enableAuth: boolean, allowUnsafe: boolean): void {
  if (enableAuth || allowUnsafe || /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(address)) return;
  throw new ConfigurationError(
    `Listening on ${address} would let other machines run every function without a key. Add --enable-auth, or --allow-unsafe-address if you intend this.`,
  );
}
