/** Hashes text to a whole number that is the same on every machine (FNV-1a, 32 bits). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV depend strongly on the last characters, so they are mixed with the others.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** A number between `low` and `high` that depends only on a seed and a purpose. */
export const seededBetween = (seed: number, purpose: string, low: number, high: number): number =>
  low + ((high - low) * seedOf(`${seed}/${purpose}`)) / 0xffff_ffff;
