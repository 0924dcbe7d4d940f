import { writeFileSync } from "node:fs";
import type { Findings } from "./checks.js";

/** One thing that was looked at, and what was wrong with it. */
interface Result {
  scenario: string;
  name: string;
  findings: Findings;
}

/** Prints each result as it comes, and says at the end how many were well. */
export class Report {
  readonly #results: Result[] = [];
  readonly #figures: Record<string, number> = {};
  readonly #print: (text: string) => void;
  #scenario = "";

  constructor(print: (text: string) => void = (text) => console.log(text)) {
    this.#print = print;
  }

  /** All that was found so far. */
  get findings(): Findings {
    return this.#results.flatMap(({ name, findings }) => findings.map((finding) => `${name}: ${finding}`));
  }

  begin(scenario: string, what: string): void {
    this.#scenario = scenario;
    this.#print(`\n${scenario}: ${what}`);
  }

  say(text: string): void {
    this.#print(`  ${text}`);
  }

  /** Counts as passed when nothing was found. */
  check(name: string, findings: Findings): void {
    this.#results.push({ scenario: this.#scenario, name, findings });
    this.#print(`  ${findings.length === 0 ? "✔" : "✘"} ${name}`);
    for (const finding of findings.slice(0, 20)) this.#print(`      ${finding}`);
  }

  /** Keeps the median and the largest of some measurements. */
  measured(figure: string, values: readonly number[], unit: string): void {
    const sorted = values.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    const most = sorted.at(-1) ?? Number.NaN;
    this.#figures[`${figure}, median`] = median;
    this.#figures[`${figure}, most`] = most;
    this.say(`${figure}: median ${median.toFixed(2)} ${unit}, at most ${most.toFixed(2)} ${unit}`);
  }

  /** Prints the last line, and writes the same as data; gives back how many failed. */
  end(about: { seed: number; seconds: number }, file: string | undefined): number {
    const failed = this.#results.filter(({ findings }) => findings.length > 0);
    if (file !== undefined) {
      const data = { ...about, figures: this.#figures, results: this.#results };
      writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
    }
    if (failed.length > 0) this.#print(`\nRepeat with --seed ${about.seed}`);
    this.#print(`${this.#results.length - failed.length} passed, ${failed.length} failed`);
    return failed.length;
  }
}
