/**
 * Runs a command of package.json. Each must work as the first one on a fresh clone, so this installs and builds when
 * needed.
 */
import { ensureInstalled } from "./ensure-install.mjs";
import { firstTokenSettings, hostArguments } from "./first-token.mjs";
import { ROOT, runNode } from "./program.mjs";

const COMMANDS = {
  demo: (args) => afterBuild(() => runNode(["dist/demo/main.js", ...args])),
  start: (args) => afterBuild(() => start(args)),
  test: (args) => afterBuild(async () => (await import("./test.mjs")).test(args)),
  check: async () => (await import("./check.mjs")).check(),
  reference: (args) => afterBuild(() => runNode(["scripts/reference.mjs", ...args])),
  histories: () => runNode(["scripts/record-histories.mjs"]),
  // No input may reach a prototype.
  fuzz: (args) => afterBuild(() => runNode(["--disable-proto=throw", "dist/verification/fuzz/main.js", ...args])),
  timing: (args) => afterBuild(() => runNode(["dist/verification/fuzz/timing.js", ...args])),
  simulate: async (args) => (await import("./simulate.mjs")).simulate(args),
  mutate: (args) => afterBuild(() => runNode(["dist/verification/mutation/main.js", ...args])),
  bench: (args) => afterBuild(() => runNode(["bench/main.mjs", ...args])),
  chaos: (args) => afterBuild(() => runNode(["dist/verification/chaos/main.js", ...args])),
};

function start(args) {
  const added = firstTokenSettings(args, process.env, console.log);
  return runNode(["dist/host/main.js", ...hostArguments(args, process.env)], { env: { ...process.env, ...added } });
}

async function afterBuild(then) {
  const { build } = await import("./build.mjs");
  const code = await build();
  return code === 0 ? then() : code;
}

async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(`Unknown command "${name ?? ""}". Use one of: ${Object.keys(COMMANDS).join(", ")}.`);
    return 2;
  }
  ensureInstalled(ROOT);
  return command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
