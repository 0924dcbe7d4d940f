/**
 * Breaks what surrounds the product while forty machines are recovered, then reads the storage itself to verify what
 * the product reports.
 *
 * Usage: npm run chaos -- [--kills N] [--seed S] [--only NAME] [--speed N] [--seconds N] [--json FILE]
 */
import { parseArgs } from "node:util";
import { Report } from "./report.js";
import { kills } from "./scenarios/kills.js";
import { overload } from "./scenarios/overload.js";
import { pauses, zombies } from "./scenarios/pauses.js";
import { ports } from "./scenarios/ports.js";
import { fullDisk, storageKills, storageRestarts } from "./scenarios/storage.js";
import { Stack } from "./stack.js";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    speed: { type: "string", default: "300" },
    seconds: { type: "string", default: "60" },
    json: { type: "string" },
  },
});

type Scenario = (stack: Stack, report: Report) => Promise<void>;

const SCENARIOS: Record<string, Scenario> = {
  kills: (stack, report) => kills(stack, report, Number(values.kills)),
  pauses,
  zombies,
  "storage-restarts": (stack, report) => storageRestarts(stack, report),
  "storage-kills": storageKills,
  "full-disk": fullDisk,
  ports,
  overload: (stack, report) => overload(stack, report, Number(values.seconds)),
};

async function main(): Promise<number> {
  const seed = Number(values.seed);
  const report = new Report();
  const beganMs = performance.now();
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (values.only !== undefined && values.only !== name) continue;
    const stack = await Stack.start({ seed, speed: Number(values.speed) });
    try {
      await scenario(stack, report);
    } finally {
      await stack.remove();
    }
  }
  return report.end({ seed, seconds: (performance.now() - beganMs) / 1_000 }, values.json);
}

process.exitCode = (await main()) === 0 ? 0 : 1;
