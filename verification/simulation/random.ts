import { seedOf } from "../../src/hypervisor/emulator/seeded.js";
import { uint32Stream } from "../support/random.js";

/**
 * Choices derived from a name. Each part of a run forks its own generator, so leaving one part out does not change what
 * the others draw.
 */
export class Random {
  readonly #name: string;
  readonly #next: () => number;

  constructor(name: string) {
    this.#name = name;
    this.#next = uint32Stream(seedOf(name));
  }

  /** A generator of its own. The same name gives the same generator, however much was drawn before. */
  fork(name: string): Random {
    return new Random(`${this.#name}/${name}`);
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + (this.#next() % (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.#next() % 1_000_000 < probability * 1_000_000;
  }

  /** A whole number, distributed evenly in its logarithm: small and large ones are equally likely. */
  skewed(low: number, high: number): number {
    const share = (this.#next() % 1_000_001) / 1_000_000;
    return Math.round(Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low))));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#next() % from.length] as T;
  }

  /** One of the keys, with a probability proportional to its weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let left = ((this.#next() % 1_000_000) / 1_000_000) * total;
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.#next() % left.length, 1)[0] as T);
  }
}
