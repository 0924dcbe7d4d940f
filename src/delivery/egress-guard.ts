/**
 * Where outgoing requests may go.
 *
 * - E1 No URL of a plan, and no answer of a name server, leads a request to this machine, to a private network or to the
 *   metadata of a cloud, unless ALLOW_PRIVATE_WEBHOOKS says so. (test/activities/egress-corpus.test.ts)
 * - E2 A name is resolved once. The address that was checked is the one that is connected to. (the same)
 * - E3 A redirect is an answer like any other. Nobody goes there. (test/activities/egress-redirects.test.ts)
 * - E4 Only ports where HTTP is usual are called. (test/activities/egress-corpus.test.ts)
 * - E5 A request that carries a secret of a service goes to the hosts of that service only. (the same)
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** An address that a webhook may be sent to, found and checked before connecting. */
export interface CheckedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Why a URL is not called: it is `refused` for good, or its host is `unknown` for now. */
export type EgressProblem = { readonly refused: string } | { readonly unknown: string };

const FORBIDDEN_IPV4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

/** Public addresses are those of 2000::/3, less what in it is set aside or leads back to IPv4. */
const FORBIDDEN_IPV6 = [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

/** One list for each family: a list of both takes IPv4 addresses for the IPv6 ones that map them. */
const forbidden4 = new BlockList();
const forbidden6 = new BlockList();
for (const [network, prefix] of FORBIDDEN_IPV4) forbidden4.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of FORBIDDEN_IPV6) forbidden6.addSubnet(network, prefix, "ipv6");

/** True for loopback, private, link-local, metadata and every other address that is not on the public internet. */
export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return forbidden4.check(address, "ipv4");
  return family !== 6 || forbidden6.check(address, "ipv6");
}

/** Every address of a host. */
export type Resolve = (host: string) => Promise<readonly { address: string }[]>;

const byNameServer: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Ports above 1023 where another protocol listens that takes lines of text for commands. Browsers refuse the same.
 * Below 1024 only the two of the web are allowed.
 */
const FORBIDDEN_PORTS: ReadonlySet<number> = new Set([
  ...[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
  ],
  ...[6379, 9100, 11211],
]);

/** An empty port is that of the protocol. */
const isForbiddenPort = (port: string): boolean =>
  port !== "" && ((Number(port) < 1_024 && port !== "80" && port !== "443") || FORBIDDEN_PORTS.has(Number(port)));

/**
 * Finds the address to connect to for a URL, and refuses the URL when any address its host resolves to is forbidden:
 * a name that points at both kinds is a trick. The caller must connect to the answer and not resolve again.
 */
export async function checkEgress(
  url: URL,
  allowPrivate: boolean,
  resolve: Resolve = byNameServer,
): Promise<CheckedAddress | EgressProblem> {
  const problem = formProblem(url);
  if (problem !== null) return { refused: problem };
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await resolveAll(host, resolve);
  const first = addresses[0];
  if (!first) return { unknown: `the webhook's host ${host} has no address` };
  const bad = allowPrivate ? undefined : addresses.find(({ address }) => isForbiddenAddress(address));
  if (!bad) return first;
  return {
    refused: `the webhook's host ${host} leads to ${bad.address}, which is not on the public internet; ALLOW_PRIVATE_WEBHOOKS=true allows it`,
  };
}

/** What is wrong with a URL wherever its host is. */
function formProblem({ protocol, username, password, port }: URL): string | null {
  if (protocol !== "https:" && protocol !== "http:") {
    return `the webhook's URL begins with ${protocol}, which is neither http nor https`;
  }
  if (username !== "" || password !== "") return "the webhook's URL carries a user name or password";
  return isForbiddenPort(port) ? `the webhook's URL has the port ${port}, which is not one of the web` : null;
}

async function resolveAll(host: string, resolve: Resolve): Promise<CheckedAddress[]> {
  try {
    const found = await resolve(host);
    return found.map(({ address }) => ({ address, family: isIP(address) === 6 ? 6 : 4 }));
  } catch {
    return [];
  }
}
