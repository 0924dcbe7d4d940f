/**
 * Measures the embedded host and the product, next to a peer, and prints the results. Asserts nothing.
 *
 * Usage: npm run bench -- [--json FILE] [--only NAME] [--quick]
 *   --json FILE  writes the same as data: [{ figure, unit, min, median, max, limit, shareOfLimit, target, peer }]
 *   --only NAME  only figures whose name contains NAME
 *   --quick      one repetition in place of five
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { calibrate } from "./calibrate.mjs";
import { FIGURES } from "./figures.mjs";
import { installPeer, PEER, repeatOnPeer } from "./peer.mjs";
import { calibrationLines, table } from "./report.mjs";
import { repeat } from "./run.mjs";
import { median, spread } from "./statistics.mjs";

const { values: options } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, quick: { type: "boolean", default: false } },
});
const repetitions = options.quick ? 1 : 5;
const chosen = FIGURES.filter(({ figure }) => figure.includes(options.only ?? ""));
if (chosen.length === 0) {
  console.error(
    `No figure is named "${options.only}". There are:\n${FIGURES.map(({ figure }) => `  ${figure}`).join("\n")}`,
  );
  process.exit(2);
}

const withPeer = chosen.some(({ peer }) => peer !== null) && installPeer();
console.log("Calibrating Azurite, loopback and disk …");
const calibration = await calibrate();
console.log(calibrationLines(calibration).join("\n"));

const runs = new Map();
const results = [];
for (const definition of chosen) {
  try {
    results.push(await measure(definition));
  } catch (error) {
    console.error(`${definition.figure} could not be measured: ${error.message}`);
    process.exitCode = 1;
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results.map(data), null, 2)}\n`);
}
console.log(`\nMedian of ${repetitions}; peer: ${withPeer ? PEER : "not run"}\n`);
console.log(table(results));

async function measure(definition) {
  const { figure, unit, shape, better, target } = definition;
  const key = definition.value ?? "value";
  console.log(`${figure} …`);
  const ours = await once(`ours ${JSON.stringify(shape)}`, () => repeat(shape, repetitions));
  const { min, median: middle, max } = spread(ours.map((one) => one[key]));
  const limit = definition.limit === null ? null : calibration.limits[definition.limit];
  const peer = await peerOf(definition, key);
  return {
    figure,
    unit,
    min,
    median: middle,
    max,
    limit,
    shareOfLimit: limit === null ? null : better === "more" ? middle / limit : limit / middle,
    target,
    met: better === "more" ? middle >= target : middle <= target,
    peer,
  };
}

async function peerOf({ peer }, key) {
  if (peer === null || !withPeer) return null;
  const theirs = await once(`peer ${peer}`, () => repeatOnPeer(peer, repetitions));
  return median(theirs.map((one) => one[key]));
}

/** Two percentiles of one shape come from the same run. */
function once(key, run) {
  if (!runs.has(key)) runs.set(key, run());
  return runs.get(key);
}

function data({ met, ...figure }) {
  return figure;
}
