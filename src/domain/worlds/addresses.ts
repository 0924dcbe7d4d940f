/** Azure reserves the first four addresses and the last address of every subnet. */
const RESERVED_FIRST = 4;
const RESERVED_LAST = 1;

export const addressNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export const addressText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

interface Bounds {
  /** The first and the last address, as numbers. */
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

/** The addresses of a range that machines can use. */
function usableOf(range: string): Bounds {
  const { first, last } = boundsOf(range);
  return { first: first + RESERVED_FIRST, last: last - RESERVED_LAST };
}

/** Whether the service reserves an address of a range. */
export const isReserved = (address: string, range: string): boolean =>
  isInRange(address, range) && !within(addressNumber(address), usableOf(range));

/** A free address, and whether it is the preferred one. */
export interface FoundAddress {
  address: string;
  how: "same" | "next-free";
}

/**
 * The address of a machine in a subnet: the preferred one if it is free there, otherwise the next free address, which
 * wraps around at the end of the subnet (B.6). Null if the subnet is full.
 *
 * @param preferred the address that the machine had; null if it had none
 */
export function findAddress(range: string, preferred: string | null, taken: ReadonlySet<string>): FoundAddress | null {
  const usable = usableOf(range);
  const count = usable.last - usable.first + 1;
  const asked = preferred === null ? null : addressNumber(preferred);
  const from = asked !== null && within(asked, usable) ? asked - usable.first : 0;
  // Among one more address than are taken, one is free.
  for (let step = 0; step < Math.min(count, taken.size + 1); step += 1) {
    const address = addressText(usable.first + ((from + step) % count));
    if (!taken.has(address)) return { address, how: address === preferred ? "same" : "next-free" };
  }
  return null;
}
