import { addTo, COMPARED, type Coverage, missedGoals } from "./coverage.js";
import type { SeedResult } from "./run-seed.js";

/** A campaign of at least this many seeds has to reach every coverage goal. */
export const FULL_CAMPAIGN = 5_000;

/** At least this share of the seeds has to reach the comparison with the undisturbed run. */
const MIN_COMPARED_SHARE = 0.1;
/** The share of fewer seeds says little. */
const MIN_SEEDS_FOR_SHARE = 200;

/** The results of a campaign so far. */
export class Campaign {
  readonly coverage: Coverage = new Map();
  readonly failures: SeedResult[] = [];
  /** Seeds whose run threw an error. */
  readonly broken: { seed: number; error: string }[] = [];
  seeds = 0;
  recoveries = 0;
  /** Processor time of the whole campaign, on all cores. */
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

  /** Coverage goals that were not reached, if the campaign is large enough to reach all. */
  get missed(): string[] {
    return this.seeds >= FULL_CAMPAIGN ? missedGoals(this.coverage) : [];
  }

  /** The share of seeds that were compared with the undisturbed run. */
  get comparedShare(): number {
    return (this.coverage.get(COMPARED) ?? 0) / Math.max(this.seeds, 1);
  }

  get comparesTooFew(): boolean {
    return this.seeds >= MIN_SEEDS_FOR_SHARE && this.comparedShare < MIN_COMPARED_SHARE;
  }

  get failed(): number {
    return this.failures.length + this.broken.length;
  }

  get perCoreSecond(): { seeds: number; recoveries: number } {
    const seconds = Math.max(this.cpuMs / 1_000, 0.001);
    return { seeds: this.seeds / seconds, recoveries: this.recoveries / seconds };
  }
}
