import { once } from "node:events";
import { createClient } from "../src/api/client.js";
import { readArguments, USAGE, UsageError } from "./arguments.js";
import { HostError, type HostProcess, startHostProcess } from "./host-process.js";
import { reportOf } from "./report.js";
import { type Screen, StepView } from "./step-view.js";
import { loadSample, readSample, runVerb, type Sample } from "./story.js";

/** How the demo ends, for scripts. */
const EXIT = { done: 0, notRecovered: 1, badUse: 2, hostFailed: 3, stopped: 130 } as const;
const STOPPING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const screen: Screen = {
  isTerminal: process.stdout.isTTY === true,
  rows: process.stdout.rows ?? 24,
  columns: process.stdout.columns ?? 80,
  write: (text) => void process.stdout.write(text),
};
const say = (text: string): void => screen.write(`${text}\n`);

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  if (asked.help) {
    screen.write(USAGE);
    return EXIT.done;
  }
  const sample = await readSample(asked.worldFile, asked.planFile);
  say("Starting a host of its own, with Azurite for storage …");
  const host = startHostProcess(asked.speed);
  const signal = firstSignal();
  try {
    const recovered = await Promise.race([tell(host, asked.speed, sample), signal]);
    if (recovered === undefined) return EXIT.stopped;
    if (asked.stay) {
      say(`\nThe host stays at ${await host.url}. Ctrl+C ends it and removes its data.`);
      await signal;
    }
    return recovered ? EXIT.done : EXIT.notRecovered;
  } finally {
    await host.stop();
  }
}

/** Resolves when somebody stops the demo. A second signal finds no listener and ends it at once. */
async function firstSignal(): Promise<undefined> {
  await Promise.race(STOPPING.map((signal) => once(process, signal)));
}

async function tell(host: HostProcess, speed: number, sample: Sample): Promise<boolean> {
  const url = await host.url;
  const client = createClient(url);
  await loadSample(client, sample);
  const planId = sample.plan.id;
  say(`Planned failover of plan ${planId}, at ${speed} times real speed:\n`);
  const failover = await runVerb(client, planId, "planned-failover", new StepView(screen));
  if (failover.status !== "succeeded" && failover.status !== "succeeded-with-failures") {
    say(`\nFailover ${failover.status}: ${failover.failure?.message ?? "no reason was given"}`);
    return false;
  }
  say("\nAccepted. Committing:\n");
  const commit = await runVerb(client, planId, "commit", new StepView(screen));
  say(reportOf(failover, commit, speed));
  say(`\nThis execution over HTTP:  ${url}/api/executions/${failover.executionId} (while the host runs: --stay)`);
  say("The API:                   /api/openapi.json");
  say("How it works:              README.md, ARCHITECTURE.md");
  return commit.status === "succeeded";
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
