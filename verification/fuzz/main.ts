import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Failure, fuzz, repeat, type TargetReport } from "./campaign.js";
import { feedRegressions } from "./regressions.js";
import type { Target } from "./target.js";
import { allTargets } from "./targets/all.js";

const USAGE = `Usage: npm run fuzz -- [options]

  --inputs N     number of inputs, divided among the targets (default: 1,000,000)
  --seed S       a whole number; the same seed feeds the same inputs (default: 1)
  --target NAME  only this target, with all inputs
  --path P       with --target and --seed: only the input that a failure names
  --json FILE    write the report as JSON
`;

interface Flags {
  inputs: number;
  seed: number;
  target: string | undefined;
  path: string | undefined;
  json: string | undefined;
}

/** Read from the source folder, because the build contains only code. */
const REGRESSIONS = fileURLToPath(new URL("../../../verification/fuzz/regressions.json", import.meta.url));
const MILLION = 1_000_000;
const MAX_SHOWN_CHARACTERS = 2_000;

async function main(): Promise<number> {
  const flags = readFlags();
  const all = await allTargets();
  const targets = chosen(all, flags.target);
  if (flags.path !== undefined) return repeated(targets, flags.seed, flags.path);
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const reports: TargetReport[] = [];
  const known = await feedRegressions(all, REGRESSIONS);
  for (const failure of known.failures) console.log(textOf(failure));
  for (const target of targets) {
    const report = await fuzz(target, Math.ceil((flags.inputs * target.share) / shares), flags.seed);
    await target.close?.();
    console.log(lineOf(report));
    for (const failure of report.failures) console.log(textOf(failure));
    reports.push(report);
  }
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ ...flags, targets: reports }, null, 2)}\n`);
  const failed = reports.reduce((sum, { failures }) => sum + failures.length, known.failures.length);
  const inputs = reports.reduce((sum, report) => sum + report.inputs, known.fed - known.failures.length);
  console.log(`${inputs} passed, ${failed} failed`);
  return failed === 0 && inputs > 0 ? 0 : 1;
}

function readFlags(): Flags {
  const options = { inputs: text, seed: text, target: text, path: text, json: text } as const;
  const { values } = parseArgs({ options });
  return {
    inputs: wholeNumber("inputs", values.inputs, MILLION),
    seed: wholeNumber("seed", values.seed, 1),
    target: values.target,
    path: values.path,
    json: values.json,
  };
}

const text = { type: "string" } as const;

function wholeNumber(name: string, given: string | undefined, otherwise: number): number {
  const value = Number(given ?? otherwise);
  if (Number.isSafeInteger(value) && given !== "") return value;
  throw new Error(`--${name} must be a whole number, not "${given}".\n\n${USAGE}`);
}

function chosen(targets: readonly Target[], name: string | undefined): readonly Target[] {
  if (name === undefined) return targets;
  const found = targets.filter((target) => target.name === name);
  if (found.length > 0) return found;
  throw new Error(`There is no target "${name}". Use one of: ${targets.map((target) => target.name).join(", ")}.`);
}

async function repeated([target]: readonly Target[], seed: number, path: string): Promise<number> {
  const failure = target && (await repeat(target, seed, path));
  await target?.close?.();
  if (failure !== undefined) console.log(textOf(failure));
  console.log(failure === undefined ? "1 passed, 0 failed" : "0 passed, 1 failed");
  return failure === undefined ? 0 : 1;
}

function lineOf({ target, inputs, accepted, seconds, slowestMs, slow, maxBytes }: TargetReport): string {
  const rate = Math.round(inputs / seconds);
  const taken = inputs === 0 ? 0 : Math.round((100 * accepted) / inputs);
  return [
    target.padEnd(20),
    `${inputs} inputs`.padStart(15),
    `${rate}/s`.padStart(10),
    `${taken} % accepted`.padStart(15),
    `slowest ${Math.round(slowestMs)} ms`.padStart(16),
    `${slow} slow`.padStart(8),
    `most ${Math.round(maxBytes / 1_048_576)} MiB`.padStart(12),
  ].join("  ");
}

function textOf({ target, why, seed, path, input }: Failure): string {
  const shown = JSON.stringify(input);
  const short =
    shown.length > MAX_SHOWN_CHARACTERS
      ? `${shown.slice(0, MAX_SHOWN_CHARACTERS)}… (${shown.length} characters)`
      : shown;
  const repeat = path === "" ? "" : `\n  repeat: npm run fuzz -- --target ${target} --seed ${seed} --path ${path}`;
  return `FAILED ${target}: ${why}\n  input:  ${short}${repeat}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 2;
}
