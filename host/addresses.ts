import { isIP } from "node:net";
import { ConfigurationError } from "./settings/configuration-error.js";

/** The address of a host, as its app and its callers know it. */
export interface HostAddress {
  /** Without a trailing slash. */
  url: string;
  /**
   * Host and port, as in the setting `WEBSITE_HOSTNAME`. An app decides by it whether only this machine can call, so the
   * wildcard address stays what it is.
   */
  hostname: string;
}

/** Nobody can call the wildcard address, so callers on this machine use loopback instead. */
export function callableAddress(address: string, port: number): HostAddress {
  const callable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return { url: `http://${withPort(callable, port)}`, hostname: withPort(address, port) };
}

const withPort = (address: string, port: number): string => `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;

/** Whether only this machine can call an address. */
export const isLoopback = (address: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(address);

/**
 * Without keys, every caller can run every function. Therefore only this machine may reach the port.
 *
 * @throws ConfigurationError for another address without keys, unless the user allows it
 */
export function checkAddress(address: string, enableAuth: boolean, allowUnsafe: boolean): void {
  if (enableAuth || allowUnsafe || isLoopback(address)) return;
  throw new ConfigurationError(
    `Listening on ${address} would let other machines call the functions, the pages below /admin and the management API without a key. Add --enable-auth, or --allow-unsafe-address if you intend this.`,
  );
}
