import { isIP } from "node:net";
import { ConfigurationError } from "./settings/configuration-error.js";

/** Where a host can be reached, as an app and its callers are told. */
export interface HostAddress {
  /** Without a slash at the end. */
  url: string;
  /** Host and port: what the setting `WEBSITE_HOSTNAME` holds. */
  hostname: string;
}

/** An address of every interface is no address to call: callers on this machine use loopback. */
export function addressOf(address: string, port: number): HostAddress {
  const name = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  const hostname = `${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
  return { url: `http://${hostname}`, hostname };
}

/**
 * Without keys, anybody who reaches the port can do anything: so only this machine may.
 *
 * @throws ConfigurationError for another address without keys, unless that is allowed on purpose
 */
export function checkAddress(address: string, enableAuth: boolean, allowUnsafe: boolean): void {
  if (enableAuth || allowUnsafe || /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(address)) return;
  throw new ConfigurationError(
    `Listening on ${address} would let other machines run every function without a key. Add --enable-auth, or --allow-unsafe-address if that is what you want.`,
  );
}
