import { ExecutionOptions } from "../../../src/domain/execution.js";
import { Scenario, Verb } from "../../../src/domain/vocabulary.js";
import { estateOf } from "../../support/estates.js";
import type { Town } from "../client/town.js";
import type { Boundary } from "../evidence.js";
import type { Gate } from "../machine/gate.js";
import { sleep } from "../machine/life.js";
import { Random } from "../random.js";
import type { Mishap } from "../scene/faults.js";
import type { Script } from "./script.js";

/** What has to be done before a verb is allowed. */
const BEFORE: Readonly<Partial<Record<string, readonly Verb[]>>> = {
  "test-clean-up": ["test-failover"],
  "promote-test": ["test-failover"],
  "change-recovery-point": ["unplanned-failover"],
  cancel: ["planned-failover"],
  commit: ["planned-failover"],
  reprotect: ["planned-failover", "commit"],
  failback: ["planned-failover", "commit", "reprotect"],
  "planned-failback": ["planned-failover", "commit", "reprotect"],
  "enable-replication": ["disable-replication"],
};

/** One verb on the plan of one scenario. */
export interface Journey {
  scenario: Scenario;
  verb: Verb;
}

export const JOURNEYS: readonly Journey[] = Scenario.options.flatMap((scenario) =>
  Verb.options.map((verb) => ({ scenario, verb })),
);

/** How often each boundary was passed when the verb was asked for, and when it had ended. */
export interface Passed {
  from: ReadonlyMap<Boundary, number>;
  to: ReadonlyMap<Boundary, number>;
}

const LOOK_MS = 10_000;

async function doVerb({ client, clock, journal }: Town, { scenario, verb }: Journey, planId: string): Promise<void> {
  // Servers come home as virtual machines, which are put somewhere.
  const home = scenario === "physical-to-azure" ? { datastoreId: "ssd" } : {};
  const options = ExecutionOptions.parse({ acknowledgeNoTest: true, reprotect: { waitForAgent: true, ...home } });
  const target = { kind: "plan", planId } as const;
  const start = { kind: "start", idempotencyKey: `journey/${verb}`, verb, target, options } as const;
  const { executionId, outcome, answer } = await client.insist(start, new Random(verb));
  if (executionId === null) throw new Error(`${verb} was not begun: ${outcome} ${JSON.stringify(answer)}`);
  while (journal.running.has(executionId)) await sleep(clock, LOOK_MS);
}

/** The journey as a script; `note` hears which boundaries the verb passed. */
export function scriptOf(
  { scenario, verb }: Journey,
  mishaps: readonly Mishap[],
  note: (passed: Passed) => void = () => undefined,
): Script {
  const { world, plan } = estateOf(scenario);
  return {
    world,
    plan: { ...plan, validation: { required: false } },
    mishaps,
    act: async (town: Town, gate: Gate) => {
      for (const earlier of BEFORE[verb] ?? []) await doVerb(town, { scenario, verb: earlier }, plan.id);
      const from = new Map(gate.passed);
      await doVerb(town, { scenario, verb }, plan.id);
      note({ from, to: new Map(gate.passed) });
    },
  };
}
