/** IPv4 addresses of subnets: which are free, and which one a replica gets. */

/** Azure keeps the first four addresses and the last one of every subnet for itself. */
const KEPT_FIRST = 4;
const KEPT_LAST = 1;

export const addressNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export const addressText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

interface Bounds {
  /** First and last address of the range, as numbers. */
  first: number;
  last: number;
}

function boundsOf(range: string): Bounds {
  const slash = range.indexOf("/");
  const width = 2 ** (32 - Number(range.slice(slash + 1)));
  const first = Math.floor(addressNumber(range.slice(0, slash)) / width) * width;
  return { first, last: first + width - 1 };
}

const within = (number: number, { first, last }: Bounds): boolean => number >= first && number <= last;

/** Whether an IPv4 address lies in a range such as `10.0.0.0/24`. */
export const isInRange = (address: string, range: string): boolean => within(addressNumber(address), boundsOf(range));

/** The addresses of a range that machines may have. */
function usableOf(range: string): Bounds {
  const { first, last } = boundsOf(range);
  return { first: first + KEPT_FIRST, last: last - KEPT_LAST };
}

/** Whether the service keeps an address of a range for itself. */
export const isReserved = (address: string, range: string): boolean =>
  isInRange(address, range) && !within(addressNumber(address), usableOf(range));

/** The address found, and whether it is the one wanted. */
export interface FoundAddress {
  address: string;
  how: "same" | "next-free";
}

/**
 * The address that a machine gets in a subnet: the one wanted if it is free there, else the next free one after it,
 * from the beginning again behind the end (B.6). Null when the subnet is full.
 *
 * @param wanted the address the machine had; null when it had none
 */
export function findAddress(range: string, wanted: string | null, taken: ReadonlySet<string>): FoundAddress | null {
  const usable = usableOf(range);
  const count = usable.last - usable.first + 1;
  const asked = wanted === null ? null : addressNumber(wanted);
  const from = asked !== null && within(asked, usable) ? asked - usable.first : 0;
  // Of as many addresses as are taken and one more, one is free.
  for (let step = 0; step < Math.min(count, taken.size + 1); step += 1) {
    const address = addressText(usable.first + ((from + step) % count));
    if (!taken.has(address)) return { address, how: address === wanted ? "same" : "next-free" };
  }
  return null;
}
