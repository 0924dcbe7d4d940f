/**
 * Changes the orchestrators and item workflows in every small way that the operators know, and runs their tests on each
 * change. A change that no test notices is a gap in the tests.
 *
 * Usage: npm run mutate -- [--only FILE] [--workers N] [--json FILE]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../support/host-process.js";
import { type Judged, judgeAll } from "./judge.js";
import { type Equivalent, evaluate, linesOf } from "./score.js";
import { allMutants } from "./sources.js";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { only: text, workers: { ...text, default: "2" }, json: text } });

/** Read from the source folder, because the build contains only code. */
const EQUIVALENT = join(ROOT, "verification/mutation/equivalent.json");

async function main(): Promise<number> {
  const beganMs = performance.now();
  const mutants = allMutants(values.only);
  if (mutants.length === 0) throw new Error(`There is nothing to mutate in "${values.only}".`);
  console.log(`${mutants.length} mutants`);
  const judged: Judged[] = [];
  await judgeAll(mutants, Number(values.workers), (one) => {
    judged.push(one);
    console.log(`${judged.length}/${mutants.length} ${one.verdict}: ${one.id}${one.by === null ? "" : ` (${one.by})`}`);
  });
  const order = new Map(mutants.map(({ id }, at) => [id, at]));
  judged.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  const known = (JSON.parse(readFileSync(EQUIVALENT, "utf8")) as Equivalent[]).filter(
    ({ mutant }) => values.only === undefined || mutant.split(" ", 1)[0]?.includes(values.only),
  );
  const score = evaluate(judged, known);
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ ...score, seconds }, null, 2)}\n`);
  for (const line of linesOf(score)) console.log(line);
  return score.passes ? 0 : 1;
}

// Runs the handlers that stop the test processes and remove the copies.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main();
