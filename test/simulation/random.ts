import { seededRandom } from "../../host/durable/engine/index.js";
import { seedOf } from "../../src/hypervisor/emulator/seeded.js";

/**
 * Choices drawn from a name. Each part of a run takes a generator of its own by `fork`, so that leaving one part out
 * changes nothing of what the others draw.
 */
export class Random {
  readonly #name: string;
  readonly #choose: (count: number) => number;

  constructor(name: string) {
    this.#name = name;
    this.#choose = seededRandom(seedOf(name));
  }

  /** A generator of its own; however often this one was asked, the same name gives the same one. */
  fork(name: string): Random {
    return new Random(`${this.#name}/${name}`);
  }

  /** A whole number from `low` up to and with `high`. */
  int(low: number, high: number): number {
    return low + this.#choose(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.#choose(1_000_000) < probability * 1_000_000;
  }

  /** A whole number of which small ones are as likely as large ones are: even in its logarithm. */
  skewed(low: number, high: number): number {
    const share = this.#choose(1_000_001) / 1_000_000;
    return Math.round(Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low))));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#choose(from.length)] as T;
  }

  /** One of the keys, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let left = (this.#choose(1_000_000) / 1_000_000) * total;
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.#choose(left.length), 1)[0] as T);
  }
}
