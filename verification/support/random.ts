/**
 * The random numbers of all three programs.
 *
 * R1. The same seed gives the same numbers on every machine: regressions.json of the simulation depends on it
 *     (shown by `simulation.test.ts`, "the same seed gives the same run byte for byte").
 */
const UINT32 = 0x1_0000_0000;

/** A stream of whole numbers from 0 to 2³²-1 that one seed determines (mulberry32). */
export function uint32Stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Choices that one seed determines. */
export class SeededRandom {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = uint32Stream(seed);
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor((this.#next() / UINT32) * (to - from + 1));
  }

  chance(percent: number): boolean {
    return (this.#next() / UINT32) * 100 < percent;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }
}
