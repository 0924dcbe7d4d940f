import { once } from "node:events";
import { createClient } from "../src/api/client.js";
import { readArguments, USAGE, UsageError } from "./arguments.js";
import { HostError, type HostProcess, startHostProcess } from "./host-process.js";
import { reportOf } from "./report.js";
import { type Screen, StepView } from "./step-view.js";
import { loadSample, runVerb } from "./story.js";

/** How the demo ends, for scripts. */
const EXIT = { done: 0, notRecovered: 1, badUse: 2, hostFailed: 3 } as const;

const screen: Screen = {
  isTerminal: process.stdout.isTTY === true,
  rows: process.stdout.rows ?? 24,
  write: (text) => void process.stdout.write(text),
};
const say = (text: string): void => screen.write(`${text}\n`);

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  if (asked.help) {
    screen.write(USAGE);
    return EXIT.done;
  }
  say("Starting a host of its own, with Azurite for storage …");
  const host = await startHostProcess(asked.speed);
  const stopEarly = (): void => void host.stop().then(() => process.exit(130));
  process.once("SIGINT", stopEarly);
  process.once("SIGTERM", stopEarly);
  try {
    const recovered = await tell(host, asked.speed, asked.worldFile, asked.planFile);
    if (asked.stay) await stay(host);
    return recovered ? EXIT.done : EXIT.notRecovered;
  } finally {
    await host.stop();
  }
}

async function tell(host: HostProcess, speed: number, worldFile?: string, planFile?: string): Promise<boolean> {
  const client = createClient(host.url);
  const planId = await loadSample(client, worldFile, planFile);
  say(`Planned failover of plan ${planId}, at ${speed} times real speed:\n`);
  const failover = await runVerb(client, planId, "planned-failover", new StepView(screen));
  if (failover.status !== "succeeded" && failover.status !== "succeeded-with-failures") {
    say(`\nFailover ${failover.status}: ${failover.failure?.message ?? "no reason was given"}`);
    return false;
  }
  say("\nAccepted. Committing:\n");
  const commit = await runVerb(client, planId, "commit", new StepView(screen));
  say(reportOf(failover, commit, speed));
  say(`\nThis execution over HTTP:  ${host.url}/api/executions/${failover.executionId} (while the host runs: --stay)`);
  say("The API:                   /api/openapi.json");
  say("How it works:              README.md, ARCHITECTURE.md");
  return commit.status === "succeeded";
}

/** Keeps the host until somebody stops the demo. */
async function stay(host: HostProcess): Promise<void> {
  say(`\nThe host stays at ${host.url}. Ctrl+C ends it and removes its data.`);
  process.removeAllListeners("SIGINT");
  process.removeAllListeners("SIGTERM");
  const kept = setInterval(() => undefined, 60_000);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  clearInterval(kept);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    const expected = error instanceof UsageError || error instanceof HostError;
    process.stderr.write(`${expected ? error.message : (error.stack ?? error.message)}\n`);
    process.exitCode = error instanceof UsageError ? EXIT.badUse : EXIT.hostFailed;
  },
);
