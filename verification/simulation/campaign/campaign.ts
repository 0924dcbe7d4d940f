import { addTo, type Coverage, missedGoals } from "./coverage.js";
import type { SeedResult } from "./run-seed.js";

/** From this many seeds on a campaign has to reach every interesting state. */
export const FULL_CAMPAIGN = 5_000;

/** What a campaign came to so far. */
export class Campaign {
  readonly coverage: Coverage = new Map();
  readonly failures: SeedResult[] = [];
  /** Seeds that could not be run to their end at all. */
  readonly broken: { seed: number; error: string }[] = [];
  seeds = 0;
  recoveries = 0;
  /** Of all cores, of everything that it did. */
  cpuMs = 0;

  add(result: SeedResult): void {
    this.seeds += 1;
    this.recoveries += result.recoveries;
    addTo(this.coverage, result.reached);
    if (result.violations.length > 0) this.failures.push(result);
  }

  addBroken(seed: number, error: string): void {
    this.seeds += 1;
    this.broken.push({ seed, error });
  }

  /** Interesting states that were not reached, where the campaign is large enough to reach all. */
  get missed(): string[] {
    return this.seeds >= FULL_CAMPAIGN ? missedGoals(this.coverage) : [];
  }

  get failed(): number {
    return this.failures.length + this.broken.length;
  }

  get perCoreSecond(): { seeds: number; recoveries: number } {
    const seconds = Math.max(this.cpuMs / 1_000, 0.001);
    return { seeds: this.seeds / seconds, recoveries: this.recoveries / seconds };
  }
}
