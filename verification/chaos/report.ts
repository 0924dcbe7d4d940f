import { writeFileSync } from "node:fs";
import type { Findings } from "./checks.js";

/** One check and its findings. */
interface Result {
  scenario: string;
  name: string;
  findings: Findings;
}

/** Prints each result when it arrives, and the totals at the end. */
export class Report {
  readonly #results: Result[] = [];
  readonly #figures: Record<string, number> = {};
  readonly #print: (text: string) => void;
  #scenario = "";

  constructor(print: (text: string) => void = (text) => console.log(text)) {
    this.#print = print;
  }

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

  /** Passes when there are no findings. */
  check(name: string, findings: Findings): void {
    this.#results.push({ scenario: this.#scenario, name, findings });
    this.#print(`  ${findings.length === 0 ? "✔" : "✘"} ${name}`);
    for (const finding of findings.slice(0, 20)) this.#print(`      ${finding}`);
  }

  /** Keeps the median and the maximum of the measurements. */
  measured(figure: string, values: readonly number[], unit: string): void {
    const sorted = values.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    const most = sorted.at(-1) ?? Number.NaN;
    this.#figures[`${figure}, median`] = median;
    this.#figures[`${figure}, maximum`] = most;
    this.say(`${figure}: median ${median.toFixed(2)} ${unit}, maximum ${most.toFixed(2)} ${unit}`);
  }

  /** Prints the totals and writes the results as JSON. Returns the number of failed checks. */
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
