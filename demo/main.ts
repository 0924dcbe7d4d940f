import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "../src/api/client.js";
import { type Arguments, readArguments, USAGE, UsageError } from "./arguments.js";
import { HostError, type HostProcess, startHostProcess } from "./host-process.js";
import { playThereAndBack } from "./journey.js";
import { journeyReport } from "./journey-report.js";
import { type Estate, type Loaded, loadEstate, readEstate, runVerb } from "./operator.js";
import { reportOf } from "./report.js";
import { findSample, type Journey, sampleList } from "./samples.js";
import { type Screen, StepView } from "./step-view.js";

const SAMPLES = fileURLToPath(new URL("../../samples/", import.meta.url));
/** The default sample. */
const SHOP = "shop";

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
  if (asked.help || asked.list) {
    screen.write(asked.help ? `${USAGE}\nSamples:\n\n` : "");
    say(await sampleList(SAMPLES));
    return EXIT.done;
  }
  const played = await playedBy(asked);
  say("Starting a host of its own, with Azurite for storage …");
  const host = startHostProcess(asked.speed);
  const signal = firstSignal();
  try {
    const recovered = await Promise.race([play(host, asked, played), signal]);
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

/** What the demo plays: one way without a journey, there and back with one. */
interface Played {
  readonly estate: Estate;
  readonly journey?: Journey;
}

async function playedBy({ sample, worldFile, planFile }: Arguments): Promise<Played> {
  if (worldFile !== undefined && planFile !== undefined) return { estate: await readEstate(worldFile, planFile) };
  const found = await findSample(SAMPLES, sample ?? SHOP);
  const estate = await readEstate(found.worldFile, found.planFile);
  return sample === undefined ? { estate } : { estate, journey: found.journey };
}

/** Plays what was asked for, and says whether it ended well. */
async function play(host: HostProcess, asked: Arguments, { estate, journey }: Played): Promise<boolean> {
  const url = await host.url;
  const client = createClient(url);
  const loaded = await loadEstate(client, estate);
  const ended =
    journey === undefined
      ? await oneWay(client, loaded.planId, asked.speed)
      : await thereAndBack(client, loaded, journey, asked.speed);
  if (ended.executionId !== undefined) {
    say(`\nThis execution over HTTP:  ${url}/api/executions/${ended.executionId} (while the host runs: --stay)`);
  }
  say("The API:                   /api/openapi.json");
  say("How it works:              README.md, ARCHITECTURE.md");
  if (asked.sample === undefined) say(`\nThere and back with npm run demo -- NAME:\n\n${await sampleList(SAMPLES)}`);
  return ended.well;
}

interface Ended {
  readonly well: boolean;
  readonly executionId: string | undefined;
}

async function oneWay(client: Client, planId: string, speed: number): Promise<Ended> {
  say(`Planned failover of plan ${planId}, at ${speed} times real speed:\n`);
  const failover = await runVerb(client, planId, "planned-failover", new StepView(screen));
  const { executionId } = failover;
  if (failover.status !== "succeeded" && failover.status !== "succeeded-with-failures") {
    say(`\nFailover ${failover.status}: ${failover.failure?.message ?? "no reason was given"}`);
    return { well: false, executionId };
  }
  say("\nAccepted. Committing:\n");
  const commit = await runVerb(client, planId, "commit", new StepView(screen));
  say(reportOf(failover, commit, speed));
  return { well: commit.status === "succeeded", executionId };
}

async function thereAndBack(client: Client, loaded: Loaded, journey: Journey, speed: number): Promise<Ended> {
  say(`Plan ${loaded.planId}, there and back at ${speed} times real speed:`);
  const travelled = await playThereAndBack(client, loaded, journey, screen);
  say(journeyReport(travelled, speed));
  return { well: travelled.stopped === null, executionId: travelled.executions.at(-1)?.executionId };
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
